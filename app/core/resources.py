"""What a process opens once and hands down: no container, no locator, just these."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

from redis.asyncio import Redis

from app.core.db import Database, open_engine
from app.core.redis import open_redis
from app.core.sealed import Sealer, open_sealer
from app.core.settings import Settings


@dataclass(frozen=True)
class Resources:
    """The database, Redis and the settings of one process."""

    settings: Settings
    db: Database
    redis: Redis

    @cached_property
    def sealer(self) -> Sealer:
        """Seals and opens secrets. Raises Unavailable where the key cannot be used."""
        return open_sealer(self.settings)


@asynccontextmanager
async def open_resources(settings: Settings, *, pool_size: int = 10) -> AsyncIterator[Resources]:
    """Open everything, close it again at the end. Needs both server addresses."""
    if settings.database_url is None or settings.redis_url is None:
        raise RuntimeError(
            "KEIKO_DATABASE_URL and KEIKO_REDIS_URL are not set; `./keiko up` brings its own."
        )
    engine = open_engine(settings.database_url, pool_size=pool_size)
    redis = open_redis(settings.redis_url)
    try:
        yield Resources(settings, Database(engine), redis)
    finally:
        await redis.aclose()
        await engine.dispose()
