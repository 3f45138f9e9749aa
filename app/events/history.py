"""A user's own events, as they were: page by page, or all that came after one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid
from app.events.store import StoredEvent

LONGEST_REPLAY = timedelta(hours=24)
OVERLAP = timedelta(seconds=5)
"""What is read again on every look back, for clocks and transactions that cross."""


@dataclass(frozen=True)
class Place:
    """How far a listener has been told, in the order of publication."""

    published_at: datetime
    seq: int = -1

    @property
    def before(self) -> "Place":
        """A little earlier, to be on the safe side."""
        return Place(self.published_at - OVERLAP)


def covers(pattern: str) -> ColumnElement[bool]:
    """The condition that an event's type matches a pattern (see `patterns`)."""
    if pattern == "*":
        return StoredEvent.type.is_not(None)
    if pattern.endswith(".*"):
        return StoredEvent.type.startswith(pattern[:-1], autoescape=True)
    return StoredEvent.type == pattern


async def list_events(
    session: AsyncSession, user_id: UUID, *, patterns: Sequence[str], after: str | None, limit: int
) -> tuple[list[StoredEvent], str | None]:
    """A user's events, latest first, and the cursor of the next page."""
    query = select(StoredEvent).where(StoredEvent.user_id == user_id)
    if patterns:
        query = query.where(or_(*map(covers, patterns)))
    if after is not None:
        if not (after.isascii() and after.isdecimal() and len(after) < 19):
            raise Invalid("This is not a cursor of a page before.", field="after")
        query = query.where(StoredEvent.seq < int(after))
    found = list(await session.scalars(query.order_by(StoredEvent.seq.desc()).limit(limit + 1)))
    more = len(found) > limit
    return found[:limit], str(found[limit - 1].seq) if more else None


async def place_of(session: AsyncSession, user_id: UUID, event_id: UUID | None) -> Place:
    """Where a listener stands that was told `event_id` last; now, if that is not known."""
    at: datetime = (await session.scalars(select(func.now()))).one()
    if event_id is None:
        return Place(at)
    row = (
        await session.execute(
            select(StoredEvent.published_at, StoredEvent.occurred_at, StoredEvent.seq).where(
                StoredEvent.id == event_id, StoredEvent.user_id == user_id
            )
        )
    ).one_or_none()
    if row is None:
        return Place(at)
    published_at, occurred_at, seq = row
    place = Place(published_at, seq) if published_at else Place(occurred_at)
    return place if place.published_at > at - LONGEST_REPLAY else Place(at - LONGEST_REPLAY)


async def list_published(
    session: AsyncSession, user_id: UUID, after: Place, *, limit: int = 500
) -> list[StoredEvent]:
    """A user's events published after a place, in the order of publication."""
    query: Select[StoredEvent] = select(StoredEvent).where(
        StoredEvent.user_id == user_id,
        StoredEvent.published_at >= after.published_at,  # lets the partial index be used
        tuple_(StoredEvent.published_at, StoredEvent.seq) > tuple_(after.published_at, after.seq),
    )
    query = query.order_by(StoredEvent.published_at, StoredEvent.seq).limit(limit)
    return list(await session.scalars(query))
