"""The clock of schedules: each worker looks for runs whose moment has come, none twice."""

from app.core.clock import now
from app.core.loops import keep_on
from app.core.resources import Resources
from app.schedules.due import next_moment
from app.turns.schedules import fire_due

LOOK_SECONDS = 0.5
"""How often a worker looks; it wakes in time for a moment that it knows of."""


async def fire_schedules(resources: Resources) -> None:
    """Begin runs as their moments come, until cancelled."""
    await keep_on("schedules", lambda: _look(resources))


async def _look(resources: Resources) -> float:
    """Begin what is due; says how long there is nothing to do (seconds)."""
    async with resources.db.transaction() as session:
        moment = await next_moment(session)
    if moment is None:
        return LOOK_SECONDS
    early = (moment - now()).total_seconds()
    if early > 0:
        return min(LOOK_SECONDS, early)
    return 0.0 if await fire_due(resources, now()) else LOOK_SECONDS
