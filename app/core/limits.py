"""Counts what clients do in a minute, in Redis for all processes together.

While Redis is away each process counts by itself: what is left open by that is known, and
bounded (`app/ui/limits.py`), and nobody waits for it.
"""

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from app.core.cancel import end
from app.core.clock import new_id
from app.core.logs import log
from app.core.rates import WINDOW_SECONDS
from app.core.redis import LOST

_PATIENCE_SECONDS = 0.3
_AWAY_SECONDS = 1.0
"""How long Redis is not asked again after it did not answer: else every request would wait."""

_MOST_NOTED = 10_000

_COUNT = """
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[1])
  redis.call('PEXPIRE', KEYS[1], left)
end
return {count, left}
"""
"""Counts one and says how long the count still lives. One round trip, and nothing in between."""

_PACE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + tonumber(ARGV[1])
local wait = due - now - tonumber(ARGV[2])
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%d', due), 'PX', due - now)
return 0
"""
"""Lets one more through, or says after how many milliseconds (generic cell rate algorithm)."""

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
"""Takes a place, or takes it again, until a moment that is put off as long as it is held."""

_HELD_SECONDS = 60
_NO_LIMIT = 2**31


@dataclass(frozen=True, slots=True)
class Count:
    """How often something has happened in the present minute, and how long that lasts."""

    limit: int
    count: int
    reset: int
    """Seconds."""
    is_shared: bool = True
    """Whether all processes counted together."""

    @property
    def is_over(self) -> bool:
        """Whether this time was one too many."""
        return self.count > self.limit

    @property
    def remaining(self) -> int:
        """How often it may happen until the reset."""
        return max(0, self.limit - self.count)


@dataclass
class _Local:
    """The same counts in this process alone."""

    counts: dict[str, tuple[int, float]] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)
    places: Counter[str] = field(default_factory=Counter)

    def count(self, key: str, at: float) -> tuple[int, float]:
        """How often, and how many seconds the count still lives."""
        count, until = self.counts.get(key, (0, 0.0))
        if until <= at:
            count, until = 0, at + WINDOW_SECONDS
            self.counts.pop(key, None)
            _make_room(self.counts)
        self.counts[key] = count + 1, until
        return count + 1, until - at

    def pace(self, key: str, step: float, burst: float, at: float) -> float:
        """Seconds to wait; none if it may pass."""
        due = max(self.due.pop(key, at), at) + step
        _make_room(self.due)
        wait = due - at - burst
        self.due[key] = due if wait <= 0 else due - step
        return max(0.0, wait)

    def take(self, key: str, most: int) -> bool:
        """Take a place, if there is one left."""
        if self.places[key] >= most:
            return False
        self.places[key] += 1
        return True

    def give_back(self, key: str) -> None:
        """Leave a place."""
        self.places[key] -= 1
        if self.places[key] <= 0:
            del self.places[key]


def _make_room(notes: dict[str, tuple[int, float]] | dict[str, float]) -> None:
    """Forget the oldest: who comes from ten thousand addresses is no worse off than before."""
    while len(notes) >= _MOST_NOTED:
        del notes[next(iter(notes))]


class Limiter:
    """Counts in Redis; made once per process, for it knows whether Redis answered of late."""

    def __init__(self, redis: Redis) -> None:
        self._count = redis.register_script(_COUNT)
        self._pace = redis.register_script(_PACE)
        self._take = redis.register_script(_TAKE)
        self._redis = redis
        self._local = _Local()
        self._away_until = 0.0

    async def count(self, key: str, limit: int, *, limit_alone: int | None = None) -> Count:
        """Count one more; `limit_alone` holds while this process counts by itself."""
        reply = await self._ask(self._count, key, WINDOW_SECONDS * 1000)
        if reply is not None:
            return Count(limit, int(reply[0]), math.ceil(int(reply[1]) / 1000))
        count, left = self._local.count(key, time.monotonic())
        return Count(limit_alone or limit, count, math.ceil(left), is_shared=False)

    async def pace(self, key: str, *, per_second: float, burst: int) -> float:
        """Seconds until one more may pass; 0 if this one has passed."""
        step, room = 1 / per_second, burst / per_second
        reply = await self._ask(self._pace, key, math.ceil(step * 1000), math.ceil(room * 1000))
        if reply is not None:
            return int(reply) / 1000
        return self._local.pace(key, step, room, time.monotonic())

    @asynccontextmanager
    async def place(self, key: str, most: int) -> AsyncIterator[bool]:
        """Hold one of `most` places until the end of the block, if there was one left.

        A process that dies gives its places back within a minute.
        """
        member = str(new_id())
        given = await self._ask(self._take, key, member, most, _HELD_SECONDS * 1000)
        is_given = self._local.take(key, most) if given is None else bool(given)
        if not is_given:
            yield False
            return
        holding = asyncio.create_task(self._hold(key, member))
        try:
            yield True
        finally:
            await end(holding)
            if given is None:
                self._local.give_back(key)
            await asyncio.shield(self._give_back(key, member))

    async def _hold(self, key: str, member: str) -> None:
        """Until cancelled: say again and again that the place is taken."""
        while True:
            await asyncio.sleep(_HELD_SECONDS / 3)
            await self._ask(self._take, key, member, _NO_LIMIT, _HELD_SECONDS * 1000)

    async def _give_back(self, key: str, member: str) -> None:
        with contextlib.suppress(*LOST):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._redis.zrem(key, member)

    async def _ask(self, script: AsyncScript, key: str, *arguments: str | int) -> Any:
        """What Redis says; None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        with contextlib.suppress(*LOST):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await script(keys=[key], args=list(arguments))
        self._away_until = time.monotonic() + _AWAY_SECONDS
        log.warning("limits_counted_alone")
        return None
