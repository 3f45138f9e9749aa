"""What each consumer has done: an event is acted upon once, however often it is delivered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint, delete, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Base, Entity
from app.events.store import StoredEvent


class InboxEntry(Base):
    """A consumer has handled an event; written in the transaction that holds the effect."""

    __tablename__ = "inbox"

    consumer: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    handled_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class DeadLetter(Entity):
    """An event that a consumer gave up on; it waits for somebody who replays it."""

    __tablename__ = "dead_letters"
    __table_args__ = (UniqueConstraint("consumer", "event_id"),)

    consumer: Mapped[str]
    event_id: Mapped[UUID]
    deliveries: Mapped[int]
    error: Mapped[str]
    replayed_at: Mapped[datetime | None]


async def list_dead_letters(session: AsyncSession, *, limit: int) -> list[tuple[DeadLetter, str]]:
    """Dead letters, latest first, each with the type of its event."""
    rows = await session.execute(
        select(DeadLetter, StoredEvent.type)
        .outerjoin(StoredEvent, StoredEvent.id == DeadLetter.event_id)
        .order_by(DeadLetter.created_at.desc(), DeadLetter.id.desc())
        .limit(limit)
    )
    return [(letter, type or "(no longer kept)") for letter, type in rows]


async def replay_dead_letters(session: AsyncSession, letter_id: UUID | None) -> int:
    """Publish one event, or all, again for the consumers that gave up on them; how many."""
    which = DeadLetter.id == letter_id if letter_id else DeadLetter.replayed_at.is_(None)
    letters = (
        await session.execute(
            update(DeadLetter)
            .where(which)
            .values(replayed_at=now())
            .returning(DeadLetter.consumer, DeadLetter.event_id)
        )
    ).all()
    if letters:
        given = [(letter.consumer, letter.event_id) for letter in letters]
        inbox = tuple_(InboxEntry.consumer, InboxEntry.event_id)
        await session.execute(delete(InboxEntry).where(inbox.in_(given)))
        await session.execute(
            update(StoredEvent)
            .where(StoredEvent.id.in_({letter.event_id for letter in letters}))
            .values(published_at=None)
            .execution_options(synchronize_session=False)
        )
        await session.execute(text("notify events"))
    return len(letters)
