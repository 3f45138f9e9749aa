"""The way from a committed task to a worker: a list of ids that wakes one.

Postgres knows every waiting task; the list only makes the way short. What is lost here
(Redis away, flushed, a process that died after its commit) the workers' sweep finds.
"""

import contextlib
from collections.abc import Awaitable
from typing import Any, cast
from uuid import UUID

from redis.asyncio import Redis

from app.core.redis import LOST, TASKS_READY


async def announce(redis: Redis, ids: list[UUID]) -> None:
    """Say that these tasks may be claimable."""
    if ids:
        with contextlib.suppress(*LOST):
            await _of(redis.rpush(TASKS_READY, *[str(id) for id in ids]))


async def next_ready(redis: Redis, *, most: int, wait_seconds: int) -> list[UUID]:
    """Ids that somebody announced; waits for the first of them, at most so long."""
    first = await _of(redis.blpop([TASKS_READY], timeout=wait_seconds))
    if first is None:
        return []
    more = await _of(redis.lpop(TASKS_READY, most - 1)) if most > 1 else None
    return [UUID(id.decode()) for id in [first[1], *(more or [])]]


def _of(reply: object) -> Awaitable[Any]:
    """The client's type hints cover its blocking twin too; this is the one that waits."""
    return cast("Awaitable[Any]", reply)
