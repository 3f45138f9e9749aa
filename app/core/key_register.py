"""Which keys the database is sealed with, so that nobody seals it with one from nowhere.

The database knows the names of its keys, never a key. A process seals and opens only after it has
seen that its key is one of them; a new key is made for an empty database alone.
"""

import base64
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import derived_id, now
from app.core.db import Base
from app.core.errors import Unavailable
from app.core.keys import key_file, open_sealer
from app.core.sealed import Place, Sealer, derived_keys
from app.core.settings import Settings

_KEYS = UUID("5a1e4c6e-3c9b-4d2e-8b77-0c6a3f1f2d10")

_KNOWN = text("select key_id from sealing_keys where retired_at is null")


class SealingKey(Base):
    """A key by its name; `retired_at` is when nothing was sealed with it any more.

    `sealed` holds what is derived from a retired key and still needed to prove what was signed.
    """

    __tablename__ = "sealing_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(unique=True)
    first_used_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    sealed: Mapped[bytes | None]


async def admit(engine: AsyncEngine, settings: Settings) -> Sealer:
    """The sealer of this Keiko, whose key the database knows; makes one for an empty database.

    Raises Unavailable, with what to do, for a key that is gone or another one, and what the
    driver raises where there is no database to ask.
    """
    known = await _known_keys(engine)
    if known and settings.secret_key is None and not key_file(settings).path.exists():
        raise Unavailable(
            f"The key file {key_file(settings).path} is gone, and this database is sealed with it. "
            "Put it back: nothing that was written can be read without it."
        )
    sealer = open_sealer(settings)
    if known and not known & set(sealer.ids):
        where = "KEIKO_SECRET_KEY" if settings.secret_key else str(key_file(settings).path)
        raise Unavailable(
            f"The key in {where} is not the one that this database is sealed with. Put that one "
            "back: nothing that was written can be read without it."
        )
    if known is not None:
        async with AsyncSession(engine) as session, session.begin():
            await note_key(session, sealer.ids[0])
    return sealer


async def note_key(session: AsyncSession, key_id: str) -> None:
    """Have the database know a key that will seal from now on."""
    await session.execute(
        insert(SealingKey)
        .values(id=_row(key_id), key_id=key_id, first_used_at=now())
        .on_conflict_do_update(
            index_elements=[SealingKey.key_id],
            set_={"retired_at": None, "sealed": None},
            where=SealingKey.retired_at.is_not(None),
        )
    )


async def retire_key(
    session: AsyncSession, sealer: Sealer, key_id: str, purposes: tuple[str, ...]
) -> None:
    """Note that nothing is sealed with a key any more; keeps what is derived for `purposes`."""
    derived = {one: derived_keys(sealer, one)[key_id] for one in purposes}
    kept = {name: base64.b64encode(key).decode() for name, key in derived.items()}
    await note_key(session, key_id)
    row = await session.get_one(SealingKey, _row(key_id))
    row.retired_at = now()
    row.sealed = sealer.seal(kept, Place("sealing_keys", "sealed", row.id))


async def kept_keys(session: AsyncSession, sealer: Sealer, purpose: str) -> dict[str, bytes]:
    """What was derived for a purpose from keys that are retired, by their names."""
    found = await session.scalars(select(SealingKey).where(SealingKey.sealed.is_not(None)))
    kept = {
        row.key_id: sealer.unseal(row.sealed, Place("sealing_keys", "sealed", row.id))
        for row in found
        if row.sealed
    }
    return {id: base64.b64decode(keys[purpose]) for id, keys in kept.items() if purpose in keys}


async def _known_keys(engine: AsyncEngine) -> set[str] | None:
    """The keys that seal; None before the database was brought up to date."""
    try:
        async with engine.connect() as connection:
            return set(await connection.scalars(_KNOWN))
    except ProgrammingError as error:
        cause = error.orig.__cause__ if error.orig else None
        if isinstance(cause, asyncpg.UndefinedTableError):
            return None
        raise


def _row(key_id: str) -> UUID:
    return derived_id(_KEYS, key_id)
