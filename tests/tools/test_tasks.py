"""The tools for background tasks act for who called, and once for each call."""

from asyncio import gather
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.chats.models import Step
from app.core.clock import now
from app.core.resources import Resources
from app.tasks.models import Task, TaskPriority, TaskStatus
from tests.factories import MakeUser
from tests.tools.calling import Assistant, open_tools, running_task


async def background_tasks(resources: Resources) -> list[Task]:
    async with resources.db.transaction() as session:
        found = await session.scalars(
            select(Task).where(Task.in_background).order_by(Task.created_at)
        )
        return list(found)


async def set_status(resources: Resources, id: UUID, **values: object) -> None:
    async with resources.db.transaction() as session:
        task = await session.get_one(Task, id)
        for name, value in values.items():
            setattr(task, name, value)


async def test_a_started_task_is_the_callers_and_a_child_of_the_calling_task(
    resources: Resources, assistant: Assistant
) -> None:
    said = await assistant.call(
        "start_task", text="Compare three laptops", name="Laptops", priority="high"
    )

    [task] = await background_tasks(resources)
    assert (task.user_id, task.parent_id) == (assistant.task.user_id, assistant.task.id)
    assert (task.name, task.priority) == ("Laptops", TaskPriority.HIGH)
    assert task.status is TaskStatus.QUEUED
    assert task.parameters["time_zone"] == "Europe/Berlin"
    assert f"[Laptops](/thread/{task.thread_id})" in said and "/work/tasks" in said
    async with resources.db.transaction() as session:
        message = await session.get_one(Step, task.message_id)
    assert message.output == "Compare three laptops"


async def test_the_same_call_made_again_is_the_same_task(
    resources: Resources, assistant: Assistant
) -> None:
    texts = await gather(
        *(assistant.call("start_task", id="call-1", text="Once", name="Once") for _ in range(5))
    )
    await assistant.call("start_task", id="call-2", text="Once", name="Once")

    assert len(set(texts)) == 1
    assert len(await background_tasks(resources)) == 2


async def test_a_task_for_later_waits_for_its_moment(
    resources: Resources, assistant: Assistant
) -> None:
    said = await assistant.call(
        "start_task", text="Look again", name="Later", not_before="in 2 hours"
    )

    [task] = await background_tasks(resources)
    assert task.status is TaskStatus.PENDING and task.not_before is not None
    assert abs(task.not_before - now() - timedelta(hours=2)) < timedelta(minutes=2)
    assert "(Europe/Berlin)" in said


@pytest.mark.parametrize("when", ["2020-01-01T10:00", "whenever", "every day at 8"])
async def test_a_time_that_is_over_or_none_makes_nothing(
    resources: Resources, assistant: Assistant, when: str
) -> None:
    said = await assistant.call("start_task", text="Too late", name="Late", not_before=when)

    assert assistant.failed and said.endswith(".")
    assert await background_tasks(resources) == []


async def test_tasks_descend_from_each_other_ten_deep_and_no_deeper(
    resources: Resources, assistant: Assistant
) -> None:
    for depth in range(20):
        await assistant.call("start_task", text=f"Level {depth}", name=f"Level {depth}")
        if assistant.failed:
            break
        assistant.task = (await background_tasks(resources))[-1]

    assert assistant.failed
    assert 9 <= len(await background_tasks(resources)) <= 10


async def test_a_list_shows_how_far_the_users_other_tasks_are_and_nobody_elses(
    resources: Resources, assistant: Assistant, make_user: MakeUser
) -> None:
    bob = await make_user("bob")
    await running_task(resources, bob.id, name="Bob's secret", in_background=True)
    await assistant.call("start_task", text="Compare", name="Laptops")
    [laptops] = [t for t in await background_tasks(resources) if t.name == "Laptops"]
    await set_status(resources, laptops.id, status=TaskStatus.RUNNING, progress=40, step="reading")

    said = await assistant.call("list_tasks")

    assert f"[Laptops](/thread/{laptops.thread_id}): running, 40 %, reading" in said
    assert "secret" not in said
    assert said.count("\n- ") == 1
    assistant.language = "de"
    assert "läuft, 40 %" in await assistant.call("list_tasks", state="running")
    assert "nichts" in await assistant.call("list_tasks", state="waiting")


async def test_a_task_is_cancelled_by_its_name_its_id_or_its_conversation(
    resources: Resources, assistant: Assistant
) -> None:
    for name in ("Laptops", "Phones", "Tablets"):
        await assistant.call("start_task", text=f"Compare {name}", name=name)
    laptops, phones, tablets = await background_tasks(resources)

    said = await assistant.call("cancel_task", task="laptops")
    await assistant.call("cancel_task", task=str(phones.id))
    await assistant.call("cancel_task", task=str(tablets.thread_id))

    assert f"[Laptops](/thread/{laptops.thread_id}) is cancelled." == said
    assert {t.status for t in await background_tasks(resources)} == {TaskStatus.CANCELLED}
    assert "had ended already" in await assistant.call("cancel_task", task="Laptops")


async def test_a_name_that_two_tasks_have_cancels_neither(
    resources: Resources, assistant: Assistant
) -> None:
    for text in ("one", "two"):
        await assistant.call("start_task", text=text, name="Report")

    said = await assistant.call("cancel_task", task="report")

    assert assistant.failed and said.count("/thread/") == 2
    assert {t.status for t in await background_tasks(resources)} == {TaskStatus.QUEUED}


async def test_anothers_task_is_as_good_as_absent(
    resources: Resources, assistant: Assistant, make_user: MakeUser
) -> None:
    bob = await make_user("bob")
    his = await running_task(resources, bob.id, name="Bob's", in_background=True)

    for wanted in (str(his.id), "Bob's"):
        assert "There is no task" in await assistant.call("cancel_task", task=wanted)
        assert assistant.failed
    assistant.language = "de"
    assert "keine Aufgabe" in await assistant.call("cancel_task", task="Bob's")


async def test_progress_is_noted_at_the_calling_task(
    resources: Resources, assistant: Assistant
) -> None:
    await assistant.call("report_progress", percent=40, step="Reading the second page")

    async with resources.db.transaction() as session:
        task = await session.get_one(Task, assistant.task.id)
    assert (task.progress, task.step) == (40, "Reading the second page")
    await assistant.call("report_progress", percent=101)
    assert assistant.failed


async def test_a_call_on_nobodys_behalf_is_refused(resources: Resources) -> None:
    async with open_tools(resources) as session:
        result = await session.call_tool("list_tasks", {})

    assert result.isError
    assert "Keiko's own conversations" in str(result.content)


async def test_a_server_without_a_database_offers_only_what_needs_none() -> None:
    async with open_tools(None) as session:
        names = {tool.name for tool in (await session.list_tools()).tools}

    assert names == {"clock", "calculator"}


async def test_what_changes_something_says_so_and_may_be_repeated(resources: Resources) -> None:
    async with open_tools(resources) as session:
        tools = {tool.name: tool.annotations for tool in (await session.list_tools()).tools}

    reading = {"clock", "calculator", "list_tasks", "list_schedules", "read_result", "recall"}
    for name, hints in tools.items():
        assert hints is not None
        assert hints.readOnlyHint is (name in reading)
        assert hints.idempotentHint is (None if name in reading else True)
    assert {n for n, h in tools.items() if h and h.destructiveHint} == {
        "cancel_task",
        "change_schedule",
        "forget",
    }
