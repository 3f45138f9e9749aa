"""A tool that changes something waits for its owner, whose word is about just that call."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.chats.models import StepKind
from app.core.clock import now
from app.core.errors import Conflict, Invalid
from app.core.resources import Resources
from app.core.settings import ToolRule
from app.events.store import StoredEvent
from app.mcp.models import Decision, ExecutionStatus, ToolExecution
from app.mcp.policy import Rule, add_rule
from app.tasks.models import Question, QuestionKind
from app.tasks.questions import list_open_questions
from app.turns import questions
from app.turns.questions import Approval, Scope
from app.turns.service import Incoming, Turns
from app.users.models import User
from tests.factories import MakeUser
from tests.fakes.model import FakeModel
from tests.fakes.tools import FAKE
from tests.flows.test_message import rows_at_end, running_worker, say

READS = "!tool process_id {} !then !say done"


class Flow:
    """One user, a worker, a model that follows its script, and a tool that writes lines."""

    def __init__(self, resources: Resources, user: User, file: Path) -> None:
        self.resources = resources
        self.user = user
        self.file = file

    def call(self, text: str) -> str:
        arguments = {"path": str(self.file), "text": text}
        return f"!tool append_line {json.dumps(arguments)} !then !say done"

    async def send(self, text: str, thread_id: UUID | None = None) -> Incoming:
        incoming = say(self.user.id, text)
        if thread_id:
            incoming = replace(incoming, thread_id=thread_id)
        await Turns(self.resources).accept(incoming)
        return incoming

    async def asked(self) -> Question:
        """The one open question, once there is one."""
        async with asyncio.timeout(30):
            while True:
                async with self.resources.db.transaction() as session:
                    found = await list_open_questions(session, self.user.id)
                if found:
                    [question] = found
                    assert question.kind is QuestionKind.APPROVAL
                    return question
                await asyncio.sleep(0.05)

    async def answer(self, **given: Any) -> None:
        question = await self.asked()
        await questions.approve(
            self.resources, self.user.id, question.id, Approval(**{"is_approved": True, **given})
        )

    async def result(self, incoming: Incoming) -> str:
        """What the tool said to the model in the turn of a message, once the turn has ended."""
        rows = await rows_at_end(self.resources, incoming)
        task_ids = {task.id for task in rows.tasks if task.message_id == incoming.message_id}
        said = [s.output for s in rows.steps if s.kind is StepKind.TOOL and s.task_id in task_ids]
        return said[0] if said else ""

    async def ready(self) -> "Flow":
        """Wait until the worker knows the tools: a server of others may take its time."""
        async with asyncio.timeout(60):
            while not (await self.result(await self.send(READS))).isdigit():
                pass
        return self

    def lines(self) -> list[str]:
        return self.file.read_text().split() if self.file.exists() else []


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    async with FakeModel() as fake:
        yield fake


def scripted(resources: Resources, model: FakeModel, **more: object) -> Resources:
    settings = resources.settings.model_copy(
        update={
            "model_url": model.url,
            "model_name": "scripted",
            "tool_servers": [FAKE],
            **more,
        }
    )
    return Resources(settings, resources.db, resources.redis)


@pytest.fixture
async def flow(
    resources: Resources, model: FakeModel, make_user: MakeUser, tmp_path: Path
) -> AsyncIterator[Flow]:
    ready = scripted(resources, model)
    async with running_worker(ready):
        yield await Flow(ready, await make_user("ada"), tmp_path / "lines").ready()


async def test_a_tool_that_changes_something_waits_for_its_owner(flow: Flow) -> None:
    incoming = await flow.send(flow.call("one"))
    question = await flow.asked()
    assert question.content["pattern"] == "fake/append_line"
    assert question.content["arguments"]["text"] == "one"
    assert question.content["destructive"]
    assert question.expires_at is not None
    assert flow.lines() == []
    await flow.answer()
    assert "Appended one." in await flow.result(incoming)
    assert flow.lines() == ["one"]


async def test_the_owner_may_change_the_arguments(flow: Flow) -> None:
    incoming = await flow.send(flow.call("one"))
    await flow.answer(arguments={"path": str(flow.file), "text": "two"})
    assert "Appended two." in await flow.result(incoming)
    assert flow.lines() == ["two"]


async def test_a_refusal_and_its_reason_reach_the_model_and_the_record(flow: Flow) -> None:
    incoming = await flow.send(flow.call("one"))
    await flow.answer(is_approved=False, reason="Not today.")
    assert "Not today." in await flow.result(incoming)
    assert flow.lines() == []
    async with flow.resources.db.transaction() as session:
        [execution] = await session.scalars(
            select(ToolExecution).where(ToolExecution.tool == "append_line")
        )
    assert execution.status is ExecutionStatus.FAILED
    assert "Not today." in (execution.output or "")


async def test_an_approval_for_the_chat_holds_in_that_chat_alone(flow: Flow) -> None:
    first = await flow.send(flow.call("one"))
    await flow.answer(scope=Scope.CHAT)
    await flow.result(first)
    second = await flow.send(flow.call("two"), first.thread_id)
    await flow.result(second)
    assert flow.lines() == ["one", "two"]
    await flow.send(flow.call("three"))
    assert (await flow.asked()).content["arguments"]["text"] == "three"


async def test_a_lasting_approval_holds_in_every_chat(flow: Flow) -> None:
    first = await flow.send(flow.call("one"))
    await flow.answer(scope=Scope.ALWAYS)
    await flow.result(first)
    await flow.result(await flow.send(flow.call("two")))
    assert flow.lines() == ["one", "two"]


async def test_nobody_is_asked_about_arguments_that_do_not_fit(flow: Flow) -> None:
    incoming = await flow.send('!tool append_line {"path": 7, "text": "one"} !then !say done')
    assert "was not called" in await flow.result(incoming)


async def test_a_tool_that_only_reads_is_not_asked_about(flow: Flow) -> None:
    incoming = await flow.send(READS)
    assert (await flow.result(incoming)).isdigit()


async def test_a_rule_that_denies_is_obeyed_without_a_question(flow: Flow) -> None:
    async with flow.resources.db.transaction() as session:
        await add_rule(session, flow.user.id, Rule("fake/*", Decision.DENY))
    incoming = await flow.send(flow.call("one"))
    assert "A rule forbids this tool" in await flow.result(incoming)
    assert flow.lines() == []


async def test_where_a_rule_asks_each_time_an_approval_does_not_last(
    resources: Resources, model: FakeModel, make_user: MakeUser, tmp_path: Path
) -> None:
    rules = [ToolRule(pattern="*/append_*", decision="ask")]
    ready = scripted(resources, model, tool_rules=rules)
    flow = Flow(ready, await make_user("ada"), tmp_path / "lines")
    async with running_worker(ready):
        await flow.ready()
        incoming = await flow.send(flow.call("one"))
        with pytest.raises(Conflict):
            await flow.answer(scope=Scope.ALWAYS)
        await flow.answer()
        await flow.result(incoming)
    assert flow.lines() == ["one"]


@pytest.mark.asvs("2.3.1")
async def test_an_answer_of_another_kind_is_refused_and_changes_nothing(flow: Flow) -> None:
    await flow.send(flow.call("one"))
    question = await flow.asked()
    with pytest.raises(Invalid):
        await questions.settle(flow.resources, flow.user.id, question.id, "happened")
    assert (await flow.asked()).id == question.id


async def test_what_nobody_answers_in_time_is_refused_and_its_owner_told(flow: Flow) -> None:
    incoming = await flow.send(flow.call("one"))
    question = await flow.asked()
    assert await questions.expire(flow.resources) == 0
    async with flow.resources.db.transaction() as session:
        past = now() - timedelta(seconds=1)
        await session.execute(
            update(Question).where(Question.id == question.id).values(expires_at=past)
        )
    assert await questions.expire(flow.resources) == 1
    assert "Nobody answered in time" in await flow.result(incoming)
    assert flow.lines() == []
    async with flow.resources.db.transaction() as session:
        told = await session.scalar(
            select(StoredEvent.user_id).where(StoredEvent.type == "question.expired")
        )
    assert told == flow.user.id


async def test_calls_beside_each_other_are_asked_about_each_for_itself(flow: Flow) -> None:
    other = flow.file.with_name("others")
    one = json.dumps({"path": str(flow.file), "text": "one"})
    two = json.dumps({"path": str(other), "text": "two"})
    incoming = await flow.send(f"!tool append_line {one} !tool append_line {two} !then !say done")
    async with asyncio.timeout(30):
        while True:
            async with flow.resources.db.transaction() as session:
                found = await list_open_questions(session, flow.user.id)
            if len(found) == 2:
                break
            await asyncio.sleep(0.05)
    for question in found:
        approval = Approval(is_approved=question.content["arguments"]["text"] == "one")
        await questions.approve(flow.resources, flow.user.id, question.id, approval)
    await rows_at_end(flow.resources, incoming)
    assert flow.lines() == ["one"]
    assert not other.exists()
