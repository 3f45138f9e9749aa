"""Publishes again what the stream lost: events that a consumer should have handled and has not.

Nothing is lost with Redis, therefore, be it restarted, flushed or replaced: what a consumer has
handled stands in `inbox`, and the rest is still in `events`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError
from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.redis import EVENTS

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[Any]

GRACE = timedelta(seconds=3)
"""How much the clocks of Postgres and Redis may differ, and a consumer be behind."""

KEEP_IN_STREAM = timedelta(hours=48)
"""Less than inbox rows are kept, so that nothing is delivered that nobody remembers."""

MOST = 2000


class SweepMark(Base):
    """How far published events have been looked through (one row).

    `published_at` is given by one relay, after the commit: nothing comes in behind the mark.
    """

    __tablename__ = "event_sweeps"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    published_at: Mapped[datetime]
    seq: Mapped[int] = mapped_column(BigInteger)


_PUBLISHED = """
select id, published_at, seq from events
where (published_at, seq) > ($1, $2) and published_at >= $1 and published_at < $3
order by published_at, seq limit $4
"""
_LOST = """
select id from unnest($1::uuid[]) id where exists (
    select from unnest($2::text[]) c
    where not exists (select from inbox where consumer = c and event_id = id))
"""


async def reopen_lost(connection: "Connection", redis: Redis, consumers: Sequence[str]) -> int:
    """Mark as unpublished what a consumer will never be given; returns how many events.

    For the relay, on the connection that holds its lock.
    """
    until = await _handled_until(redis, consumers) - GRACE
    reopened = 0
    mark = await connection.fetchrow("select published_at, seq from event_sweeps")
    if mark is None:
        raise RuntimeError("The table event_sweeps is empty. Restore its row from the migration.")
    while rows := await connection.fetch(_PUBLISHED, *mark, until, MOST):
        mark = (rows[-1]["published_at"], rows[-1]["seq"])
        lost = await connection.fetch(_LOST, [row["id"] for row in rows], list(consumers))
        async with connection.transaction():
            await connection.execute(
                "update events set published_at = null where id = any($1::uuid[])",
                [row["id"] for row in lost],
            )
            await connection.execute("update event_sweeps set published_at = $1, seq = $2", *mark)
        reopened += len(lost)
        if len(rows) < MOST or reopened >= MOST:
            break
    return reopened


async def forget_old(redis: Redis) -> None:
    """Shorten the stream to what may still be delivered."""
    seconds, _ = await redis.time()
    oldest = int((seconds - KEEP_IN_STREAM.total_seconds()) * 1000)
    await redis.xtrim(EVENTS, minid=str(oldest), approximate=True)


async def _handled_until(redis: Redis, consumers: Sequence[str]) -> datetime:
    """The moment before which every entry of the stream has been handled by all consumers."""
    seconds, micros = await redis.time()
    until = seconds * 1000 + micros // 1000
    try:
        groups = {g["name"].decode(): g for g in await redis.xinfo_groups(EVENTS)}
    except ResponseError:  # there is no stream: nothing waits in it
        groups = {}
    for consumer in consumers:
        group = groups.get(consumer)
        after = b"(" + group["last-delivered-id"] if group else b"-"
        waiting = await redis.xrange(EVENTS, min=after, count=1)
        if waiting:
            until = min(until, _time(waiting[0][0]))
        if group and group["pending"]:
            pending = await redis.xpending(EVENTS, consumer)
            until = min(until, _time(pending["min"]) if pending["min"] else until)
    return datetime.fromtimestamp(until / 1000, UTC)


def _time(entry: bytes) -> int:
    """When an entry was added (milliseconds): its id says so."""
    return int(entry.partition(b"-")[0])
