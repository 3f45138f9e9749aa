"""How a server does just now: what workers say of it, and how its breaker is reset."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from redis.asyncio import Redis

from app.core.bus import publish_hint
from app.core.redis import LOST, server_health_key
from app.mcp.spec import key_for

RESET = "mcp-reset"
"""The kind of hint on which workers close the breaker of a server."""


class Health(BaseModel):
    """A worker's last word; `breaker` is `closed`, `open` (no calls for a while) or `half_open`."""

    breaker: str
    failures: int
    again_in_seconds: int
    at: datetime


async def read_health(
    redis: Redis, server_ids: Sequence[UUID], user_id: UUID
) -> dict[UUID, Health]:
    """What is known of these servers, or of this user's own sessions with them.

    Nothing of one that no worker keeps open.
    """
    if not server_ids:
        return {}
    try:
        keys = [*server_ids, *(key_for(id, user_id) for id in server_ids)]
        words = await redis.mget([server_health_key(key) for key in keys])
    except LOST:
        return {}
    found = zip([*server_ids, *server_ids], words, strict=True)
    return {id: Health.model_validate_json(word) for id, word in found if word}


async def reset_breaker(redis: Redis, server_id: UUID) -> None:
    """Let every worker call this server again at once."""
    await publish_hint(redis, RESET, server_id)
