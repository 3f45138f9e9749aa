"""A task's row equals the fold of its events, whatever is done to it in whatever order."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, LeaseLost
from app.core.resources import Resources
from app.events.store import StoredEvent
from app.tasks import rest, service
from app.tasks.lease import TaskEnd, claim_tasks, end_tasks, hand_over
from app.tasks.models import Task, TaskPriority, TaskStatus
from app.tasks.service import NewTask, create_tasks
from tests.factories import MakeUser
from tests.tasks.fold import differing_tasks


async def new_task(resources: Resources, make_user: MakeUser) -> NewTask:
    user = await make_user(f"ada-{uuid4().hex[:12]}")
    new = NewTask(id=uuid4(), user_id=user.id, thread_id=None, message_id=None, max_retries=2)
    async with resources.db.transaction() as session:
        await create_tasks(session, [new])
    return new


async def end(session: AsyncSession, task: Task, status: TaskStatus) -> None:
    await end_tasks(session, [TaskEnd(task=task, status=status, usage={"n": 1})])


async def lapse(session: AsyncSession, task: Task) -> None:
    await session.execute(text("update tasks set lease_until = now() - interval '9 s'"))
    await claim_tasks(session, "other", ids=None, mine=set())


STEPS: dict[str, Callable[[AsyncSession, Task], Awaitable[object]]] = {
    "claim": lambda s, t: claim_tasks(s, "w", ids=[t.id], mine=set()),
    "complete": lambda s, t: end(s, t, TaskStatus.COMPLETED),
    "fail": lambda s, t: end(s, t, TaskStatus.FAILED),
    "hand over": lambda s, t: hand_over(s, [t]),
    "lapse": lapse,
    "stop": service.request_stop,
    "pause": service.request_pause,
    "rest": rest.suspend,
    "resume": service.resume_task,
    "background": service.move_to_background,
    "front": service.bring_to_front,
    "hurry": lambda s, t: service.change_priority(s, t, TaskPriority.URGENT),
    "retry": service.requeue_task,
    "progress": lambda s, t: rest.note_progress(s, t, progress=40, step="reading"),
    "later": lambda s, t: rest.retry_later(s, t, code="x", sentence="y", delay=timedelta(0)),
    "sweep": lambda s, t: rest.release_waiting(s),
}
"""What happens to tasks; what is not allowed just now raises, and changes nothing."""


async def take(resources: Resources, new: NewTask, step: str) -> None:
    async with resources.db.transaction() as session:
        await STEPS[step](session, await service.lock_task(session, new.user_id, new.id))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=12))
async def test_a_task_is_the_fold_of_its_events(
    resources: Resources, make_user: MakeUser, steps: list[str]
) -> None:
    new = await new_task(resources, make_user)
    for step in ["claim", *steps]:
        try:
            await take(resources, new, step)
        except (Conflict, LeaseLost):
            continue
    async with resources.db.transaction() as session:
        assert await differing_tasks(session) == []


async def test_a_change_that_no_code_of_ours_made_has_its_event_too(
    resources: Resources, make_user: MakeUser
) -> None:
    new = await new_task(resources, make_user)
    async with resources.db.transaction() as session:
        await session.execute(text("update tasks set name = 'By hand', priority = 'low'"))
    async with resources.db.transaction() as session:
        event = await session.scalar(select(StoredEvent).where(StoredEvent.type == "task.changed"))
        assert event is not None and event.subject_id == new.id and event.user_id == new.user_id
        assert event.payload["changes"] == {"name": None, "priority": "low"}
        assert await differing_tasks(session) == []


async def test_a_fold_that_lacks_an_event_is_noticed(
    resources: Resources, make_user: MakeUser
) -> None:
    new = await new_task(resources, make_user)
    async with resources.db.transaction() as session:
        await claim_tasks(session, "w", ids=[new.id], mine=set())
    async with resources.db.transaction() as session:
        await session.execute(delete(StoredEvent).where(StoredEvent.type == "task.started"))
        assert [task["id"] for task in await differing_tasks(session)] == [new.id]


async def test_a_renewed_lease_is_no_event(resources: Resources, make_user: MakeUser) -> None:
    await new_task(resources, make_user)
    async with resources.db.transaction() as session:
        await session.execute(text("update tasks set lease_until = now()"))
        types = list(await session.scalars(select(StoredEvent.type)))
    assert [type for type in types if type.startswith("task.")] == ["task.created"]


async def test_a_rolled_back_change_leaves_no_event(
    resources: Resources, make_user: MakeUser
) -> None:
    new = await new_task(resources, make_user)
    with pytest.raises(RuntimeError):
        async with resources.db.transaction() as session:
            task = await session.get(Task, new.id)
            assert task is not None
            task.name = "Never"
            await session.flush()
            raise RuntimeError
    async with resources.db.transaction() as session:
        types = list(await session.scalars(select(StoredEvent.type)))
    assert "task.changed" not in types
