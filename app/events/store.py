"""The event store and outbox in one: an event is stored with the change that caused it."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.bulk import insert_rows
from app.core.clock import now
from app.core.db import JSON, Base
from app.events.event import Event

_ENVELOPE = {field.name for field in fields(Event)}


class StoredEvent(Base):
    """Something that happened; public once the relay has set `published_at`."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_unpublished", "seq", postgresql_where=text("published_at is null")),
        Index("ix_events_seq", "seq"),
        Index(
            "ix_events_published",
            "published_at",
            "seq",
            postgresql_where=text("published_at is not null"),
        ),
        Index(None, "user_id", "seq"),
        Index(None, "subject_id", "seq"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    type: Mapped[str]
    source: Mapped[str]
    user_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None] = mapped_column(index=True)
    causation_id: Mapped[UUID | None]
    payload: Mapped[JSON]
    actor: Mapped[JSON | None]
    occurred_at: Mapped[datetime] = mapped_column(default=now)
    published_at: Mapped[datetime | None]


def event_row(event: Event) -> dict[str, Any]:
    """The columns of an event, for statements that insert many."""
    own = {f.name: getattr(event, f.name) for f in fields(event) if f.name not in _ENVELOPE}
    return {
        "id": event.event_id,
        "type": event.event_type,
        "source": event.source,
        "user_id": event.user_id,
        "subject_id": event.subject_id,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "payload": to_jsonable_python(own),
        "actor": to_jsonable_python(event.actor.known) if event.actor else None,
        "occurred_at": event.occurred_at,
    }


def record(session: AsyncSession, event: Event) -> None:
    """Say that `event` happened. It becomes public when, and only if, the session commits."""
    session.add(StoredEvent(**event_row(event)))


_ADD_EVENTS = insert_rows(
    StoredEvent,
    StoredEvent.id,
    StoredEvent.type,
    StoredEvent.source,
    StoredEvent.user_id,
    StoredEvent.subject_id,
    StoredEvent.correlation_id,
    StoredEvent.causation_id,
    StoredEvent.payload,
    StoredEvent.actor,
    StoredEvent.occurred_at,
).on_conflict_do_nothing()


async def record_all(session: AsyncSession, events: Sequence[Event]) -> None:
    """Say that many things happened, in one statement; what was said before is not said again."""
    if events:
        await session.execute(_ADD_EVENTS, {"rows": [event_row(event) for event in events]})
