"""ARQ, with cures: it survives a Redis restart, and its messages are JSON, not pickle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from arq.connections import ArqRedis
from arq.worker import Worker

from app.core.jobs import QUEUE, dump_job
from app.core.logs import log
from app.core.redis import LOST, open_redis
from app.core.resources import Resources
from app.jobs import CRON, FUNCTIONS


class JobWorker(Worker):
    """ARQ's worker, which waits out a Redis that is away instead of ending."""

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
    try:
        yield JobWorker(
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
    finally:
        await pool.aclose(close_connection_pool=True)
