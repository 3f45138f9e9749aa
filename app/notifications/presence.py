"""Who has a page open just now, in whatever web process.

Each web process keeps itself in its users' sets while they are connected to it. What it does not
renew runs out: a process that died keeps nobody present.
"""

from collections.abc import Iterable
from uuid import UUID

from redis.asyncio import Redis

from app.core.clock import now
from app.core.redis import presence_key

TTL_SECONDS = 30


async def keep_present(redis: Redis, process: str, users: Iterable[UUID]) -> None:
    """Say that these users have a page open in `process`; to be said again within the TTL."""
    until = now().timestamp() + TTL_SECONDS
    pipe = redis.pipeline(transaction=False)
    for user_id in users:
        pipe.zadd(presence_key(user_id), {process: until})
        pipe.expire(presence_key(user_id), TTL_SECONDS)
    await pipe.execute()


async def leave(redis: Redis, process: str, users: Iterable[UUID]) -> None:
    """Say that these users have closed their last page in `process`."""
    pipe = redis.pipeline(transaction=False)
    for user_id in users:
        pipe.zrem(presence_key(user_id), process)
    await pipe.execute()


async def is_present(redis: Redis, user_id: UUID) -> bool:
    """Whether a page of this user is open somewhere."""
    return bool(await redis.zcount(presence_key(user_id), now().timestamp(), "+inf"))
