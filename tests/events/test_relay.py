"""The outbox: an event is published if, and only if, its transaction stands."""

import asyncio
from uuid import UUID, uuid4

import orjson
import pytest

from app.core.redis import EVENTS
from app.core.resources import Resources
from app.events.relay import publish_events
from app.events.store import record
from app.events.types import UserCreated


async def happen(resources: Resources, name: str) -> UUID:
    event = UserCreated(user_id=uuid4(), username=name, role="user")
    async with resources.db.transaction() as session:
        record(session, event)
    return event.event_id


async def relay(resources: Resources) -> int:
    async with resources.db.transaction() as session:
        return await publish_events(session, resources.redis)


async def published(resources: Resources) -> list[UUID]:
    entries = await resources.redis.xrange(EVENTS)
    return [UUID(orjson.loads(fields[b"e"])["id"]) for _, fields in entries]


async def test_events_are_published_once_each_in_their_order(resources: Resources) -> None:
    ids = [await happen(resources, f"user{n}") for n in range(5)]
    assert await relay(resources) == 5
    assert await relay(resources) == 0
    assert await published(resources) == ids


async def test_an_event_of_a_transaction_that_failed_did_not_happen(resources: Resources) -> None:
    with pytest.raises(RuntimeError):
        async with resources.db.transaction() as session:
            record(session, UserCreated(user_id=uuid4(), username="nobody", role="user"))
            await session.flush()
            raise RuntimeError
    assert await relay(resources) == 0


async def test_an_event_that_commits_late_is_not_skipped(resources: Resources) -> None:
    late = UserCreated(user_id=uuid4(), username="late", role="user")
    async with resources.db.transaction() as slow:
        record(slow, late)
        await slow.flush()
        early = await happen(resources, "early")
        assert await relay(resources) == 1
    assert await relay(resources) == 1
    assert await published(resources) == [early, late.event_id]


async def test_two_relays_share_the_work(resources: Resources) -> None:
    ids = {await happen(resources, f"user{n}") for n in range(20)}
    counts = await asyncio.gather(relay(resources), relay(resources))
    assert sum(counts) == 20
    assert sorted(await published(resources)) == sorted(ids)
