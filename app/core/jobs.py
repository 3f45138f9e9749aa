"""Jobs that another process sends to the worker: how they are written, and how one is asked for."""

import asyncio
from typing import Any

import orjson
from arq.connections import ArqRedis
from arq.jobs import ResultNotFound, SerializationError
from redis.asyncio import Redis

from app.core.errors import Unavailable

QUEUE = "arq:queue"
_LOOK_SECONDS = 0.05


def dump_job(job: dict[str, Any]) -> bytes:
    """A job as JSON; what JSON does not know is written as text."""
    return orjson.dumps(job, default=str)


async def ask_worker(redis: Redis, job: str, *arguments: str, seconds: float) -> Any:
    """Have a worker do a job of `jobs.FUNCTIONS`, and wait for what it gives back.

    Raises Unavailable when no worker has done it within `seconds`; it is not begun later.
    """
    pool = ArqRedis(
        connection_pool=redis.connection_pool,
        job_serializer=dump_job,
        job_deserializer=orjson.loads,
        default_queue_name=QUEUE,
    )
    sent = await pool.enqueue_job(job, *arguments, _expires=seconds)
    if sent is None:
        raise Unavailable("This is being done already. Wait for its end.")
    try:
        async with asyncio.timeout(seconds):
            return await sent.result(poll_delay=_LOOK_SECONDS)
    except TimeoutError:
        raise Unavailable(
            f"No worker has answered within {seconds:g} seconds. Look whether one runs, "
            "or try again."
        ) from None
    except (ResultNotFound, SerializationError):
        raise Unavailable("The worker failed at this; its log says why.") from None
