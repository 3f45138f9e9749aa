"""Jobs end with their worker, and none of them is lost by that."""

import asyncio
from typing import Any

import pytest
from arq.worker import Worker, func

from app.core.cancel import end
from app.core.jobs import tell_worker
from app.core.resources import Resources
from app.jobs import runtime
from app.jobs.runtime import job_worker


async def test_a_job_under_way_ends_with_its_worker_and_is_run_by_the_next(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()
    runs: list[str] = []

    async def count(ctx: dict[str, Any]) -> None:
        runs.append(ctx["job_id"])
        begun.set()
        try:
            if len(runs) == 1:
                await asyncio.sleep(60)
        finally:
            ended.set()

    monkeypatch.setattr(runtime, "FUNCTIONS", [func(count, name="count")])
    await tell_worker(resources.redis, "count", seconds=60)
    for _ in range(2):
        begun.clear()
        async with asyncio.timeout(20), job_worker(resources) as jobs:
            working = asyncio.create_task(jobs.main())
            await begun.wait()
            await end(working)
        assert ended.is_set() and all(task.done() for task in jobs.tasks.values())
    assert runs == [runs[0]] * 2, "the same job, by one worker and then by the other"


async def test_that_a_job_is_done_is_noted_before_the_worker_lets_go_of_redis(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = asyncio.Event()
    noted: list[bool] = []
    usual = Worker.finish_job

    async def slowly(self: Worker, *about: Any) -> None:
        notes.set()
        await asyncio.sleep(0.3)
        await usual(self, *about)
        noted.append(True)

    async def nothing(ctx: dict[str, Any]) -> None:
        """Done at once."""

    monkeypatch.setattr(Worker, "finish_job", slowly)
    monkeypatch.setattr(runtime, "FUNCTIONS", [func(nothing, name="nothing")])
    await tell_worker(resources.redis, "nothing", seconds=60)
    async with asyncio.timeout(20), job_worker(resources) as jobs:
        working = asyncio.create_task(jobs.main())
        await notes.wait()
        await end(working)
    assert noted == [True]
