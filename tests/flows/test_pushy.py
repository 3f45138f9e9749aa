"""A server that asks without end is told no; its person is not drowned, nor is the model."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from app.core.resources import Resources
from app.core.settings import ToolRule, ToolServerSettings, python
from app.tasks.models import Question
from app.tasks.questions import list_open_questions
from app.turns import questions
from app.turns.questions import Action, Approval, Scope
from tests.factories import MakeUser
from tests.fakes.model import FakeModel
from tests.flows.test_approvals import scripted
from tests.flows.test_elicitation import Asked
from tests.flows.test_message import running_worker

PUSHY = ToolServerSettings(name="pushy", command=python(), args=["-m", "tests.fakes.pushy_server"])


class Pushed(Asked):
    """The flow with a server that asks without end."""

    async def questions(self) -> Sequence[Question]:
        async with self.resources.db.transaction() as session:
            return await list_open_questions(session, self.user.id)

    async def open(self, number: int) -> Sequence[Question]:
        async with asyncio.timeout(30):
            while len(found := await self.questions()) < number:
                await asyncio.sleep(0.05)
        return found


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    async with FakeModel(tokens=10) as fake:
        yield fake


@pytest.fixture
async def flow(
    resources: Resources, model: FakeModel, make_user: MakeUser, tmp_path: Path
) -> AsyncIterator[Pushed]:
    ready = scripted(
        resources,
        model,
        tool_servers=[PUSHY],
        tool_rules=[ToolRule(pattern="pushy/*", decision="allow")],
        sampling_requests=3,
    )
    async with running_worker(ready):
        pushed = Pushed(ready, await make_user("ada"), tmp_path / "lines")
        await pushed.ready()
        yield pushed


async def test_few_questions_of_one_call_are_open_at_a_time(flow: Pushed) -> None:
    incoming = await flow.send('!tool flood {"questions": 40} !then !say done')
    for question in await flow.open(10):
        await questions.reply(flow.resources, flow.user.id, question.id, Action.DECLINE, None)
    assert await flow.result(incoming) == "refused 30"


async def test_what_a_server_may_use_of_the_model_is_not_more_if_it_asks_at_once(
    flow: Pushed, model: FakeModel
) -> None:
    incoming = await flow.send('!tool think {"times": 1} !then !say done')
    [question] = await flow.open(1)
    always = Approval(is_approved=True, scope=Scope.ALWAYS)
    await questions.approve(flow.resources, flow.user.id, question.id, always)
    assert await flow.result(incoming) == "refused 0"
    incoming = await flow.send('!tool think {"times": 8} !then !say done')
    assert await flow.result(incoming) == "refused 5"
