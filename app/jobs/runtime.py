"""ARQ, with cures: it survives a Redis restart, ends for good, and writes JSON, not pickle."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import orjson
from arq.connections import ArqRedis
from arq.worker import Worker

from app.core.cancel import end
from app.core.jobs import QUEUE, dump_job
from app.core.logs import log
from app.core.redis import LOST, open_redis
from app.core.resources import Resources
from app.jobs import CRON, FUNCTIONS

_PATIENCE_SECONDS = 5.0


class JobWorker(Worker):
    """ARQ's worker, which waits out a Redis that is away, and ends before what it works with."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._notes: set[asyncio.Task[Any]] = set()
        """What notes how a job ended: ARQ shields it from every cancellation, and forgets it."""

    async def stop(self) -> None:
        """End the jobs under way: they are run again by the next worker, as far as they may."""
        await end(*self.tasks.values())
        await asyncio.sleep(0)  # what was shielded in this very moment begins
        if self._notes:
            await asyncio.wait(self._notes, timeout=_PATIENCE_SECONDS)

    async def finish_job(self, *about: Any) -> None:
        """Note how a job ended, or that it is to be run again."""
        await self._held(super().finish_job(*about))

    async def finish_failed_job(self, *about: Any) -> None:
        """Note that a job cannot be run at all."""
        await self._held(super().finish_failed_job(*about))

    async def _held(self, note: Coroutine[Any, Any, None]) -> None:
        noting = asyncio.create_task(note)
        self._notes.add(noting)
        noting.add_done_callback(self._notes.discard)
        await noting

    async def _poll_iteration(self) -> None:
        try:
            await super()._poll_iteration()
        except LOST:
            log.warning("jobs_wait_for_redis")
            await asyncio.sleep(0.5)


@asynccontextmanager
async def job_worker(resources: Resources) -> AsyncIterator[JobWorker]:
    """The worker for FUNCTIONS and CRON, on a connection of its own."""
    pool = ArqRedis(
        connection_pool=open_redis(str(resources.settings.redis_url)).connection_pool,
        job_serializer=dump_job,
        job_deserializer=orjson.loads,
    )
    worker = JobWorker(
        functions=FUNCTIONS,
        cron_jobs=CRON,
        redis_pool=pool,
        queue_name=QUEUE,
        ctx={"resources": resources},
        handle_signals=False,
        poll_delay=1.0,
        max_jobs=10,
        health_check_interval=15,
        job_serializer=dump_job,
        job_deserializer=orjson.loads,
    )
    try:
        yield worker
    finally:
        await worker.stop()
        await pool.aclose(close_connection_pool=True)
