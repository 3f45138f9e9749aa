"""A tool with a side effect runs once per call; where nobody knows, its owner is asked."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.product import Product
from tests.ui.client import ChatClient


def call(trace: Path, text: str, delay: float) -> str:
    arguments = json.dumps({"path": str(trace), "text": text, "delay_seconds": delay})
    return f"!tool append_line {arguments}"


async def started(trace: Path, *lines: str) -> None:
    async with asyncio.timeout(30):
        while not trace.exists() or not set(lines) <= set(trace.read_text().split()):
            await asyncio.sleep(0.02)


def cards(page: ChatClient) -> list[dict[str, Any]]:
    return [e for e in page.shown.elements.values() if e["name"] == "Question"]


def question(page: ChatClient) -> dict[str, Any] | None:
    return next(iter(cards(page)), None)


async def forget_rules(page: ChatClient) -> None:
    """Take back what was allowed for good."""
    _, kept = await page.http("GET", "/api/v1/mcp/rules")
    for rule in kept["data"]:
        assert (await page.http("DELETE", f"/api/v1/mcp/rules/{rule['id']}"))[0] == 200


async def answer(page: ChatClient, outcome: str) -> None:
    await page.until(lambda: question(page), within=15)
    card = question(page)
    assert card is not None
    status, _ = await page.http(
        "POST", f"/api/v1/questions/{card['id']}/answer", json={"outcome": outcome}
    )
    assert status == 200
    again, _ = await page.http(
        "POST", f"/api/v1/questions/{card['id']}/answer", json={"outcome": outcome}
    )
    assert again == 409


@pytest.mark.parametrize(("outcome", "lines"), [("happened", 1), ("repeat", 2), ("skip", 1)])
async def test_a_call_cut_in_the_middle_is_asked_about_and_never_repeated_by_itself(
    keiko: Product, page: ChatClient, trace: Path, outcome: str, lines: int
) -> None:
    message_id = await page.send(call(trace, "mark", 30 if outcome != "repeat" else 1))
    await started(trace, "mark")
    keiko.wait_for_new("worker", keiko.kill("worker"))
    await page.until(lambda: question(page), within=20)
    assert trace.read_text().split() == ["mark"]
    await answer(page, outcome)
    done = await page.answer(message_id, within=30)
    assert not done.is_error
    assert trace.read_text().split() == ["mark"] * lines
    assert question(page) is None or question(page)["props"]["answer"]  # type: ignore[index]


async def test_a_finished_call_is_not_repeated_when_its_sibling_is_cut(
    keiko: Product, page: ChatClient, trace: Path
) -> None:
    script = f"{call(trace, 'quick', 0)} {call(trace, 'slow', 30)}"
    message_id = await page.send(script)
    await started(trace, "quick", "slow")
    await asyncio.sleep(1)
    keiko.wait_for_new("worker", keiko.kill("worker"))
    await answer(page, "happened")
    done = await page.answer(message_id, within=30)
    assert not done.is_error
    assert sorted(trace.read_text().split()) == ["quick", "slow"]


async def test_a_read_only_call_is_simply_made_again(keiko: Product, page: ChatClient) -> None:
    message_id = await page.send('!tool clock {"timezone": "Asia/Tokyo"} !then !long 80 30')
    await page.until(lambda: (page.shown.answer_of(message_id) or {}).get("output"), within=15)
    keiko.wait_for_new("worker", keiko.kill("worker"))
    done = await page.answer(message_id, within=30)
    assert not done.is_error
    assert [tool["name"] for tool in done.tools] == ["clock"]
    assert "Asia/Tokyo" in done.tools[0]["output"]


async def test_a_lasting_approval_is_no_word_about_a_call_that_is_cut_later(
    keiko: Product, page: ChatClient, trace: Path
) -> None:
    await forget_rules(page)
    script = call(trace, "mark", 30).replace("append_line", "keep_line")
    message_id = await page.send(script)
    await page.until(lambda: question(page), within=20)
    first = question(page)
    assert first is not None and first["props"]["kind"] == "approval"
    assert not trace.exists()
    path = f"/api/v1/questions/{first['id']}/answer"
    status, _ = await page.http("POST", path, json={"decision": "approve", "scope": "always"})
    assert status == 200
    await started(trace, "mark")
    keiko.wait_for_new("worker", keiko.kill("worker"))
    await page.until(lambda: len(cards(page)) == 2, within=20)
    [second] = [card for card in cards(page) if card["id"] != first["id"]]
    assert second["props"]["kind"] == "unknown_outcome"
    path = f"/api/v1/questions/{second['id']}/answer"
    assert (await page.http("POST", path, json={"outcome": "happened"}))[0] == 200
    done = await page.answer(message_id, within=30)
    assert not done.is_error
    assert trace.read_text().split() == ["mark"]


async def test_a_tool_is_allowed_and_refused_from_a_terminal(
    keiko: Product, page: ChatClient, trace: Path
) -> None:
    await forget_rules(page)
    script = call(trace, "mark", 0).replace("append_line", "keep_line")
    message_id = await page.send(script)
    await page.until(lambda: question(page), within=20)
    listed = await asyncio.to_thread(keiko.run, "questions", "list")
    [line] = [each for each in listed.stdout.splitlines() if str(trace) in each]
    assert "approval" in line and "traces/keep_line" in line
    changed = json.dumps({"path": str(trace), "text": "changed"})
    said = await asyncio.to_thread(
        keiko.run, "questions", "approve", line.split()[0], "--arguments", changed
    )
    assert "Allowed" in said.stdout
    assert not (await page.answer(message_id, within=30)).is_error
    assert trace.read_text().split() == ["changed"]


async def test_a_task_in_the_background_asks_about_a_cut_call_too(
    keiko: Product, page: ChatClient, trace: Path
) -> None:
    _, made = await page.http("POST", "/api/v1/tasks", json={"text": call(trace, "mark", 30)})
    task_id = made["data"]["id"]
    await started(trace, "mark")
    keiko.wait_for_new("worker", keiko.kill("worker"))
    async with asyncio.timeout(20):
        while not (asked := (await page.http("GET", "/api/v1/questions"))[1]["data"]):
            await asyncio.sleep(0.1)
    [one] = [each for each in asked if each["task_id"] == task_id]
    _, task = await page.http("GET", f"/api/v1/tasks/{task_id}")
    assert task["data"]["status"] == "waiting"
    path = f"/api/v1/questions/{one['id']}/answer"
    assert (await page.http("POST", path, json={"outcome": "happened"}))[0] == 200
    async with asyncio.timeout(20):
        while task["data"]["status"] != "completed":
            await asyncio.sleep(0.1)
            _, task = await page.http("GET", f"/api/v1/tasks/{task_id}")
    assert trace.read_text().split() == ["mark"]
