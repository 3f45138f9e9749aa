"""Events as they happen, for the people who listen through this web process.

The relay says each event on a channel as well as in the stream. What a channel drops is read
from the rows: after every gap, and every few seconds anyway.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import msgspec

from app.core.bus import Bus
from app.core.redis import HAPPENED
from app.events.envelope import Envelope, decode

MOST_WAITING = 1000
"""Events that wait for a slow listener; beyond that it is given the rows instead."""

MOST_REMEMBERED = 5000


class _To(msgspec.Struct):
    """Whom an event concerns."""

    user_id: UUID | None = None


_to = msgspec.json.Decoder(_To).decode


class Listener:
    """What has happened and was not yet told to one listener; nothing is told twice."""

    def __init__(self) -> None:
        self._waiting: list[Envelope] = []
        self._told: OrderedDict[UUID, None] = OrderedDict()
        self._must_look = False
        self._wake = asyncio.Event()

    def hear(self, event: Envelope) -> None:
        """Take in an event."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            self._must_look = True
        else:
            self._waiting.append(event)
        self._wake.set()

    def look(self) -> None:
        """Have the rows looked at: something may have been missed, or the session be over."""
        self._must_look = True
        self._wake.set()

    def untold(self, event: Envelope) -> bool:
        """Whether this is told for the first time; from now on it counts as told."""
        if event.id in self._told:
            return False
        self._told[event.id] = None
        if len(self._told) > MOST_REMEMBERED:
            self._told.popitem(last=False)
        return True

    async def take(self, patience: float) -> tuple[list[Envelope], bool]:
        """What happened since, and whether to look at the rows. Waits up to `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._wake.wait()
        except TimeoutError:
            return [], True
        self._wake.clear()
        waiting, self._waiting = self._waiting, []
        must_look, self._must_look = self._must_look, False
        return waiting, must_look


class Feed:
    """Gives each listener of this process the events of its own user."""

    def __init__(self, bus: Bus) -> None:
        """To be made before `bus` runs."""
        self._listeners: dict[UUID, set[Listener]] = {}
        bus.subscribe(HAPPENED, self._hear)

    @contextmanager
    def listening(self, user_id: UUID) -> Iterator[Listener]:
        """A listener to what happens to a user, until the end."""
        listener = Listener()
        self._listeners.setdefault(user_id, set()).add(listener)
        try:
            yield listener
        finally:
            self._listeners[user_id].discard(listener)
            if not self._listeners[user_id]:
                del self._listeners[user_id]

    def users(self) -> list[UUID]:
        """Who listens."""
        return list(self._listeners)

    def _hear(self, data: bytes) -> None:
        user_id = _to(data).user_id
        if user_id is None or not (listeners := self._listeners.get(user_id)):
            return
        event = decode(data)
        for listener in listeners:
            listener.hear(event)
