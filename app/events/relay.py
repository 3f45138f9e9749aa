"""The outbox relay: moves committed events to one Redis stream, each at least once.

Never by an id cursor: ids are drawn before the commit, so a late committer would be skipped.
What has no `published_at` is published, and only then marked.
"""

from redis.asyncio import Redis
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.redis import EVENTS
from app.events.envelope import encode, envelope
from app.events.store import StoredEvent

LONGEST_STREAM = 100_000
"""Entries kept in the stream; Postgres keeps every event."""


async def publish_events(session: AsyncSession, redis: Redis, *, most: int = 500) -> int:
    """Publish the oldest unpublished events; returns how many. Two relays share the work."""
    rows = await session.scalars(
        select(StoredEvent)
        .where(StoredEvent.published_at.is_(None))
        .order_by(StoredEvent.seq)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    events = list(rows)
    if not events:
        return 0
    pipe = redis.pipeline(transaction=False)
    for event in events:
        pipe.xadd(EVENTS, {"e": encode(envelope(event))}, maxlen=LONGEST_STREAM, approximate=True)
    await pipe.execute()
    await session.execute(
        update(StoredEvent)
        .where(StoredEvent.id.in_([event.id for event in events]))
        .values(published_at=func.now())
        .execution_options(synchronize_session=False)
    )
    return len(events)
