"""A server sends a person to a page: with their consent, to a safe address, until they are done."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.resources import Resources
from app.tasks.models import Question
from app.turns.questions import Action
from tests.factories import MakeUser
from tests.fakes.model import FakeModel
from tests.flows.test_elicitation import Asked, asking
from tests.flows.test_message import running_worker

PAGE = "https://pay.example.org/start?id=7"


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    async with FakeModel() as fake:
        yield fake


@pytest.fixture
async def flow(
    resources: Resources, model: FakeModel, make_user: MakeUser, tmp_path: Path
) -> AsyncIterator[Asked]:
    ready = asking(resources, model)
    async with running_worker(ready):
        yield await Asked(ready, await make_user("ada"), tmp_path / "paid").ready()


def call(tool: str, **arguments: object) -> str:
    return f"!tool {tool} {json.dumps(arguments, ensure_ascii=False)} !then !say done"


async def answered(flow: Asked, question: Question) -> Question:
    """The question, once it has an answer."""
    async with asyncio.timeout(20):
        while True:
            async with flow.resources.db.transaction() as session:
                found = await session.get_one(Question, question.id)
            if found.answer is not None:
                return found
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("action", list(Action))
async def test_a_person_says_whether_they_were_on_the_page(flow: Asked, action: Action) -> None:
    incoming = await flow.send(call("visit", url=PAGE))
    content = (await flow.question()).content
    assert (content["mode"], content["url"]) == ("url", PAGE)
    assert content["host"] == "pay.example.org"
    await flow.reply(action)
    assert await flow.result(incoming) == action


@pytest.mark.parametrize(
    "url",
    [
        "http://pay.example.org/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://ada:secret@pay.example.org/",
        "https://127.0.0.1/",
        "https://pаy.example.org/",
        "https://pay.example.org/ \u202e",
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_safe(flow: Asked, url: str) -> None:
    incoming = await flow.send(call("visit", url=url))
    assert "Error executing tool visit" in await flow.result(incoming)


async def test_what_a_server_says_is_done_needs_no_answer(flow: Asked) -> None:
    incoming = await flow.send(call("visit", url=PAGE, completes=str(flow.file)))
    question = await flow.question()
    flow.file.touch()
    assert await flow.result(incoming) == "accept"
    assert (await answered(flow, question)).answer == {"action": "accept", "completed": True}


async def test_a_call_that_needs_a_page_first_is_made_again_afterwards(flow: Asked) -> None:
    incoming = await flow.send(call("paid", url=PAGE, path=str(flow.file)))
    assert (await flow.question()).content["message"] == "Pay first."
    flow.file.touch()
    await flow.reply()
    assert await flow.result(incoming) == "Here you are."


async def test_a_call_that_needs_a_page_first_goes_on_when_the_server_says_so(flow: Asked) -> None:
    incoming = await flow.send(call("paid", url=PAGE, path=str(flow.file), completes=True))
    await flow.question()
    flow.file.touch()
    assert await flow.result(incoming) == "Here you are."


async def test_who_does_not_go_to_the_page_has_no_result(flow: Asked) -> None:
    incoming = await flow.send(call("paid", url=PAGE, path=str(flow.file)))
    await flow.reply(Action.DECLINE)
    assert "The user has not been there" in await flow.result(incoming)
