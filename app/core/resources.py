"""What a process opens once and hands down: no container, no locator, just these."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

import asyncpg
from redis.asyncio import Redis
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.db import Database, is_away, open_engine
from app.core.errors import Unavailable
from app.core.key_register import admit
from app.core.keys import LOOK_SECONDS
from app.core.limits import Limiter
from app.core.logs import log
from app.core.loops import keep_on
from app.core.redis import open_redis
from app.core.sealed import Sealer
from app.core.sealed_types import sealer_of, use_sealer
from app.core.settings import Settings
from app.core.storage import Folder, open_storage

_AGAIN_SECONDS = 5.0
"""How long to wait before a key that was refused is looked at again."""


@dataclass(frozen=True)
class Resources:
    """The database, Redis and the settings of one process."""

    settings: Settings
    db: Database
    redis: Redis

    @property
    def sealer(self) -> Sealer:
        """Seals and opens secrets: the same that seals what the database holds."""
        return sealer_of(self.db.engine)

    @cached_property
    def limiter(self) -> Limiter:
        """Counts what clients do."""
        return Limiter(self.redis)

    @cached_property
    def storage(self) -> Folder:
        """Keeps bytes that are too large for a row."""
        return open_storage(self.settings)


@asynccontextmanager
async def open_resources(settings: Settings, *, pool_size: int = 10) -> AsyncIterator[Resources]:
    """Open everything, close it again at the end. Needs both server addresses.

    Raises Unavailable for a key that is not the database's. While the database is away, nothing can
    be sealed or opened.
    """
    if settings.database_url is None or settings.redis_url is None:
        raise RuntimeError(
            "KEIKO_DATABASE_URL and KEIKO_REDIS_URL are not set; `./keiko up` brings its own."
        )
    engine = open_engine(settings.database_url, pool_size=pool_size)
    redis = open_redis(settings.redis_url)
    late: asyncio.Task[None] | None = None
    watch: asyncio.Task[None] | None = None
    try:
        try:
            use_sealer(engine, await admit(engine, settings))
        except (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if not is_away(error):
                raise
            use_sealer(engine, Sealer([]))
            late = asyncio.create_task(_admit_late(engine, settings))
        watch = asyncio.create_task(_watch_key(engine, settings))
        yield Resources(settings, Database(engine), redis)
    finally:
        for task in (late, watch):
            if task is not None:
                task.cancel()
        await redis.aclose()
        await engine.dispose()


async def _admit_late(engine: AsyncEngine, settings: Settings) -> None:
    """Take the key as soon as there is a database that knows it."""

    async def look() -> float:
        try:
            sealer_of(engine).take_over(await admit(engine, settings))
        except Unavailable as error:
            log.error("key_refused", error=str(error))
            return _AGAIN_SECONDS
        raise asyncio.CancelledError

    await keep_on("key", look)


async def _watch_key(engine: AsyncEngine, settings: Settings) -> None:
    """Take other keys that lie in the file once the database says that they are its own."""

    async def look() -> float:
        sealer = sealer_of(engine)
        if sealer.is_doubtful:
            try:
                sealer.take_over(await admit(engine, settings))
            except Unavailable as error:
                log.error("key_refused", error=str(error))
                return _AGAIN_SECONDS
        return LOOK_SECONDS

    await keep_on("key", look)
