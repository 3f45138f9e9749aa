"""What follows a commit: hints to others. Whoever wrote does not wait for a server that hangs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from app.core.logs import log

PATIENCE_SECONDS = 2.0

_at_work: set[asyncio.Task[None]] = set()


async def follow_up(calls: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """Do all of these in their order; what takes longer is done later."""
    work = asyncio.create_task(_do(calls))
    _at_work.add(work)
    work.add_done_callback(_note_end)
    await asyncio.wait([work], timeout=PATIENCE_SECONDS)
    if work.done():
        work.result()


async def _do(calls: Sequence[Callable[[], Awaitable[object]]]) -> None:
    for call in calls:
        await call()


def _note_end(work: asyncio.Task[None]) -> None:
    _at_work.discard(work)
    if not work.cancelled() and (error := work.exception()) is not None:
        log.warning("after_commit_failed", error=type(error).__name__)
