"""What every event says of itself."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.core.actor import Actor, present_actor
from app.core.clock import new_id, now


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events: who it concerns, when, and to which request it belongs."""

    event_type: ClassVar[str]
    source: ClassVar[str]

    event_id: UUID = field(default_factory=new_id)
    occurred_at: datetime = field(default_factory=now)
    user_id: UUID | None = None
    subject_id: UUID | None = None
    """The row that this is about, where it is one of its own."""
    correlation_id: UUID | None = None
    """The first thing of a chain: all that followed from one message carries its id."""
    causation_id: UUID | None = None
    """The event or task that led to this directly."""
    actor: Actor | None = field(default_factory=present_actor)
    """Who did it and from where, as far as that is known; for the record alone."""
