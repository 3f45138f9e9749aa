"""What is said in a chat becomes work: schedules, reminders and tasks that run and end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from app.chats.models import StepKind
from app.core.resources import Resources
from app.schedules.models import Schedule
from app.schedules.rules import RuleKind
from app.tasks.models import Task, TaskStatus
from app.turns.service import ThreadRows, Turns
from tests.factories import MakeUser
from tests.flows.test_message import rows_at_end, running_worker, say


@pytest.fixture
async def worker(resources: Resources) -> AsyncIterator[None]:
    async with running_worker(resources):
        yield


async def answer_to(
    resources: Resources, user_id: UUID, text: str, language: str = "en", times: int = 1
) -> str:
    """Say something from a page in Berlin, perhaps more than once, and wait for the answer."""
    incoming = replace(say(user_id, text, language), time_zone="Europe/Berlin")
    turns = Turns(resources)
    for _ in range(times):
        await turns.accept(incoming)
    rows = await rows_at_end(resources, incoming)
    [answer] = [s.output for s in rows.steps if s.kind is StepKind.ASSISTANT_MESSAGE]
    return answer


async def rows_of(resources: Resources, task: Task) -> ThreadRows:
    assert task.thread_id is not None
    return await rows_at_end(resources, replace(say(task.user_id, ""), thread_id=task.thread_id))


async def schedules(resources: Resources) -> list[Schedule]:
    async with resources.db.transaction() as session:
        return list(await session.scalars(select(Schedule).order_by(Schedule.created_at)))


async def background_tasks(resources: Resources) -> list[Task]:
    async with resources.db.transaction() as session:
        return list(await session.scalars(select(Task).where(Task.in_background)))


async def all_ended(resources: Resources) -> list[Task]:
    async with asyncio.timeout(20):
        while not (found := await background_tasks(resources)) or any(t.is_open for t in found):
            await asyncio.sleep(0.05)
    return found


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("text", "language", "task", "shown"),
    [
        (
            "Every weekday at 8 tell me the time in Tokyo",
            "en",
            "tell me the time in Tokyo",
            "Scheduled",
        ),
        (
            "Jeden Werktag um 8 sag mir die Uhrzeit in Tokio",
            "de",
            "sag mir die Uhrzeit in Tokio",
            "Eingeplant",
        ),
        (
            "/schedule every weekday at 8 tell me the time in Tokyo",
            "en",
            "tell me the time in Tokyo",
            "Scheduled",
        ),
    ],
)
async def test_a_schedule_is_made_by_talking(
    resources: Resources, make_user: MakeUser, text: str, language: str, task: str, shown: str
) -> None:
    ada = await make_user("ada")

    answer = await answer_to(resources, ada.id, text, language)

    [made] = await schedules(resources)
    assert (made.kind, made.rule, made.time_zone) == (
        RuleKind.CRON,
        "0 8 * * MON-FRI",
        "Europe/Berlin",
    )
    assert (made.user_id, made.text, made.language) == (ada.id, task, language)
    assert shown in answer and "08:00 (Europe/Berlin)" in answer


@pytest.mark.usefixtures("worker")
async def test_a_task_begun_by_the_assistant_runs_and_ends_in_a_conversation_of_its_own(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")

    answer = await answer_to(resources, ada.id, "Calculate 6*7 in the background")

    [task] = await all_ended(resources)
    assert task.name == "Calculate 6*7"
    assert task.status is TaskStatus.COMPLETED and task.parent_id is not None
    assert f"/thread/{task.thread_id}" in answer
    rows = await rows_of(resources, task)
    assert [s.output for s in rows.steps if s.kind is StepKind.ASSISTANT_MESSAGE] == [
        "6 × 7 is **42**."
    ]


@pytest.mark.usefixtures("worker")
async def test_a_command_that_was_sent_twice_makes_one_task(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")

    answer = await answer_to(resources, ada.id, "/task What is 6*7?", times=3)

    [task] = await all_ended(resources)
    assert task.status is TaskStatus.COMPLETED
    assert f"/thread/{task.thread_id}" in answer and "/work/tasks" in answer


@pytest.mark.usefixtures("worker")
async def test_a_command_is_carried_out_whatever_model_was_chosen(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    incoming = replace(say(ada.id, "/remind in 2 days of the cake"), model="a model that is gone")
    await Turns(resources).accept(incoming)
    rows = await rows_at_end(resources, incoming)

    assert [t.status for t in rows.tasks] == [TaskStatus.COMPLETED]
    [made] = await schedules(resources)
    assert (made.name, made.kind) == ("the cake", RuleKind.ONCE)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("text", "language", "word"),
    [
        ("/remind call mum", "en", "When"),
        ("/remind 2020-01-01T10:00 call mum", "en", "When"),
        ("/remind on 1 March 2020 at 9 call mum", "en", "passed"),
        ("/task", "en", "What"),
        ("/remind Mama anrufen", "de", "Wann"),
        ("/remind am 1.3.2020 um 9 Uhr Mama anrufen", "de", "vorbei"),
    ],
)
async def test_what_cannot_be_is_a_sentence_and_makes_nothing(
    resources: Resources, make_user: MakeUser, text: str, language: str, word: str
) -> None:
    ada = await make_user("ada")

    assert word in await answer_to(resources, ada.id, text, language)
    assert await schedules(resources) == []
    assert await background_tasks(resources) == []


@pytest.mark.usefixtures("worker")
async def test_a_reminder_comes_when_its_time_has_come(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    await answer_to(resources, ada.id, "/remind in 5 minutes to call mum")
    [made] = await schedules(resources)
    async with resources.db.transaction() as session:
        due = await session.get_one(Schedule, made.id)
        due.next_at = due.created_at

    [task] = await all_ended(resources)
    assert task.status is TaskStatus.COMPLETED
    rows = await rows_of(resources, task)
    assert "**Reminder:** call mum" in rows.steps[-1].output
