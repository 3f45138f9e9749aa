"""A message walks from a face through the worker and back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.chats.models import StepKind
from app.core.bus import Bus
from app.core.redis import LIVE
from app.core.resources import Resources
from app.events.store import StoredEvent
from app.tasks.live import Live
from app.tasks.models import Task, TaskStatus
from app.tasks.parts import AnyPart, Ended, LiveState, Text, ToolFinished
from app.turns.service import Incoming, ThreadRows, Turns, load_thread, stop_task
from app.worker import serve
from tests.factories import MakeUser


@asynccontextmanager
async def running_worker(resources: Resources) -> AsyncIterator[None]:
    work = asyncio.create_task(serve(resources))
    try:
        yield
    finally:
        work.cancel()
        await asyncio.wait({work})


@pytest.fixture
async def worker(resources: Resources) -> AsyncIterator[None]:
    async with running_worker(resources):
        yield


def say(user_id: UUID, text: str, language: str = "en") -> Incoming:
    return Incoming(
        message_id=uuid4(),
        thread_id=uuid4(),
        user_id=user_id,
        author="ada",
        text=text,
        language=language,
    )


async def rows_at_end(resources: Resources, incoming: Incoming) -> ThreadRows:
    async with asyncio.timeout(20):
        while True:
            async with resources.db.transaction() as session:
                rows = await load_thread(session, incoming.user_id, incoming.thread_id)
            if rows and not any(task.is_open for task in rows.tasks):
                return rows
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("worker")
async def test_a_message_is_answered_with_the_tools_it_needs(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    incoming = say(ada.id, "What is 12*7+3 and what time is it in Tokyo?")
    await Turns(resources).accept(incoming)
    rows = await rows_at_end(resources, incoming)
    tools = {s.name: s.output for s in rows.steps if s.kind is StepKind.TOOL}
    [answer] = [s.output for s in rows.steps if s.kind is StepKind.ASSISTANT_MESSAGE]
    assert set(tools) == {"calculator", "clock"}
    assert "87" in tools["calculator"] and "87" in answer
    assert "Asia/Tokyo" in tools["clock"]
    assert [task.status for task in rows.tasks] == [TaskStatus.COMPLETED]
    async with resources.db.transaction() as session:
        events = await session.scalars(select(StoredEvent.type).order_by(StoredEvent.seq))
        assert [e for e in events if e.startswith("task.")] == [
            "task.created",
            "task.started",
            "task.completed",
        ]


@pytest.mark.usefixtures("worker")
async def test_a_watcher_sees_the_parts_of_the_answer_and_then_its_end(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    bus, live = Bus(resources.redis), Live(resources.redis)
    bus.subscribe(LIVE, live.heard)
    listening = asyncio.create_task(bus.run())
    incoming = say(ada.id, "Was ist 17 % von 230?", "de")
    accepted = await Turns(resources).accept(incoming)
    heard: list[AnyPart] = []
    ended = asyncio.Event()

    def listen(part: AnyPart, state: LiveState) -> None:
        heard.append(part)
        if state.ended:
            ended.set()

    watch = await live.watch(accepted.task_id, listen)
    if watch.state.ended is None:
        async with asyncio.timeout(30):
            await ended.wait()
    rows = await rows_at_end(resources, incoming)
    answer = next(s.output for s in rows.steps if s.kind is StepKind.ASSISTANT_MESSAGE)
    assert watch.state.text == answer
    assert [tool.name for tool in watch.state.tools.values()] == ["calculator"]
    assert watch.state.ended == "completed"
    assert {type(part) for part in heard} <= {type(p) for p in heard}
    assert any(isinstance(part, Text) for part in heard)
    assert any(isinstance(part, ToolFinished | Ended) for part in heard)
    listening.cancel()


@pytest.mark.usefixtures("worker")
async def test_a_stopped_turn_keeps_what_it_has_said(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    incoming = say(ada.id, "Write something long")
    accepted = await Turns(resources).accept(incoming)
    await asyncio.sleep(1)
    await stop_task(resources, ada.id, accepted.task_id)
    rows = await rows_at_end(resources, incoming)
    assert [task.status for task in rows.tasks] == [TaskStatus.CANCELLED]
    [answer] = [s for s in rows.steps if s.kind is StepKind.ASSISTANT_MESSAGE]
    assert answer.output and not answer.is_error


async def test_an_unknown_model_ends_the_turn_with_a_plain_sentence(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    async with running_worker(resources):
        incoming = say(ada.id, "Hello", "de")
        object.__setattr__(incoming, "model", "gone")
        await Turns(resources).accept(incoming)
        rows = await rows_at_end(resources, incoming)
    [task] = rows.tasks
    [answer] = [s for s in rows.steps if s.kind is StepKind.ASSISTANT_MESSAGE]
    assert (task.status, task.error_code) == (TaskStatus.FAILED, "model_not_found")
    assert answer.is_error and "Modell" in answer.output


async def test_a_worker_that_leaves_hands_its_turn_to_the_next(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    incoming = say(ada.id, "Write something long")
    async with running_worker(resources):
        accepted = await Turns(resources).accept(incoming)
        await asyncio.sleep(0.5)
    async with resources.db.transaction() as session:
        task = await session.get(Task, accepted.task_id)
    assert task is not None and task.status in (TaskStatus.QUEUED, TaskStatus.COMPLETED)
    async with running_worker(resources):
        rows = await rows_at_end(resources, incoming)
    assert [task.status for task in rows.tasks] == [TaskStatus.COMPLETED]
