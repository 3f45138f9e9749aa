"""The outbox relay: moves committed events to one Redis stream, each at least once, in order.

Never by an id cursor: ids are drawn before the commit, so a late committer would be skipped.
What has no `published_at` is published, and only then marked. Who calls this holds the relay's
lock on the same connection, so that one relay publishes at a time.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import msgspec
from redis.asyncio import Redis

from app.core.db import Database
from app.core.redis import EVENTS, HAPPENED

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[Any]

LONGEST_STREAM = 100_000
"""Entries kept in the stream; Postgres keeps every event."""

ONE_RELAY = 0x6B656972
"""Advisory lock of the one relay that publishes; it falls with the holder's connection."""

_PATIENCE_SECONDS = 30
_UNPUBLISHED = """
select id, type, source, user_id, subject_id, correlation_id, causation_id, occurred_at as time,
       payload::text as payload
from events where published_at is null order by seq limit $1
"""
_encode = msgspec.json.Encoder().encode


@asynccontextmanager
async def leading(db: Database) -> AsyncIterator["Connection"]:
    """Wait to become the one relay; then the connection that holds the lock, and only it.

    The next relay goes on the moment that this connection ends, however that comes about. Its
    commits wait for no disk: a mark that is lost in a crash has an event published once more.
    """
    async with db.engine.connect() as held:
        connection = cast("Connection", (await held.get_raw_connection()).driver_connection)
        try:
            while not await _is_locked(connection):
                pass
            await connection.execute("set synchronous_commit = off")
            yield connection
        finally:
            await held.invalidate()


async def _is_locked(connection: "Connection") -> bool:
    """Whether the lock was won; waits for it, but no long time in one statement."""
    try:
        await connection.execute(f"select pg_advisory_lock({ONE_RELAY})", timeout=_PATIENCE_SECONDS)
    except TimeoutError:
        return False
    return True


async def publish_events(connection: "Connection", redis: Redis, *, most: int = 500) -> int:
    """Publish the oldest unpublished events; returns how many."""
    rows = await connection.fetch(_UNPUBLISHED, most)
    if not rows:
        return 0
    pipe = redis.pipeline(transaction=False)
    for row in rows:
        event = {**row, "payload": msgspec.Raw(row["payload"].encode())}
        data = _encode(event)
        pipe.xadd(EVENTS, {"e": data}, maxlen=LONGEST_STREAM, approximate=True)
        pipe.publish(HAPPENED, data)
    await pipe.execute()
    await connection.execute(
        "update events set published_at = now() where id = any($1::uuid[])",
        [row["id"] for row in rows],
    )
    return len(rows)
