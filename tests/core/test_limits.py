"""Counting in Redis for all processes together, and alone while Redis is away."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from app.core.limits import Limiter
from app.core.redis import open_redis, rate_key

COUNTING = """
import asyncio, sys
from app.core.limits import Limiter
from app.core.redis import open_redis

async def main():
    redis = open_redis(sys.argv[1])
    limiter = Limiter(redis)
    await limiter.count("warm", 1)
    print("ready", flush=True)
    sys.stdin.readline()
    counts = await asyncio.gather(*(limiter.count(sys.argv[2], 100) for _ in range(90)))
    print(sum(not each.is_over for each in counts), flush=True)
    await redis.aclose()

asyncio.run(main())
"""


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = open_redis(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def alone() -> AsyncIterator[Limiter]:
    """A limiter whose Redis answers nobody."""
    client = open_redis("redis://127.0.0.1:9/0")
    yield Limiter(client)
    await client.aclose()


async def _count_in_another_process(redis_url: str, key: str) -> asyncio.subprocess.Process:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COUNTING, redis_url, key,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert await child.stdout.readline() == b"ready\n"
    return child


@pytest.mark.asvs("2.4.1")
async def test_two_processes_together_let_no_more_through_than_one(redis_url: str) -> None:
    key = rate_key("203.0.113.7", "tasks")
    children = [await _count_in_another_process(redis_url, key) for _ in range(2)]
    said = await asyncio.gather(*(child.communicate(b"go\n") for child in children))
    assert sum(int(out) for out, _ in said) == 100


async def test_a_count_lives_a_minute_under_the_seeds_key(redis: Redis) -> None:
    first = await Limiter(redis).count(rate_key("203.0.113.7", "auth"), 2)
    assert (first.count, first.remaining, first.is_over) == (1, 1, False)
    assert 58_000 < await redis.pttl("rate_limit:203.0.113.7:auth") <= 60_000
    assert await redis.get("rate_limit:203.0.113.7:auth") == b"1"


async def test_a_count_that_has_lost_its_end_gets_one(redis: Redis) -> None:
    await redis.set("rate_limit:a:b", 7)
    assert (await Limiter(redis).count("rate_limit:a:b", 5)).is_over
    assert await redis.pttl("rate_limit:a:b") > 0


async def test_without_redis_a_process_counts_by_itself_with_the_smaller_limit(
    alone: Limiter,
) -> None:
    counts = [await alone.count("auth", 10, limit_alone=3) for _ in range(4)]
    assert [each.is_over for each in counts] == [False, False, False, True]
    assert not counts[0].is_shared
    assert 55 < counts[-1].reset <= 60


async def test_the_notes_of_a_process_that_counts_alone_are_bounded(alone: Limiter) -> None:
    for number in range(10_050):
        await alone.count(f"client-{number}", 10)
    assert len(alone._local.counts) <= 10_000


async def test_a_pace_allows_a_burst_and_then_so_many_a_second(
    redis: Redis, alone: Limiter
) -> None:
    for limiter in (Limiter(redis), alone):
        waits = [await limiter.pace("messages", per_second=0.01, burst=5) for _ in range(6)]
        assert waits[:5] == [0] * 5
        assert 90 < waits[5] <= 100


async def test_a_place_is_free_again_when_it_is_left(redis: Redis, alone: Limiter) -> None:
    for limiter in (Limiter(redis), alone):
        async with limiter.place("streams", 2) as first, limiter.place("streams", 2) as second:
            assert (first, second) == (True, True)
            async with limiter.place("streams", 2) as third:
                assert not third
        async with limiter.place("streams", 1) as again:
            assert again


async def test_places_of_a_process_that_died_are_free_within_a_minute(redis: Redis) -> None:
    await redis.zadd("streams", {"dead": 1.0})
    async with Limiter(redis).place("streams", 1) as given:
        assert given
    assert await redis.zcard("streams") == 0
