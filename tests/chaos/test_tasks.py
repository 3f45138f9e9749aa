"""Background tasks on real processes: paused, timed out, killed, poisonous, begun by hand."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.core.db import Database
from tests.product import Product
from tests.tasks.fold import differing_tasks


class Boss:
    """Somebody who has tasks done, over REST."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def start(self, text: str, **more: Any) -> str:
        answer = await self._http.post("/tasks", json={"text": text, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    async def do(self, id: str, verb: str) -> None:
        answer = await self._http.post(f"/tasks/{id}/{verb}")
        assert answer.is_success, answer.text

    async def task(self, id: str) -> dict[str, Any]:
        while True:  # the web process may have been killed just now
            try:
                answer = await self._http.get(f"/tasks/{id}")
                data: dict[str, Any] = answer.json()["data"]
                return data
            except (httpx.TransportError, KeyError):
                await asyncio.sleep(0.05)

    async def until(self, id: str, *statuses: str, within: float = 20) -> dict[str, Any]:
        async with asyncio.timeout(within):
            while (task := await self.task(id))["status"] not in statuses:
                await asyncio.sleep(0.05)
            return task

    async def words(self, id: str) -> int:
        answer = await self._http.get(f"/tasks/{id}/result")
        return len(answer.json()["data"]["text"].split())

    async def changes(self, id: str) -> list[str]:
        answer = await self._http.get(f"/tasks/{id}/changes")
        return [change["type"] for change in answer.json()["data"]]


@pytest.fixture
async def boss(keiko: Product) -> AsyncIterator[Boss]:
    keiko.wait_ready()
    async with httpx.AsyncClient(
        base_url=f"{keiko.url}/api/v1",
        cookies=keiko.login(),
        headers={"Origin": keiko.url},
        timeout=20,
    ) as http:
        yield Boss(http)


async def test_a_paused_task_rests_and_goes_on_to_its_end(boss: Boss) -> None:
    id = await boss.start("!long 150 30")
    await boss.until(id, "running")
    await boss.do(id, "pause")
    paused = await boss.until(id, "suspended", within=8)
    assert paused["completed_at"] is None
    await asyncio.sleep(1.5)  # a sweep or two
    assert (await boss.task(id))["status"] == "suspended"
    await boss.do(id, "resume")
    await boss.until(id, "completed")
    assert await boss.words(id) == 150


async def test_a_task_longer_than_its_timeout_is_stopped_and_says_so(boss: Boss) -> None:
    id = await boss.start("!long 600 10", timeout_seconds=1)
    ended = await boss.until(id, "timeout", within=8)
    assert ended["error_code"] == "timeout" and ended["error"]


async def test_a_killed_workers_task_is_claimed_again_within_seconds(
    keiko: Product, boss: Boss
) -> None:
    id = await boss.start("!long 90 30")
    await boss.until(id, "running")
    keiko.kill("worker")
    async with asyncio.timeout(30):
        while (await boss.task(id))["attempts"] < 2:
            await asyncio.sleep(0.05)
    await boss.until(id, "completed")
    assert await boss.words(id) == 90


async def test_a_task_that_kills_its_worker_three_times_is_failed_as_poisonous(
    keiko: Product, boss: Boss
) -> None:
    id = await boss.start("!long 900 10")
    for attempt in (1, 2, 3):
        async with asyncio.timeout(30):
            while (await boss.task(id))["attempts"] < attempt:
                await asyncio.sleep(0.05)
        keiko.wait_for_new("worker", keiko.kill("worker"))
    ended = await boss.until(id, "failed", within=30)
    assert ended["error_code"] == "poisonous" and ended["error"]
    assert (await boss.changes(id)).count("task.started") == 4


async def test_a_task_is_begun_and_followed_from_a_terminal(keiko: Product, boss: Boss) -> None:
    said = keiko.run("tasks", "start", "!say from a terminal", "--name", "By hand", "--key", "k")
    assert said.returncode == 0, said.stderr
    id = said.stdout.strip()
    await boss.until(id, "completed")
    shown = keiko.run("tasks", "show", id).stdout
    assert "By hand" in shown and "task.completed" in shown and "from a terminal" in shown
    assert "By hand" in keiko.run("tasks", "list", "--state", "finished").stdout
    again = keiko.run("tasks", "start", "!say from a terminal", "--name", "By hand", "--key", "k")
    assert again.stdout.startswith(id) and "before" in again.stdout
    past = keiko.run("tasks", "start", "Too late", "--at", "2020-01-01")
    assert past.returncode == 1 and "over" in past.stderr


async def test_after_all_this_every_row_is_the_fold_of_its_events(keiko: Product) -> None:
    engine = keiko.open_engine(pool_size=1)
    try:
        async with Database(engine).transaction() as session:
            assert await differing_tasks(session) == []
    finally:
        await engine.dispose()
