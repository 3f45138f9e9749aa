"""Seals what was put on record: one sealer at a time, and a seal stands whole or not at all.

Entries wait in `audit_pending`, written with them; never in "ids above the last one", for ids are
drawn before the commit and late committers would be left out.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.seals import (
    CANONICAL,
    NOTHING_BEFORE,
    PURPOSE,
    Seal,
    join,
    leaf,
    make_mac,
    root,
)
from app.core.db import Database
from app.core.key_register import kept_keys
from app.core.sealed import Sealer, derived_keys

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[Any]

MOST = 2000
"""Entries under one seal: what is verified, and later removed, at once."""

ONE_SEALER = 0x6B656961
"""Advisory lock of whoever seals; it falls with the transaction."""

_LAST = "select * from audit_seals order by n desc limit 1"
_TAKE = """
with taken as (
    delete from audit_pending where ctid = any(array(
        select p.ctid from audit_pending p
        where exists (select from audit_entries e where e.id = p.entry_id) limit $1))
    returning entry_id
)
select e.id, $canonical as canonical
from taken t join audit_entries e on e.id = t.entry_id order by e.seq
""".replace("$canonical", CANONICAL)
_STORE = """
insert into audit_seals (n, at, count, entries, leaves, root, previous, key_id, mac)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


def seal_keys(sealer: Sealer) -> dict[str, bytes]:
    """The keys of the seals, by id; the first is the one to seal with now."""
    sealer.head()  # sees whether the key file was changed meanwhile
    return derived_keys(sealer, PURPOSE)


async def proving_keys(db: Database, sealer: Sealer) -> dict[str, bytes]:
    """The same with those of keys that were retired: what they sealed is still to be proved."""
    async with db.transaction() as session:
        return seal_keys(sealer) | await kept_keys(session, sealer, PURPOSE)


async def driver_of(connection: AsyncConnection) -> "Connection":
    """The driver's own connection, for statements in which every row counts."""
    return cast("Connection", (await connection.get_raw_connection()).driver_connection)


async def last_seal(connection: "Connection") -> Seal | None:
    """The newest seal."""
    row = await connection.fetchrow(_LAST)
    return Seal(**row) if row else None


async def seal_pending(
    connection: "Connection", keys: Mapping[str, bytes], *, most: int = MOST
) -> Seal | None:
    """Seal up to `most` entries that wait; nothing if none does, or another seals just now."""
    async with connection.transaction():
        if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", ONE_SEALER):
            return None
        rows = await connection.fetch(_TAKE, most)
        if not rows:
            return None
        seal = await _seal_after(await last_seal(connection), connection, keys, rows)
        await connection.execute(_STORE, *(getattr(seal, field.name) for field in fields(Seal)))
    return seal


async def _seal_after(
    before: Seal | None, connection: "Connection", keys: Mapping[str, bytes], rows: list[Any]
) -> Seal:
    leaves = [leaf(row["canonical"]) for row in rows]
    key_id, key = next(iter(keys.items()))
    seal = Seal(
        n=before.n + 1 if before else 1,
        at=await connection.fetchval("select clock_timestamp()"),
        count=len(rows),
        entries=[row["id"] for row in rows],
        leaves=join(leaves),
        root=root(leaves),
        previous=before.hash if before else NOTHING_BEFORE,
        key_id=key_id,
        mac=b"",
    )
    return replace(seal, mac=make_mac(key, seal))
