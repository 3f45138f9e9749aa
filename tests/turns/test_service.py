"""Accepting, changing and ending turns."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.chats.models import Step
from app.core.errors import Conflict, Invalid, NotFound
from app.core.redis import TASKS_READY
from app.core.resources import Resources
from app.events.store import StoredEvent
from app.tasks.lease import TaskEnd, claim_tasks, end_tasks
from app.tasks.models import Task, TaskStatus
from app.turns import service as turns
from app.turns.editing import edit_message
from app.turns.service import Accepted, Incoming, Turns
from tests.factories import MakeUser


def message(user_id: UUID, text: str = "Hello", thread_id: UUID | None = None) -> Incoming:
    return Incoming(
        message_id=uuid4(),
        thread_id=thread_id or uuid4(),
        user_id=user_id,
        author="ada",
        text=text,
    )


async def counts(resources: Resources) -> tuple[int, int, int]:
    async with resources.db.transaction() as session:
        found = [
            await session.scalar(select(func.count()).select_from(t))
            for t in (Step, Task, StoredEvent)
        ]
    return found[0] or 0, found[1] or 0, found[2] or 0


async def end(resources: Resources, accepted: Accepted, status: TaskStatus) -> None:
    async with resources.db.transaction() as session:
        [task] = await claim_tasks(session, "w", ids=[accepted.task_id], mine=set())
    async with resources.db.transaction() as session:
        assert await end_tasks(session, [TaskEnd(task=task, status=status)])


@pytest.mark.asvs("2.3.3")
async def test_an_accepted_message_has_its_task_and_its_event(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    accepted = await Turns(resources).accept(message(ada.id))
    assert accepted.is_new
    before = await counts(resources)
    assert before[:2] == (1, 1)
    async with resources.db.transaction() as session:
        task = await session.get(Task, accepted.task_id)
        created = await session.scalar(
            select(StoredEvent.payload).where(StoredEvent.type == "task.created")
        )
    assert task is not None and task.status is TaskStatus.QUEUED
    assert created is not None and created["task_id"] == str(accepted.task_id)
    assert await resources.redis.llen(TASKS_READY) == 1  # type: ignore[misc]


async def test_the_same_message_sent_twice_is_one_task(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    door, same = Turns(resources), message(ada.id)
    answers = await asyncio.gather(*[door.accept(same) for _ in range(5)], door.accept(same))
    again = await door.accept(same)
    assert {a.task_id for a in answers} == {again.task_id}
    assert not again.is_new
    assert (await counts(resources))[:2] == (1, 1)


async def test_messages_of_one_moment_keep_their_order(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    thread, door = uuid4(), Turns(resources)
    await asyncio.gather(*[door.accept(message(ada.id, f"{n}", thread)) for n in range(20)])
    async with resources.db.transaction() as session:
        rows = await turns.load_thread(session, ada.id, thread)
    assert rows is not None
    assert [s.output for s in rows.steps] == [str(n) for n in range(20)]
    assert [t.message_id for t in rows.tasks] == [s.id for s in rows.steps]


async def test_a_message_into_anothers_thread_is_refused_and_others_of_its_batch_are_not(
    resources: Resources, make_user: MakeUser
) -> None:
    ada, eve = await make_user("ada"), await make_user("eve")
    door = Turns(resources)
    own = await door.accept(message(ada.id))
    foreign, fine = await asyncio.gather(
        door.accept(message(eve.id, thread_id=own.thread_id)),
        door.accept(message(eve.id)),
        return_exceptions=True,
    )
    assert isinstance(foreign, NotFound)
    assert isinstance(fine, Accepted)
    async with resources.db.transaction() as session:
        assert await turns.load_thread(session, eve.id, own.thread_id) is None


@pytest.mark.parametrize("text", ["", "  \n", "x" * 100_001, "a\x00b"])
async def test_what_cannot_be_a_message_changes_nothing(
    resources: Resources, make_user: MakeUser, text: str
) -> None:
    ada = await make_user("ada")
    before = await counts(resources)
    with pytest.raises(Invalid):
        await Turns(resources).accept(message(ada.id, text))
    assert await counts(resources) == before


async def test_a_waiting_message_can_be_withdrawn_a_begun_one_cannot(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    door, thread = Turns(resources), uuid4()
    first = await door.accept(message(ada.id, "one", thread))
    second = await door.accept(message(ada.id, "two", thread))
    async with resources.db.transaction() as session:
        claimed = await claim_tasks(session, "w", ids=[second.task_id, first.task_id], mine=set())
    assert [task.id for task in claimed] == [first.task_id]
    await turns.withdraw_task(resources, ada.id, second.task_id)
    with pytest.raises(Conflict):
        await turns.withdraw_task(resources, ada.id, first.task_id)
    async with resources.db.transaction() as session:
        rows = await turns.load_thread(session, ada.id, thread)
    assert rows is not None and [s.output for s in rows.steps] == ["one"]


async def test_a_failed_turn_runs_again_under_the_same_id(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    accepted = await Turns(resources).accept(message(ada.id))
    await end(resources, accepted, TaskStatus.FAILED)
    await turns.retry_task(resources, ada.id, accepted.task_id)
    async with resources.db.transaction() as session:
        task = await session.get(Task, accepted.task_id)
    assert task is not None and task.status is TaskStatus.QUEUED and task.error is None
    await end(resources, accepted, TaskStatus.COMPLETED)
    with pytest.raises(Conflict):
        await turns.retry_task(resources, ada.id, accepted.task_id)


async def test_an_edited_message_is_answered_anew_and_what_followed_is_gone(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    door, thread = Turns(resources), uuid4()
    first = await door.accept(message(ada.id, "one", thread))
    await end(resources, first, TaskStatus.COMPLETED)
    second = message(ada.id, "two", thread)
    await end(resources, await door.accept(second), TaskStatus.COMPLETED)
    await end(resources, await door.accept(message(ada.id, "three", thread)), TaskStatus.COMPLETED)
    edited = await edit_message(
        resources,
        Incoming(
            message_id=second.message_id,
            thread_id=thread,
            user_id=ada.id,
            author="ada",
            text="TWO",
        ),
    )
    async with resources.db.transaction() as session:
        rows = await turns.load_thread(session, ada.id, thread)
    assert rows is not None
    assert [s.output for s in rows.steps] == ["one", "TWO"]
    assert [t.id for t in rows.tasks] == [first.task_id, edited.task_id]


async def test_stopping_a_turn_that_has_not_begun_ends_it_at_once(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    accepted = await Turns(resources).accept(message(ada.id))
    task = await turns.stop_task(resources, ada.id, accepted.task_id)
    assert task.status is TaskStatus.CANCELLED
    async with resources.db.transaction() as session:
        assert await claim_tasks(session, "w", ids=[task.id], mine=set()) == []


@pytest.mark.parametrize("act", ["stop_task", "retry_task", "withdraw_task"])
async def test_anothers_task_is_not_found(
    resources: Resources, make_user: MakeUser, act: str
) -> None:
    ada, eve = await make_user("ada"), await make_user("eve")
    accepted = await Turns(resources).accept(message(ada.id))
    with pytest.raises(NotFound):
        await getattr(turns, act)(resources, eve.id, accepted.task_id)
    with pytest.raises(NotFound):
        await turns.delete_thread(resources, eve.id, accepted.thread_id)
