"""The way from a committed task to a worker: a list of ids that wakes one.

Postgres knows every waiting task; the list only makes the way short. What is lost here
(Redis away, flushed, a process that died after its commit) the workers' sweep finds.
"""

import contextlib
from collections.abc import Awaitable, Sequence
from typing import Any, cast
from uuid import UUID

from redis.asyncio import Redis

from app.core.bus import publish_hint
from app.core.redis import LOST, TASKS_READY
from app.tasks.models import Task, TaskStatus

ANSWERED = "answered"
"""The hint that a question of a task has its answer, for the worker that runs the task."""


async def announce(redis: Redis, ids: list[UUID]) -> None:
    """Say that these tasks may be claimable."""
    if ids:
        with contextlib.suppress(*LOST):
            await _of(redis.rpush(TASKS_READY, *[str(id) for id in ids]))


async def tell_changed(redis: Redis, changed: Sequence[Task]) -> None:
    """Let workers and pages look at tasks that have changed."""
    running = [task.id for task in changed if task.status is TaskStatus.RUNNING]
    await publish_hint(redis, ANSWERED, *running)
    await announce(redis, [task.id for task in changed if task.id not in running])
    await publish_hint(redis, "thread", *{task.thread_id for task in changed if task.thread_id})


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
