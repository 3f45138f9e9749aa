"""What a server asks in the midst of a call reaches the owner of the run, and comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.clock import now
from app.core.errors import Conflict, Invalid, NotFound
from app.core.resources import Resources
from app.core.settings import ToolRule, ToolServerSettings, python
from app.tasks.models import Question, QuestionKind, Task, TaskStatus
from app.tasks.questions import list_open_questions
from app.turns import questions
from app.turns.questions import Action
from tests.factories import MakeUser
from tests.fakes.model import FakeModel
from tests.flows.test_approvals import Flow, scripted
from tests.flows.test_message import running_worker

ASKING = ToolServerSettings(
    name="asking", command=python(), args=["-m", "tests.fakes.asking_server"]
)
ALLOWED = [ToolRule(pattern="asking/*", decision="allow")]


class Asked(Flow):
    """The flow with a server that asks."""

    def greet(self) -> str:
        return "!tool greet {} !then !say done"

    def sign(self, questions: int = 1) -> str:
        arguments = {"path": str(self.file), "questions": questions}
        return f"!tool sign {json.dumps(arguments)} !then !say done"

    async def question(self, other_than: UUID | None = None) -> Question:
        async with asyncio.timeout(30):
            while True:
                async with self.resources.db.transaction() as session:
                    found = await list_open_questions(session, self.user.id)
                if found and found[0].id != other_than:
                    [question] = found
                    return question
                await asyncio.sleep(0.05)

    async def reply(self, action: Action = Action.ACCEPT, **content: Any) -> UUID:
        question = await self.question()
        await questions.reply(self.resources, self.user.id, question.id, action, content)
        return question.id

    async def status(self) -> TaskStatus:
        question = await self.question()
        async with self.resources.db.transaction() as session:
            return (await session.get_one(Task, question.task_id)).status

    async def waits(self) -> None:
        async with asyncio.timeout(30):
            while await self.status() is not TaskStatus.WAITING:
                await asyncio.sleep(0.05)

    async def ready(self) -> "Asked":
        async with asyncio.timeout(60):
            while await self.result(await self.send("!tool ready {} !then !say done")) != "ready":
                pass
        return self


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    async with FakeModel() as fake:
        yield fake


def asking(resources: Resources, model: FakeModel, **more: object) -> Resources:
    return scripted(resources, model, **{"tool_servers": [ASKING]}, tool_rules=ALLOWED, **more)


@pytest.fixture
async def flow(
    resources: Resources, model: FakeModel, make_user: MakeUser, tmp_path: Path
) -> AsyncIterator[Asked]:
    ready = asking(resources, model)
    async with running_worker(ready):
        yield await Asked(ready, await make_user("ada"), tmp_path / "lines").ready()


@pytest.fixture
async def hasty(
    resources: Resources, model: FakeModel, make_user: MakeUser, tmp_path: Path
) -> AsyncIterator[Asked]:
    """With a call that does not wait for its owner."""
    ready = asking(resources, model, question_patience_seconds=0)
    async with running_worker(ready):
        yield await Asked(ready, await make_user("ada"), tmp_path / "lines").ready()


async def test_what_a_server_asks_is_answered_while_the_call_goes_on(flow: Asked) -> None:
    incoming = await flow.send(flow.sign())
    question = await flow.question()
    assert question.kind is QuestionKind.ELICITATION
    assert question.content["server"] == "asking"
    assert question.content["tool"] == "sign"
    assert question.content["message"] == "Who signs? (1)"
    assert [field["title"] for field in question.content["fields"]] == ["Your name"]
    assert question.expires_at is not None
    assert await flow.status() is TaskStatus.RUNNING
    await flow.reply(name="Ada")
    assert await flow.result(incoming) == "Signed by Ada."
    assert flow.lines() == ["begun", "Ada"]


@pytest.mark.parametrize(
    ("action", "said"), [("decline", "Hello, decline!"), ("cancel", "Hello, cancel!")]
)
async def test_a_person_need_not_answer(flow: Asked, action: str, said: str) -> None:
    incoming = await flow.send(flow.greet())
    await flow.reply(Action(action))
    assert await flow.result(incoming) == said


async def test_values_that_do_not_fit_are_refused_by_name_and_change_nothing(flow: Asked) -> None:
    incoming = await flow.send(flow.greet())
    question = await flow.question()
    for name, sentence in (("", "is needed"), ("A", "at least 2 characters")):
        with pytest.raises(Invalid, match=f"“Your name” .*{sentence}") as refused:
            await flow.reply(name=name)
        assert refused.value.field == "name"
    assert (await flow.question()).id == question.id
    await flow.reply(name="Ada")
    assert await flow.result(incoming) == "Hello, Ada!"


async def test_what_nobody_answers_soon_lets_the_task_rest_and_the_call_is_made_again(
    hasty: Asked,
) -> None:
    incoming = await hasty.send(hasty.sign())
    await hasty.waits()
    assert hasty.lines() == ["begun", "cancelled"]
    await hasty.reply(name="Ada")
    assert await hasty.result(incoming) == "Signed by Ada."
    assert hasty.lines() == ["begun", "cancelled", "begun", "Ada"]


async def test_each_question_of_a_call_is_asked_once_however_often_it_is_made(
    hasty: Asked,
) -> None:
    incoming = await hasty.send(hasty.sign(2))
    await hasty.waits()
    first = await hasty.reply(name="Ada")
    second = await hasty.question(other_than=first)
    assert second.content["message"] == "Who signs? (2)"
    await hasty.waits()
    await hasty.reply(name="Eva")
    assert await hasty.result(incoming) == "Signed by Ada, Eva."


async def test_what_a_server_does_not_wait_for_is_no_question_any_more(flow: Asked) -> None:
    incoming = await flow.send("!tool impatient {} !then !say done")
    question = await flow.question()
    assert await flow.result(incoming) == "Never mind."
    with pytest.raises(Conflict, match="answered already"):
        await questions.reply(
            flow.resources, flow.user.id, question.id, Action.ACCEPT, {"name": "Ada"}
        )


async def test_what_nobody_answers_in_time_is_cancelled(flow: Asked) -> None:
    incoming = await flow.send(flow.greet())
    question = await flow.question()
    async with flow.resources.db.transaction() as session:
        past = now() - timedelta(seconds=1)
        await session.execute(
            update(Question).where(Question.id == question.id).values(expires_at=past)
        )
    assert await questions.expire(flow.resources) == 1
    assert await flow.result(incoming) == "Hello, cancel!"


async def test_of_two_users_at_once_each_sees_and_answers_their_own_question_alone(
    flow: Asked, make_user: MakeUser
) -> None:
    both = [flow, Asked(flow.resources, await make_user("bob"), flow.file)]

    async def greet(one: Asked, word: str) -> str:
        incoming = await one.send(f'!tool greet {{"word": "{word}"}} !then !say done')
        ended = asyncio.create_task(one.result(incoming))
        asked = asyncio.create_task(one.question())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            content = (await asked).content
            assert content["message"] == f"{word} whom?"
            with pytest.raises(NotFound):
                stranger = both[one is both[0]].user.id
                await questions.reply(one.resources, stranger, (await asked).id, Action.CANCEL, {})
            await one.reply(name=word)
        asked.cancel()
        return await ended

    await asyncio.gather(greet(both[0], "Hello"), greet(both[1], "Moin"))  # one may be refused
    said = await asyncio.gather(greet(both[0], "Hello"), greet(both[1], "Moin"))
    assert list(said) == ["Hello, Hello!", "Moin, Moin!"]


async def test_a_worker_that_leaves_asks_again_in_another_and_the_question_stays(
    resources: Resources, model: FakeModel, make_user: MakeUser, tmp_path: Path
) -> None:
    ready = asking(resources, model)
    flow = Asked(ready, await make_user("ada"), tmp_path / "lines")
    async with running_worker(ready):
        await flow.ready()
        incoming = await flow.send(flow.sign())
        question = await flow.question()
    assert (await flow.question()).id == question.id
    await flow.reply(name="Ada")
    async with running_worker(ready):
        assert await flow.result(incoming) == "Signed by Ada."
