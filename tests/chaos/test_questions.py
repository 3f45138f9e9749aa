"""What a server asks in the midst of a call outlives the worker that made it."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.product import Product
from tests.ui.client import ChatClient


def sign(trace: Path) -> str:
    return f"!tool sign {json.dumps({'path': str(trace)})} !then !say done"


async def ready(page: ChatClient) -> None:
    """Wait until a new worker knows the server."""
    async with asyncio.timeout(60):
        while True:
            done = await page.answer(await page.send("!tool ready {} !then !say ready"), within=30)
            if done.tools and done.tools[0]["output"] == "ready":
                return


def cards(page: ChatClient, name: str = "Elicitation") -> list[dict[str, object]]:
    return [each for each in page.shown.elements.values() if each["name"] == name]


async def asked(page: ChatClient, trace: Path) -> tuple[str, str]:
    """Message and question of a call that waits in its midst."""
    await ready(page)
    message_id = await page.send(sign(trace))
    await page.until(lambda: bool(cards(page)), within=20)
    return message_id, str(cards(page)[-1]["id"])


async def reply(page: ChatClient, question_id: str) -> None:
    body = {"action": "accept", "content": {"name": "Ada"}}
    path = f"/api/v1/questions/{question_id}/answer"
    assert (await page.http("POST", path, json=body))[0] == 200


@pytest.mark.parametrize("is_back", [False, True], ids=["before the next", "with the next"])
async def test_a_question_in_a_call_that_was_cut_stays_and_its_answer_counts(
    keiko: Product, page: ChatClient, trace: Path, is_back: bool
) -> None:
    message_id, question_id = await asked(page, trace)
    assert trace.read_text().split() == ["begun"]
    killed = keiko.kill("worker")
    if is_back:
        keiko.wait_for_new("worker", killed)
    _, listed = await page.http("GET", "/api/v1/questions")
    assert [each["id"] for each in listed["data"]] == [question_id]
    await reply(page, question_id)
    done = await page.answer(message_id, within=60)
    assert not done.is_error
    assert done.tools[-1]["output"] == "Signed by Ada."
    assert trace.read_text().split() == ["begun", "begun", "Ada"]
    assert not cards(page, "Question")
    assert len(cards(page)) == 1
