"""Kills what it finds: processes, servers, and everything that Redis holds."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.product import Product

PROCESSES = ("consumer", "standby", "worker", "web")
SERVERS = ("valkey", "flush", "postgres")


class Nemesis:
    """Does harm to one Keiko and to a second consumer process beside it, at random moments."""

    def __init__(self, product: Product, *, seed: int | None = None) -> None:
        self.kills = Counter[str]()
        self._product = product
        self._random = random.Random(seed)
        self._standby: subprocess.Popen[bytes] | None = None
        self._addresses = (product.database_url, product.redis_url)

    def stand_by(self) -> None:
        """Start the second consumer process anew."""
        database, redis = self._addresses
        self._standby = self._product.spawn(
            "consumer", KEIKO_DATABASE_URL=database, KEIKO_REDIS_URL=redis
        )

    def end(self) -> None:
        """End the second consumer process."""
        if self._standby is not None:
            self._standby.kill()
            self._standby.wait()

    async def rage(self, victims: Sequence[str], *, seconds: float, pause: float) -> None:
        """One blow after another, each victim in its turn and at a moment of chance."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            order = list(victims)
            self._random.shuffle(order)
            for victim in order:
                await asyncio.sleep(self._random.uniform(pause / 2, pause * 1.5))
                if loop.time() >= until:
                    return
                with contextlib.suppress(OSError, ValueError, RedisError):
                    await self._strike(victim)
                    self.kills[victim] += 1

    async def _strike(self, victim: str) -> None:
        if victim == "standby":
            self.end()
            self.stand_by()
        elif victim == "flush":
            redis = Redis.from_url(self._addresses[1])
            await redis.flushall()
            await redis.aclose()
        elif victim == "postgres":
            os.kill(self._product.pid("postgres"), signal.SIGQUIT)
        else:
            os.kill(self._product.pid(victim), signal.SIGKILL)
