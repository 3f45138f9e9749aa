"""Another key for everything, while Keiko runs: a new one seals, the old one is retired at the end.

Each step can be done again: whoever is interrupted finds two keys in the file, and goes on with the
first. The old key leaves only when the database has nothing more that was sealed with it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import text

from app.core.errors import Conflict
from app.core.key_register import note_key, retire_key
from app.core.keys import LOOK_SECONDS, key_file, new_key
from app.core.resealing import ONE_AT_A_TIME, Progress, count_left, seal_all
from app.core.resources import Resources
from app.core.sealed import key_id
from app.core.sealed_rows import Indexed

_LOCK = text("select pg_try_advisory_xact_lock(:one)")
_NOW = text("select cast(cast(pg_current_xact_id() as text) as bigint)")
_OLDEST = text("select cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint)")


@asynccontextmanager
async def alone(resources: Resources) -> AsyncIterator[bool]:
    """Whether nobody else seals rows anew now, nor will meanwhile."""
    async with resources.db.engine.begin() as held:
        yield bool(await held.scalar(_LOCK, {"one": ONE_AT_A_TIME}))


async def begin(resources: Resources) -> str:
    """Have a new key seal; gives its name. A change of keys that was interrupted goes on.

    Raises Conflict where the setting names one key only: there the operator puts a new one.
    """
    sealer, settings = resources.sealer, resources.settings
    if settings.secret_key is not None:
        if len(sealer.ids) < 2:
            raise Conflict(
                "KEIKO_SECRET_KEY names one key. Put a new one in front of it, with a comma, "
                "restart all processes, and do this again."
            )
    elif len(sealer.ids) < 2:
        file = key_file(settings)
        old, fresh = file.read(), new_key()
        async with resources.db.transaction() as session:
            await note_key(session, key_id(fresh).hex())
        file.write([fresh, *old])
        sealer.look_again()
    return sealer.ids[0]


async def wait_for_others(resources: Resources) -> None:
    """Wait until every process seals with the new key, and has written what it sealed before."""
    await asyncio.sleep(2 * LOOK_SECONDS)
    async with resources.db.transaction() as session:
        begun = await session.scalar(_NOW) or 0
    while True:
        async with resources.db.transaction() as session:
            if (await session.scalar(_OLDEST) or 0) >= begun:
                return
        await asyncio.sleep(0.2)


async def seal_anew(
    resources: Resources, indexed: Mapping[str, Indexed]
) -> AsyncIterator[Progress]:
    """Seal everything with the new key; says how far it is."""
    fresh = False
    while True:
        progress = Progress()
        async for progress in seal_all(resources.db, indexed, fresh=fresh):
            yield progress
        left = await count_left(resources.db)
        if all(count <= progress.stuck.get(name, 0) for name, count in left.items()):
            return
        fresh = True


async def retire(resources: Resources, purposes: tuple[str, ...]) -> list[str]:
    """Let go of the keys that nothing is sealed with any more; gives their names.

    They leave the file, and are kept beside it: backups of earlier days open with them alone.
    """
    sealer, settings = resources.sealer, resources.settings
    first, *old = sealer.ids
    async with resources.db.transaction() as session:
        for id in old:
            await retire_key(session, sealer, id, purposes)
    if settings.secret_key is None and old:
        file = key_file(settings)
        keys = file.read()
        file.keep(keys[1:])
        file.write([key for key in keys if key_id(key).hex() == first])
        sealer.look_again()
    return old
