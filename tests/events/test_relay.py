"""The outbox: an event is published if, and only if, its transaction stands."""

import asyncio
from uuid import UUID, uuid4

import orjson
import pytest

from app.consumers.relay import relay_events
from app.core.cancel import end
from app.core.redis import EVENTS
from app.core.resources import Resources
from app.events.access import UserCreated
from app.events.envelope import decode, envelope
from app.events.relay import leading, publish_events
from app.events.store import StoredEvent, record


async def happen(resources: Resources, name: str) -> UUID:
    event = UserCreated(user_id=uuid4(), username=name, role="user")
    async with resources.db.transaction() as session:
        record(session, event)
    return event.event_id


async def relay(resources: Resources) -> int:
    async with leading(resources.db) as connection:
        return await publish_events(connection, resources.redis)


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


async def test_a_second_relay_waits_and_takes_over_at_once(resources: Resources) -> None:
    leads = asyncio.Event()

    async def stand_by() -> None:
        async with leading(resources.db):
            leads.set()

    async with leading(resources.db) as first:
        second = asyncio.create_task(stand_by())
        while not await first.fetchval(
            "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        ):
            await asyncio.sleep(0.01)
        assert not leads.is_set()
    async with asyncio.timeout(10):
        await leads.wait()
    await second


async def test_an_event_reads_the_same_from_the_stream_and_from_its_row(
    resources: Resources,
) -> None:
    id = await happen(resources, 'Zoë \u2028 "x"')
    await relay(resources)
    [(_, fields)] = await resources.redis.xrange(EVENTS)
    async with resources.db.transaction() as session:
        row = await session.get_one(StoredEvent, id)
    assert decode(fields[b"e"]) == envelope(row)


async def test_the_relay_is_woken_by_a_commit(resources: Resources) -> None:
    relaying = asyncio.create_task(relay_events(resources, ()))
    async with asyncio.timeout(10):
        first = await happen(resources, "first")
        while await published(resources) != [first]:
            await asyncio.sleep(0.01)
        second = await happen(resources, "second")
        while await published(resources) != [first, second]:
            await asyncio.sleep(0.01)
    await end(relaying)
