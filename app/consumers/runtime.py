"""Reads the stream of events for one consumer: each event is handled once, and none is lost.

The inbox rows and the effects of a batch are one transaction; only then is it acknowledged.
What was delivered before and not acknowledged comes again, here or in another process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.exceptions import ResponseError
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id, now
from app.core.db import is_away
from app.core.logs import log
from app.core.loops import keep_on
from app.core.redis import EVENTS
from app.core.resources import Resources
from app.events.envelope import Envelope, decode
from app.events.inbox import DeadLetter

Handler = Callable[[Resources, AsyncSession, Envelope], Awaitable[None]]
"""Has the effects of one event, in the transaction that says that it was handled."""

BatchHandler = Callable[[Resources, AsyncSession, Sequence[Envelope]], Awaitable[None]]
"""The same for many events: those that this consumer has not handled before, in their order."""

AT_ONCE = 200
MOST_DELIVERIES = 5
"""After so many failures an event is a dead letter."""

MOST_DEATHS = 25
"""After so many deliveries that nobody survived, it is one without another try."""

DEAD_SECONDS = 3600.0
RETRY_SECONDS = 2.0
"""How long an entry rests before it is delivered again, to whoever asks first."""


def each(handle: Handler) -> BatchHandler:
    """A handler of batches that handles one event after the other."""

    async def handle_all(
        resources: Resources, session: AsyncSession, events: Sequence[Envelope]
    ) -> None:
        for event in events:
            await handle(resources, session, event)

    return handle_all


@dataclass(frozen=True)
class Delivery:
    """An event as it came from the stream, for the how-manieth time."""

    entry: bytes
    event: Envelope
    count: int


class Consumer:
    """One consumer of one process: a member of the consumer group `name`.

    Two batches are at least `gather_seconds` apart.
    """

    def __init__(
        self, resources: Resources, name: str, handle: BatchHandler, gather_seconds: float = 0.0
    ) -> None:
        self._resources = resources
        self._redis = resources.redis
        self._name = name
        self._handle = handle
        self._gather_seconds = gather_seconds
        self._me = resources.settings.worker_name or str(new_id())
        self._retry_at = 0.0

    async def run(self) -> None:
        """Handle events until cancelled, over every restart of Redis and of the database."""
        await keep_on(f"consumer {self._name}", self._consume)

    async def _consume(self) -> float:
        try:
            await self.take_back()
            await self.forget_dead()
            while True:
                await self.step()
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
        await self.join()
        return 0.0

    async def step(self, *, patience: float = 1.0) -> int:
        """Handle what is new, waiting up to `patience` seconds for it; returns how many."""
        found = await self._redis.xreadgroup(
            self._name, self._me, {EVENTS: ">"}, count=AT_ONCE, block=max(1, int(patience * 1000))
        )
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        entries = found[0][1] if found else []
        await self._take(entries, {})
        if loop.time() >= self._retry_at:
            self._retry_at = loop.time() + RETRY_SECONDS / 2
            await self.retry()
        if entries and len(entries) < AT_ONCE:
            await asyncio.sleep(begun_at + self._gather_seconds - loop.time())
        return len(entries)

    async def take_back(self) -> None:
        """Handle what a predecessor of the same name was given and has not acknowledged."""
        while await self._claim(idle=0, consumer=self._me) == AT_ONCE:
            pass

    async def forget_dead(self) -> None:
        """Forget members of the group that nothing was heard of for an hour, and owe nothing."""
        for member in await self._redis.xinfo_consumers(EVENTS, self._name):
            if member["pending"] == 0 and member["idle"] > DEAD_SECONDS * 1000:
                await self._redis.xgroup_delconsumer(EVENTS, self._name, member["name"])

    async def retry(self) -> None:
        """Handle what was given to anybody a while ago and has not been acknowledged."""
        await self._claim(idle=int(RETRY_SECONDS * 1000), consumer=None)

    async def _claim(self, *, idle: int, consumer: str | None) -> int:
        pending = await self._redis.xpending_range(
            EVENTS, self._name, "-", "+", AT_ONCE, consumername=consumer, idle=idle or None
        )
        if not pending:
            return 0
        counts = {each["message_id"]: each["times_delivered"] for each in pending}
        entries = await self._redis.xclaim(
            EVENTS, self._name, self._me, min_idle_time=idle, message_ids=list(counts)
        )
        await self._take(entries, counts)
        return len(pending)

    async def join(self) -> None:
        """Make the group, from the first entry on; others may have been faster."""
        try:
            await self._redis.xgroup_create(EVENTS, self._name, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _take(self, entries: Sequence[Any], counts: dict[bytes, int]) -> None:
        deliveries = []
        for entry, fields in entries:
            try:
                event = decode(fields[b"e"])
            except (msgspec.MsgspecError, KeyError, TypeError):
                log.error("event_unreadable", consumer=self._name, entry=entry.decode())
                await self._redis.xack(EVENTS, self._name, entry)
                continue
            deliveries.append(Delivery(entry, event, counts.get(entry, 0) + 1))
        fit = [one for one in deliveries if one.count <= MOST_DEATHS]
        await self._deliver(fit)
        for one in deliveries:
            if one.count > MOST_DEATHS:
                await self._bury(one, "Whoever was given this event ended before it was handled.")

    async def _deliver(self, deliveries: list[Delivery]) -> None:
        """Have the effects of all, together or else one by one, and acknowledge them."""
        while deliveries:
            try:
                await self._commit([one.event for one in deliveries])
            except Exception as error:  # noqa: BLE001 - one bad event harms nobody else
                if is_away(error):
                    await asyncio.sleep(0.2)
                    continue
                if len(deliveries) == 1:
                    await self._failed(deliveries[0], error)
                    return
                for one in deliveries:
                    await self._deliver([one])
                return
            entries = [one.entry for one in deliveries]
            await self._redis.xack(EVENTS, self._name, *entries)
            return

    async def _commit(self, events: Sequence[Envelope]) -> None:
        known = {event.id: event for event in events}
        async with self._resources.db.transaction() as session:
            new = set(await session.scalars(_ENTER, {"me": self._name, "ids": sorted(known)}))
            if new:
                fresh = [event for id, event in known.items() if id in new]
                await self._handle(self._resources, session, fresh)

    async def _failed(self, delivery: Delivery, error: Exception) -> None:
        event = delivery.event
        log.warning(
            "event_not_handled",
            consumer=self._name,
            event_id=str(event.id),
            type=event.type,
            delivery=delivery.count,
            exc_info=error,
        )
        if delivery.count >= MOST_DELIVERIES:
            await self._bury(delivery, f"{type(error).__name__}: {error}"[:2000])

    async def _bury(self, delivery: Delivery, reason: str) -> None:
        """Give up on an event until somebody has it replayed."""
        letter = {"deliveries": delivery.count, "error": reason, "replayed_at": None}
        async with self._resources.db.transaction() as session:
            await session.scalars(_ENTER, {"me": self._name, "ids": [delivery.event.id]})
            await session.execute(
                insert(DeadLetter)
                .values(id=new_id(), created_at=now(), consumer=self._name,
                        event_id=delivery.event.id, **letter)
                .on_conflict_do_update(index_elements=["consumer", "event_id"], set_=letter)
            )  # fmt: skip
        await self._redis.xack(EVENTS, self._name, delivery.entry)
        log.error("event_is_dead_letter", consumer=self._name, event_id=str(delivery.event.id))


_ENTER = text(
    "insert into inbox (consumer, event_id)"
    " select cast(:me as text), unnest(cast(:ids as uuid[]))"
    " on conflict do nothing returning event_id"
)
"""Enters events in the inbox; gives those that were not in it."""
