"""Counts what happened, by day and type, and how long tasks and tools took."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.resources import Resources
from app.events.counts import add_counts
from app.events.envelope import Envelope
from app.tasks.models import Task

ENDS = {"task.completed", "task.failed", "task.cancelled", "task.timed_out"}


async def handle_all(
    _resources: Resources, session: AsyncSession, events: Sequence[Envelope]
) -> None:
    """Add the events to the counts."""
    took = await _durations(session, {e.subject_id for e in events if e.type in ENDS})
    counts, milliseconds = Counter[tuple[object, str]](), Counter[tuple[object, str]]()
    for event in events:
        key = (event.time.date(), event.type)
        counts[key] += 1
        if event.type in ENDS:
            milliseconds[key] += took.get(event.subject_id, 0)
        elif event.type == "tool.executed":
            milliseconds[key] += int(event.payload.get("milliseconds", 0))
    await add_counts(
        session,
        [
            {"day": day, "type": type, "count": count, "milliseconds": milliseconds[day, type]}
            for (day, type), count in counts.items()
        ],
    )


async def _durations(session: AsyncSession, ids: set[UUID | None]) -> dict[UUID | None, int]:
    """How long the tasks ran (milliseconds)."""
    if not ids:
        return {}
    rows = await session.execute(
        select(Task.id, Task.started_at, Task.completed_at).where(Task.id.in_(ids))
    )
    return {
        id: int((end - begin).total_seconds() * 1000) for id, begin, end in rows if end and begin
    }
