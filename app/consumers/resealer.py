"""Seals in the background what older versions wrote in the clear, and what older keys sealed."""

import asyncio

from app.core.logs import log
from app.core.loops import keep_on
from app.core.resealing import Progress, seal_all
from app.core.resources import Resources
from app.core.rotation import alone
from app.turns.indexed import INDEXED

AGAIN_SECONDS = 60.0
"""How often it is looked whether the key is another one."""

_REST_SECONDS = 0.05
"""After some pages: people come first."""


async def seal_rows(resources: Resources) -> None:
    """Seal what is not sealed with the present key, until cancelled."""

    async def look() -> float:
        await seal_once(resources)
        return AGAIN_SECONDS

    await keep_on("sealing", look)


async def seal_once(resources: Resources) -> int:
    """Seal what there is; returns how many rows that were. One process at a time does."""
    progress = Progress()
    async with alone(resources) as free:
        if free:
            async for step in seal_all(resources.db, INDEXED):
                progress = step
                await asyncio.sleep(_REST_SECONDS)
    if progress.sealed or progress.stuck:
        log.info("rows_sealed", rows=progress.sealed, cannot_be_opened=progress.stuck)
    return progress.sealed
