"""The clock of schedules: each worker looks for runs whose moment has come, none twice."""

import asyncio

from app.core.clock import now
from app.core.db import is_away
from app.core.logs import log
from app.core.resources import Resources
from app.schedules.due import next_moment
from app.turns.schedules import fire_due

LOOK_SECONDS = 0.5
"""How often a worker looks; it wakes in time for a moment that it knows of."""


async def fire_schedules(resources: Resources) -> None:
    """Begin runs as their moments come, until cancelled."""
    while True:
        try:
            while await fire_due(resources, now()):
                pass
            await asyncio.sleep(await _seconds_to_wait(resources))
        except Exception as error:  # noqa: BLE001 - the loop outlives a restarted database
            if not is_away(error):
                log.error("schedules_failed", exc_info=error)
            await asyncio.sleep(LOOK_SECONDS)


async def _seconds_to_wait(resources: Resources) -> float:
    async with resources.db.transaction() as session:
        moment = await next_moment(session)
    if moment is None:
        return LOOK_SECONDS
    return min(LOOK_SECONDS, max(0.0, (moment - now()).total_seconds()))
