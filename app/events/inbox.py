"""What each consumer has done: an event is acted upon once, however often it is delivered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Entity


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
