"""Running work beside each other, and ending it for good.

On CPython 3.11 a cancellation that meets a timeout of the Redis client in the same moment is
swallowed. Work that talks to Redis is therefore never awaited directly by what must end: it
runs as a task of its own, and is cancelled until it has ended.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def run_together(*work: Coroutine[Any, Any, None]) -> None:
    """Run all until cancelled, or until one fails; then end the others."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await end(*tasks)
    for task in done:
        task.result()


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended, however long that takes them."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1)
