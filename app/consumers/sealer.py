"""Seals the record, and removes what is past its time. Any number of these may run at once."""

import asyncio

from sqlalchemy.exc import DBAPIError

from app.audit.configuration import note_settings
from app.audit.heads import Teller
from app.audit.retention import remove_old
from app.audit.sealing import driver_of, seal_keys, seal_pending
from app.core.db import is_away
from app.core.errors import Unavailable
from app.core.logs import log
from app.core.loops import keep_on
from app.core.resources import Resources

SECONDS = 1.0
"""An entry waits no longer than this for its seal."""

SWEEP_SECONDS = 3600.0
WITHOUT_KEY_SECONDS = 30.0


async def note_start(resources: Resources) -> None:
    """Put on record with which settings Keiko starts, as soon as the database is there."""
    while True:
        try:
            await note_settings(resources.db, resources.settings, resources.sealer)
        except (DBAPIError, OSError) as error:
            if not is_away(error):
                raise
            await asyncio.sleep(SECONDS)
        else:
            return


async def seal_record(resources: Resources) -> None:
    """Seal what is on record, until cancelled."""
    teller = Teller(resources.settings.data)

    async def step() -> float:
        return await seal_waiting(resources, teller)

    await keep_on("sealer", step)


async def seal_waiting(resources: Resources, teller: Teller) -> float:
    """Seal everything that waits; returns after how many seconds to look again."""
    try:
        keys = seal_keys(resources.sealer)
    except Unavailable as error:
        log.warning("record_not_sealed", error=str(error))
        return WITHOUT_KEY_SECONDS
    last = None
    async with resources.db.engine.connect() as held:
        connection = await driver_of(held)
        while seal := await seal_pending(connection, keys):
            last = seal
        if last:
            await teller.tell(connection, last, asyncio.get_running_loop().time())
    return SECONDS


async def sweep_record(resources: Resources) -> None:
    """Remove what is past its time, once an hour, until cancelled."""

    async def step() -> float:
        days = resources.settings.audit_retention_days
        async with resources.db.engine.connect() as held:
            await remove_old(await driver_of(held), days)
        return SWEEP_SECONDS

    await keep_on("audit retention", step)
