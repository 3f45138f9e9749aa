"""Hints and live parts: one Redis subscription per process, handlers by channel.

Pub/Sub drops what nobody hears. Nothing here may therefore be the only way to learn a thing:
after every reconnect the gap handlers are called, and they look again.
"""

import asyncio
import contextlib
from collections.abc import Callable
from uuid import UUID

from redis.asyncio import Redis

from app.core.logs import log
from app.core.redis import HINTS, LOST


class Bus:
    """Listens for as long as the process lives, over every restart of Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._handlers: dict[str, list[Callable[[bytes], None]]] = {}
        self._gaps: list[Callable[[], None]] = []

    def subscribe(self, channel: str, handler: Callable[[bytes], None]) -> None:
        """Call `handler` with each message of `channel`. To be said before `run`."""
        self._handlers.setdefault(channel, []).append(handler)

    def on_gap(self, handler: Callable[[], None]) -> None:
        """Call `handler` whenever messages may have been missed."""
        self._gaps.append(handler)

    async def run(self) -> None:
        """Listen until cancelled."""
        first = True
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(*self._handlers)
                    if not first:
                        self._tell_gap()
                    first = False
                    while True:
                        message = await pubsub.get_message(timeout=10)
                        if message is None:
                            await pubsub.ping()
                        elif message["type"] == "message":
                            self._dispatch(message["channel"].decode(), message["data"])
            except LOST:
                log.warning("bus_lost")
                await asyncio.sleep(0.2)

    def _dispatch(self, channel: str, data: bytes) -> None:
        for handler in self._handlers.get(channel, ()):
            handler(data)

    def _tell_gap(self) -> None:
        for handler in self._gaps:
            handler()


async def publish_hint(redis: Redis, kind: str, *ids: UUID) -> None:
    """Say "look at this again" to every process. Lost while Redis is away: hints may be."""
    if not ids:
        return
    pipe = redis.pipeline(transaction=False)
    for id in ids:
        pipe.publish(HINTS, f"{kind}:{id}")
    with contextlib.suppress(*LOST):
        await pipe.execute()


def read_hint(data: bytes) -> tuple[str, UUID]:
    """The kind and the id of a hint."""
    kind, _, id = data.decode().partition(":")
    return kind, UUID(id)
