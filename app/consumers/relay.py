"""Runs the relay for as long as the process lives; of several processes, one relays."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from redis.exceptions import RedisError

from app.core.db import is_away
from app.core.logs import log
from app.core.loops import keep_on
from app.core.redis import LOST
from app.core.resources import Resources
from app.events.relay import leading, publish_events
from app.events.sweeper import forget_old, reopen_lost

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[Any]

POLL_SECONDS = 1.0
"""Between two looks that nobody asked for."""

GATHER_SECONDS = 0.01
"""How long the relay, once told of an event, waits for others to go with it."""

FORGET_SECONDS = 300.0
AT_ONCE = 500


async def relay_events(resources: Resources, consumers: Sequence[str]) -> None:
    """Publish what is committed, until cancelled; wait out a database or Redis that is away."""

    async def lead() -> float:
        async with leading(resources.db) as connection:
            log.info("relay_leads")
            await _Relay(resources, connection, consumers).run()

    await keep_on("relay", lead)


class _Relay:
    """One relay while it leads."""

    def __init__(
        self, resources: Resources, connection: "Connection", consumers: Sequence[str]
    ) -> None:
        self._redis = resources.redis
        self._connection = connection
        self._consumers = consumers
        self._woken = asyncio.Event()
        self._sweep_at = self._forget_at = asyncio.get_running_loop().time()

    async def run(self) -> NoReturn:
        """Publish when told, and at least once a second; ends with the connection."""
        await self._connection.add_listener("events", lambda *_: self._woken.set())
        while True:
            self._woken.clear()
            try:
                while await publish_events(self._connection, self._redis, most=AT_ONCE) == AT_ONCE:
                    pass
                await self._look_back()
            except (RedisError, *LOST) as error:
                if is_away(error):
                    raise
                log.warning("relay_waits", error=type(error).__name__)
                await asyncio.sleep(0.2)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()
                    await asyncio.sleep(GATHER_SECONDS)

    async def _look_back(self) -> None:
        at = asyncio.get_running_loop().time()
        if at < self._sweep_at:
            return
        self._sweep_at = at + POLL_SECONDS
        reopened = await reopen_lost(self._connection, self._redis, self._consumers)
        if reopened:
            log.warning("events_published_again", events=reopened)
            self._woken.set()
        if at >= self._forget_at:
            self._forget_at = at + FORGET_SECONDS
            await forget_old(self._redis)
