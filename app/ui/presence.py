"""Keeps known, for all processes, which users have a page open in this one."""

import asyncio
from collections.abc import Callable, Iterable
from uuid import UUID

from app.core.clock import new_id
from app.core.logs import log
from app.core.redis import LOST
from app.core.resources import Resources
from app.notifications.presence import TTL_SECONDS, keep_present, leave

Source = Callable[[], Iterable[UUID]]
"""Gives the users of one sort of open connection."""

ROUND_SECONDS = 0.5


class Presence:
    """Says who is here as soon as that changes, and again before it runs out."""

    def __init__(self, resources: Resources) -> None:
        self._redis = resources.redis
        self._process = str(new_id())
        self._sources: list[Source] = []
        self._said: set[UUID] = set()
        self._said_at = 0.0

    def watch(self, source: Source) -> None:
        """Count these users as present too."""
        self._sources.append(source)

    async def run(self) -> None:
        """Until cancelled; then nobody is here any more."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(ROUND_SECONDS)
        finally:
            await self._say(set())

    async def look(self) -> None:
        """Say who is here now, if that is news."""
        present = {user for source in self._sources for user in source()}
        is_late = _time() - self._said_at > TTL_SECONDS / 3
        if present != self._said or (present and is_late):
            await self._say(present)

    async def _say(self, present: set[UUID]) -> None:
        try:
            if gone := self._said - present:
                await leave(self._redis, self._process, gone)
            if present:
                await keep_present(self._redis, self._process, present)
        except LOST as error:
            log.warning("presence_not_said", error=type(error).__name__)
            return
        self._said, self._said_at = present, _time()


def _time() -> float:
    return asyncio.get_running_loop().time()
