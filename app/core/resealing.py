"""Seals with the present key what stands in the database in the clear, or sealed with an older one.

While Keiko runs, a few pages of a table at a time: rows that somebody holds are left for the next
pass, and what is written meanwhile is sealed with the present key anyway. How far it is stands in
the database, so that it goes on there after whatever ended it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Database
from app.core.sealed_columns import SEALED_COLUMNS
from app.core.sealed_rows import Indexed, SealedTable
from app.core.sealed_types import sealer_of

ONE_AT_A_TIME = 0x7365616C
"""Advisory lock: two that seal the same rows only hinder each other."""

_PAGES = 16
"""Pages of a table that are sealed in one transaction."""

_REST_SECONDS = 0.2
"""After a pass that left something, because somebody held it."""


class SealingProgress(Base):
    """How far a table is sealed with a key: `page` is where to go on."""

    __tablename__ = "sealing_progress"

    name: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str]
    page: Mapped[int] = mapped_column(default=0)
    stuck: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]


@dataclass
class Progress:
    """How far the sealing is: pages of the present table, rows of all."""

    table: str = ""
    page: int = 0
    pages: int = 0
    sealed: int = 0
    stuck: dict[str, int] = field(default_factory=dict)
    """Rows that cannot be opened, by table."""


def sealed_tables(indexed: Mapping[str, Indexed]) -> list[SealedTable]:
    """The tables of `SEALED_COLUMNS`."""
    groups = groupby(sorted(SEALED_COLUMNS, key=lambda one: one.table), key=lambda one: one.table)
    return [SealedTable(name, tuple(columns), indexed.get(name)) for name, columns in groups]


async def seal_all(
    db: Database, indexed: Mapping[str, Indexed], *, fresh: bool = False
) -> AsyncIterator[Progress]:
    """Seal everything with the present key; says after each step how far it is.

    With `fresh`, tables are looked through though they were finished once.
    """
    progress = Progress()
    for table in sealed_tables(indexed):
        if not await _begin(db, table, progress, fresh=fresh):
            continue
        while True:
            more = True
            while more:
                more = await _step(db, table, progress)
                yield progress
            if await _is_done(db, table, progress):
                break
            progress.page = 0
            await asyncio.sleep(_REST_SECONDS)


async def count_left(db: Database) -> dict[str, int]:
    """How many rows of which tables are not sealed with the present key."""
    async with db.transaction() as session:
        counts = {table.name: await table.count(session) for table in sealed_tables({})}
    return {name: count for name, count in counts.items() if count}


async def _begin(db: Database, table: SealedTable, progress: Progress, *, fresh: bool) -> bool:
    """Whether a table is to be looked through, from `progress.page` on."""
    async with db.transaction() as session:
        key, done = sealer_of(session).ids[0], await _progress(session, table)
        if fresh or done.key_id != key:
            done.key_id, done.page, done.stuck, done.finished_at = key, 0, 0, None
        progress.table, progress.page = table.name, done.page
        return done.finished_at is None


async def _step(db: Database, table: SealedTable, progress: Progress) -> bool:
    """Seal the next pages; False when there are no more in this pass."""
    async with db.transaction() as session:
        progress.pages = await table.last_page(session)
        batch = await table.seal(session, progress.page, _PAGES)
        done = await _progress(session, table)
        done.stuck = batch.stuck + (done.stuck if progress.page else 0)
        progress.page = min(progress.page + _PAGES, progress.pages + 1)
        more = progress.page <= progress.pages
        done.page = progress.page if more else 0
    progress.sealed += batch.sealed
    return more


async def _is_done(db: Database, table: SealedTable, progress: Progress) -> bool:
    """Whether nothing is left but what cannot be opened."""
    async with db.transaction() as session:
        left, done = await table.count(session), await _progress(session, table)
        if left > done.stuck:
            return False
        done.finished_at = now()
    if left:
        progress.stuck[table.name] = left
    return True


async def _progress(session: AsyncSession, table: SealedTable) -> SealingProgress:
    done = await session.get(SealingProgress, table.name)
    if done is None:
        done = SealingProgress(name=table.name, key_id="", page=0, stuck=0)
        session.add(done)
    return done
