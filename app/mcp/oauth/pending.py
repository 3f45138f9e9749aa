"""Sign-ins that are under way: sealed in Redis, each used once, for the user who began it alone."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel

from app.core.errors import NotFound
from app.core.resources import Resources
from app.core.sealed import Place
from app.mcp.oauth.grants import Kept

LIFE = timedelta(minutes=10)
"""How long somebody may take to sign in."""

OVER = "This sign-in is over, or it was begun by somebody else. Begin it again."


@dataclass(frozen=True, kw_only=True)
class Begun:
    """Where to go to sign in, at which host, for which scopes, and until when."""

    address: str
    host: str
    scopes: list[str]
    expires_at: datetime


class Pending(BaseModel):
    """What must be known when somebody comes back."""

    user_id: UUID
    server_id: UUID
    verifier: str
    issuer: str
    says_issuer: bool
    kept: Kept
    back: str


async def keep(resources: Resources, pending: Pending) -> str:
    """Keep it for a while; gives back the `state` under which it is found again."""
    state = secrets.token_urlsafe(32)
    key, place = _where(state)
    sealed = resources.sealer.seal(pending.model_dump(mode="json"), place)
    await resources.redis.set(key, sealed, ex=int(LIFE.total_seconds()))
    return state


async def take(resources: Resources, user_id: UUID, state: str) -> Pending:
    """Take it out, once. Raises NotFound where it is over, or another user's."""
    key, place = _where(state)
    sealed = await resources.redis.getdel(key)
    if sealed is None:
        raise NotFound(OVER)
    pending = Pending.model_validate(resources.sealer.unseal(sealed, place))
    if pending.user_id != user_id:
        raise NotFound(OVER)
    return pending


def _where(state: str) -> tuple[str, Place]:
    digest = hashlib.sha256(state.encode())
    place = Place("redis", "mcp:sign-in", UUID(bytes=digest.digest()[:16]))
    return f"mcp:sign-in:{digest.hexdigest()}", place
