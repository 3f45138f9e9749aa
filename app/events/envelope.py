"""An event as its consumers read it, from the stream or from its row."""

from datetime import datetime
from uuid import UUID

import msgspec

from app.core.db import JSON
from app.events.store import StoredEvent


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, to whom it matters, and what led to it."""

    id: UUID
    type: str
    source: str
    time: datetime
    user_id: UUID | None
    subject_id: UUID | None
    correlation_id: UUID | None
    causation_id: UUID | None
    payload: JSON


def envelope(event: StoredEvent) -> Envelope:
    """The envelope of a stored event."""
    return Envelope(
        id=event.id,
        type=event.type,
        source=event.source,
        time=event.occurred_at,
        user_id=event.user_id,
        subject_id=event.subject_id,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        payload=event.payload,
    )


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Envelope).decode
