"""A server uses the model: with its person's consent, within a budget, counted into the task."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.core.resources import Resources
from app.mcp.models import Decision
from app.mcp.policy import Rule, add_rule
from app.tasks.models import QuestionKind, Task
from app.turns import questions
from app.turns.questions import Approval, Scope
from app.turns.service import Incoming
from tests.factories import MakeUser
from tests.fakes.model import FakeModel
from tests.flows.test_elicitation import Asked, asking
from tests.flows.test_message import rows_at_end, running_worker

SAID = ": w0 w1 w2 w3 w4 w5 w6 w7 w8 w9"
"""What the scripted model says when it is not told what to say."""


class Lent(Asked):
    """The flow with a server that wants the model."""

    def think(self, **more: object) -> str:
        return f"!tool think {json.dumps({'prompt': 'Who are you?', **more})} !then !say done"

    async def answer(self, **given: Any) -> None:
        question = await self.question()
        approval = Approval(**{"is_approved": True, **given})
        await questions.approve(self.resources, self.user.id, question.id, approval)

    async def task(self, incoming: Incoming) -> Task:
        return (await rows_at_end(self.resources, incoming)).tasks[-1]


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    async with FakeModel(tokens=10) as fake:
        yield fake


@pytest.fixture
async def flow(
    resources: Resources, model: FakeModel, make_user: MakeUser, tmp_path: Path
) -> AsyncIterator[Lent]:
    ready = asking(resources, model)
    async with running_worker(ready):
        lent = Lent(ready, await make_user("ada"), tmp_path / "lines")
        await lent.ready()
        yield lent


async def test_the_model_answers_a_server_once_its_person_agrees(
    flow: Lent, model: FakeModel
) -> None:
    incoming = await flow.send(flow.think(tokens=30))
    question = await flow.question()
    assert question.kind is QuestionKind.SAMPLING
    assert question.content["messages"] == [{"role": "user", "text": "Who are you?"}]
    assert question.content["system_prompt"] == "You are brief."
    assert question.content["max_tokens"] == 30
    before = len(model.chats)
    await flow.answer()
    assert (await flow.result(incoming)).endswith(SAID)
    asked = model.chats[before].body
    assert [each["role"] for each in asked["messages"]] == ["system", "user"]
    assert asked.get("max_completion_tokens", asked.get("max_tokens")) == 30
    assert not asked.get("tools")


async def test_what_a_server_uses_counts_into_the_task(flow: Lent) -> None:
    alone = (await flow.task(await flow.send("!say done"))).usage
    incoming = await flow.send(flow.think())
    await flow.answer()
    usage = (await flow.task(incoming)).usage
    assert usage["sampling"]["requests"] == 1
    assert usage["sampling"]["output_tokens"] > 0
    assert usage["output_tokens"] >= alone["output_tokens"] + usage["sampling"]["output_tokens"]


async def test_no_word_of_the_models_answer_to_a_server_stands_in_the_chat(flow: Lent) -> None:
    incoming = await flow.send(flow.think())
    await flow.answer()
    rows = await rows_at_end(flow.resources, incoming)
    [answer] = [s.output for s in rows.steps if s.kind == "assistant_message"]
    assert answer == "done"


async def test_who_refuses_lends_nothing(flow: Lent, model: FakeModel) -> None:
    incoming = await flow.send(flow.think())
    await flow.question()
    before = len(model.chats)
    await flow.answer(is_approved=False)
    assert "does not want this server to use the model" in await flow.result(incoming)
    assert len(model.chats) == before + 1  # the turn's own second call


@pytest.mark.parametrize("scope", [Scope.CHAT, Scope.ALWAYS])
async def test_consent_may_last(flow: Lent, scope: Scope) -> None:
    first = await flow.send(flow.think())
    await flow.answer(scope=scope)
    await flow.result(first)
    second = await flow.send(flow.think(), first.thread_id)
    assert (await flow.result(second)).endswith(SAID)


async def test_rules_about_tools_lend_no_model_but_may_forbid_it(flow: Lent) -> None:
    incoming = await flow.send(flow.think())
    await flow.answer()  # though the operator allows asking/*
    await flow.result(incoming)
    async with flow.resources.db.transaction() as session:
        await add_rule(session, flow.user.id, Rule("asking/samp*", Decision.DENY))
    incoming = await flow.send(flow.think())
    assert "A rule forbids this server to use the model" in await flow.result(incoming)


@pytest.mark.parametrize(
    ("budget", "lent"),
    [
        ({"sampling_requests": 2}, [100, 100]),
        ({"sampling_tokens": 15}, [15, 5]),
        ({"sampling_tokens": 0}, []),
    ],
)
async def test_the_budget_of_a_task_is_not_exceeded(
    resources: Resources,
    model: FakeModel,
    make_user: MakeUser,
    tmp_path: Path,
    budget: dict[str, int],
    lent: list[int],
) -> None:
    ready = asking(resources, model, **budget)
    async with running_worker(ready):
        flow = Lent(ready, await make_user("ada"), tmp_path / "lines")
        await flow.ready()
        async with resources.db.transaction() as session:
            await add_rule(session, flow.user.id, Rule("asking/sampling", Decision.ALLOW))
        incoming = await flow.send(flow.think(times=3))
        assert "is used up" in await flow.result(incoming)
    wanted = [each.body.get("max_completion_tokens") for each in model.chats]
    assert [each for each in wanted if each is not None] == lent
