"""The last lines that servers wrote into their logs, kept for a day for those who look after them.

Texts of others: made plain before they come here, and bounded in number.
"""

import asyncio
import contextlib
from collections.abc import Awaitable
from datetime import datetime
from typing import cast
from uuid import UUID

import orjson
from pydantic import BaseModel
from redis.asyncio import Redis

from app.core.clock import now
from app.core.redis import LOST, server_lines_key

MOST_LINES = 50
"""Lines of one server that are kept."""

_KEPT_SECONDS = 86_400
_TOGETHER_SECONDS = 0.5


class Line(BaseModel):
    """One line; `level` is MCP's word: debug, info, notice, warning, error and so on."""

    at: datetime
    level: str
    text: str


class Sayings:
    """Takes lines as they come and writes them together. What Redis loses is lost."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._heard: dict[UUID, list[bytes]] = {}
        self._news = asyncio.Event()

    def hear(self, server_id: UUID, level: str, text: str) -> None:
        """Keep this line, with the ones before it."""
        line = Line(at=now(), level=level, text=text)
        lines = self._heard.setdefault(server_id, [])
        lines.append(orjson.dumps(line.model_dump()))
        del lines[:-MOST_LINES]
        self._news.set()

    async def write(self) -> float:
        """Wait for lines and write them; gives back how long to collect the next ones."""
        await self._news.wait()
        self._news.clear()
        heard, self._heard = self._heard, {}
        pipe = self._redis.pipeline(transaction=False)
        for server_id, lines in heard.items():
            key = server_lines_key(server_id)
            pipe.rpush(key, *lines)
            pipe.ltrim(key, -MOST_LINES, -1)
            pipe.expire(key, _KEPT_SECONDS)
        with contextlib.suppress(*LOST):
            await pipe.execute()
        return _TOGETHER_SECONDS


async def read_lines(redis: Redis, server_id: UUID) -> list[Line]:
    """What a server wrote last, latest first."""
    try:
        found = await cast(
            "Awaitable[list[bytes]]", redis.lrange(server_lines_key(server_id), 0, -1)
        )
    except LOST:
        return []
    return [Line.model_validate_json(line) for line in reversed(found)]
