"""Answers that nobody can keep are refused, and leave their question open."""

import json
from typing import Any

import pytest

from tests.api.acting import Person, Worker


@pytest.mark.parametrize(
    "answer",
    [
        {"decision": "approve", "arguments": {"text": "\0"}},
        {"decision": "approve", "arguments": {"\ud800": "text"}},
        {"decision": "approve", "arguments": {"number": 10**30}},
        {"decision": "refuse", "reason": "\0"},
    ],
    ids=["nul", "surrogate", "number", "reason"],
)
async def test_what_cannot_be_stored_is_no_answer(
    ada: Person, worker: Worker, answer: dict[str, Any]
) -> None:
    said = await ada.say()
    await worker.ask(await worker.claim(said["task_id"]))
    (question,) = await ada.done("GET", "/questions")
    refused = await ada.http.post(
        f"/api/v1/questions/{question['id']}/answer",
        content=json.dumps(answer),
        headers={"Content-Type": "application/json"},
    )
    assert refused.status_code == 422 and "cannot be stored" in refused.text
    assert [each["id"] for each in await ada.done("GET", "/questions")] == [question["id"]]
