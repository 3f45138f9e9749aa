"""Loops that go on for as long as their process: one moment without a server ends none of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from app.core.db import is_away
from app.core.logs import log
from app.core.redis import LOST

AGAIN_SECONDS = 0.2
"""How long a loop rests after a failure."""


async def keep_on(name: str, step: Callable[[], Awaitable[float]]) -> NoReturn:
    """Do `step` until cancelled, with the rest in between that it asks for (seconds).

    A database or Redis that is away is waited out; any other error is logged, and the step done
    again: it must be safe to repeat.
    """
    while True:
        try:
            rest = await step()
        except Exception as error:  # noqa: BLE001 - the edge of a loop: it outlives any one step
            if isinstance(error, LOST) or is_away(error):
                log.warning("loop_waits", loop=name, error=type(error).__name__)
            else:
                log.error("loop_failed", loop=name, exc_info=error)
            rest = AGAIN_SECONDS
        await asyncio.sleep(rest)
