"""Jobs that another process sends to the worker: how they are written, and how one is asked for."""

import asyncio
import contextlib
from typing import Any

import orjson
from arq.connections import ArqRedis
from arq.jobs import ResultNotFound, SerializationError
from redis.asyncio import Redis

from app.core.errors import Unavailable
from app.core.redis import LOST

QUEUE = "arq:queue"
_LOOK_SECONDS = 0.05


def dump_job(job: dict[str, Any]) -> bytes:
    """A job as JSON; what JSON does not know is written as text."""
    return orjson.dumps(job, default=str)


def _pool(redis: Redis) -> ArqRedis:
    return ArqRedis(
        connection_pool=redis.connection_pool,
        job_serializer=dump_job,
        job_deserializer=orjson.loads,
        default_queue_name=QUEUE,
    )


async def tell_worker(redis: Redis, job: str, *arguments: str, seconds: float) -> None:
    """Have a worker do a job of `jobs.FUNCTIONS`, if one begins with it within `seconds`.

    Lost while Redis is away: nothing may depend on it.
    """
    with contextlib.suppress(*LOST):
        await _pool(redis).enqueue_job(job, *arguments, _expires=seconds)


async def ask_worker(redis: Redis, job: str, *arguments: str, seconds: float) -> Any:
    """Have a worker do a job of `jobs.FUNCTIONS`, and wait for what it gives back.

    Raises Unavailable when no worker has done it within `seconds`; it is not begun later.
    """
    sent = await _pool(redis).enqueue_job(job, *arguments, _expires=seconds)
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
