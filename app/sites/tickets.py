"""Tickets: a site's server vouches for a visitor, and the visitor's frame comes in with it once.

A ticket is bound to its site and to the origin of the page. It is taken before it is looked at,
so that a wrong try uses it up.
"""

import hashlib
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

import orjson
from redis.asyncio import Redis

from app.core.redis import one_time_key

PREFIX = "kwt_"
LIFETIME = timedelta(seconds=60)

CODE_PREFIX = "kwc_"
CODE_LIFETIME = timedelta(seconds=30)

ANY_ORIGIN = "window"
"""In place of an origin: a person took it in a window of our own."""

_FORM = re.compile("kw[tc]_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """Whom a site lets in, where, and as what it knows them."""

    site_id: UUID
    origin: str
    external_id: str
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, kw_only=True)
class Code:
    """A visitor who goes on in a page of our own."""

    site_id: UUID
    user_id: UUID
    host_origin: str
    amr: str


async def keep_ticket(redis: Redis, ticket: Ticket) -> str:
    """Make a ticket; returns its text, which is kept nowhere."""
    return await _keep(redis, PREFIX, LIFETIME, asdict(ticket))


async def take_ticket(redis: Redis, text: str) -> Ticket | None:
    """What a ticket says; it is used up by this. None for one that is not, or no more, good."""
    found = await _take(redis, PREFIX, text)
    if found is None:
        return None
    return Ticket(
        site_id=UUID(str(found["site_id"])),
        origin=str(found["origin"]),
        external_id=str(found["external_id"]),
        name=found["name"],
        email=found["email"],
    )


async def keep_code(redis: Redis, code: Code) -> str:
    """Make a code with which a page of our own takes a visitor over."""
    return await _keep(redis, CODE_PREFIX, CODE_LIFETIME, asdict(code))


async def take_code(redis: Redis, text: str) -> Code | None:
    """What a code says; it is used up by this."""
    found = await _take(redis, CODE_PREFIX, text)
    if found is None:
        return None
    return Code(
        site_id=UUID(str(found["site_id"])),
        user_id=UUID(str(found["user_id"])),
        host_origin=str(found["host_origin"]),
        amr=str(found["amr"]),
    )


async def _keep(redis: Redis, prefix: str, life: timedelta, said: dict[str, object]) -> str:
    text = prefix + secrets.token_urlsafe(32)
    await redis.set(one_time_key(_hash(text)), orjson.dumps(said), px=life)
    return text


async def _take(redis: Redis, prefix: str, text: str) -> dict[str, str | None] | None:
    if not text.startswith(prefix) or not _FORM.fullmatch(text):
        return None
    said: bytes | None = await redis.getdel(one_time_key(_hash(text)))
    found: dict[str, str | None] | None = orjson.loads(said) if said else None
    return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
