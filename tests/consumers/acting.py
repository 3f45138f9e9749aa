"""Events that happen, are relayed and are handled, step by step, without a process."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import text

from app.consumers.runtime import BatchHandler, Consumer
from app.core.resources import Resources
from app.events.access import UserCreated
from app.events.event import Event
from app.events.relay import leading, publish_events
from app.events.store import record_all


def created(name: str = "ada") -> Event:
    """An event as good as any."""
    return UserCreated(user_id=uuid4(), username=name, role="user")


async def happen(resources: Resources, *events: Event) -> list[UUID]:
    """Have events happen; gives back their ids."""
    async with resources.db.transaction() as session:
        await record_all(session, events)
    return [event.event_id for event in events]


async def relay(resources: Resources) -> int:
    """Publish what has happened."""
    async with leading(resources.db) as connection:
        return await publish_events(connection, resources.redis)


async def consume(resources: Resources, name: str, handle: BatchHandler) -> Consumer:
    """Publish what has happened, and have one consumer handle all of it."""
    await relay(resources)
    consumer = Consumer(resources, name, handle)
    await consumer.join()
    while await consumer.step(patience=0.01):
        pass
    return consumer


async def rows(resources: Resources, sql: str, **values: object) -> Sequence[object]:
    """What the database says: the first column of each row."""
    async with resources.db.transaction() as session:
        return list(await session.scalars(text(sql), values))
