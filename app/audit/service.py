"""Keeps the record: who signed in, what was done for whom, which tools were used."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AuditEntry
from app.core.bulk import insert_rows
from app.events.envelope import Envelope
from app.events.patterns import matches

ON_RECORD = (
    "user.*",
    "session.*",
    "task.created",
    "task.completed",
    "task.failed",
    "task.cancelled",
    "task.timed_out",
    "task.removed",
    "question.*",
    "tool.*",
    "mcp.*",
    "schedule.*",
    "webhook.*",
    "thread.deleted",
)
"""The types of events that are kept."""

_UNKEPT = {"changes"}
"""What people wrote is not for the record: it must stay removable."""

_ADD = insert_rows(
    AuditEntry,
    AuditEntry.id,
    AuditEntry.type,
    AuditEntry.user_id,
    AuditEntry.subject_id,
    AuditEntry.correlation_id,
    AuditEntry.occurred_at,
    AuditEntry.details,
)


def is_on_record(event: Envelope) -> bool:
    """Whether an event is kept."""
    return matches(event.type, ON_RECORD)


async def keep(session: AsyncSession, events: Sequence[Envelope]) -> None:
    """Put events on record, in their order."""
    rows = [
        {
            "id": event.id,
            "type": event.type,
            "user_id": event.user_id,
            "subject_id": event.subject_id,
            "correlation_id": event.correlation_id,
            "occurred_at": event.time,
            "details": {k: v for k, v in event.payload.items() if k not in _UNKEPT},
        }
        for event in events
    ]
    if rows:
        await session.execute(_ADD, {"rows": rows})
