"""How a process of ours lives: it runs until it is told to end, then ends in order."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import uvloop

from app.core.logs import configure_logs, log
from app.core.resources import Resources, open_resources
from app.core.settings import settings


def run_process(name: str, serve: Callable[[Resources], Awaitable[None]]) -> None:
    """Open the resources and run `serve` until it ends or SIGTERM or SIGINT cancels it."""
    configure_logs(name, settings().log_level)
    uvloop.run(_until_told(name, serve))


async def _until_told(name: str, serve: Callable[[Resources], Awaitable[None]]) -> None:
    work: asyncio.Task[None] = asyncio.create_task(_open_and(serve))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    log.info("process_started")
    try:
        await work
    except asyncio.CancelledError:
        log.info("process_ended")


async def _open_and(serve: Callable[[Resources], Awaitable[None]]) -> None:
    async with open_resources(settings()) as resources:
        await serve(resources)
