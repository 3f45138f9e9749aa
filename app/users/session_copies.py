"""Copies of sessions in Redis, which save a query to Postgres for half a minute.

The end of a session is written over its copy, and a late reader cannot write an old copy over the
end (`SET NX`). After Redis was away, copies are believed no more until those of before are dead:
what ended meanwhile could not be written over them.
"""

import asyncio
import contextlib
import time
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from redis.asyncio import Redis

from app.core.redis import LOST, session_key
from app.users.models import Role
from app.users.permissions import WIDGET_SCOPES
from app.users.signed_in import SignedIn
from app.users.site_models import SiteSession

CACHED = timedelta(seconds=30)
ENDED = b"ended"

_PATIENCE_SECONDS = 0.3
_late: set[asyncio.Task[None]] = set()
_doubted_until: WeakKeyDictionary[Redis, float] = WeakKeyDictionary()


async def read_copy(redis: Redis, hashed: str) -> bytes | None:
    """The copy of a session, or `ENDED`; None if there is none, or none to be believed."""
    with contextlib.suppress(*LOST):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            copy: bytes | None = await redis.get(session_key(hashed))
        is_doubtful = time.monotonic() < _doubted_until.get(redis, 0.0)
        return None if is_doubtful and copy != ENDED else copy
    _doubt(redis)
    return None


async def keep_copy(redis: Redis, signed_in: SignedIn, lifetime: timedelta) -> None:
    """Keep a copy of a session for so long at most."""
    milliseconds = int(lifetime / timedelta(milliseconds=1))
    if milliseconds <= 0:
        return
    with contextlib.suppress(*LOST):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            copy = orjson.dumps(asdict(replace(signed_in, scopes=None)))
            await redis.set(session_key(signed_in.token_hash), copy, px=milliseconds, nx=True)


async def mark_ended(redis: Redis, hashed: str) -> None:
    """Longer than any reader can hold on to its copy; with Redis away, as soon as it is back."""
    if not await _try_to_mark(redis, hashed):
        waiting = asyncio.create_task(_mark_late(redis, hashed))
        _late.add(waiting)
        waiting.add_done_callback(_late.discard)


def from_copy(hashed: str, copy: bytes) -> SignedIn:
    """Whose session a copy tells of."""
    fields = orjson.loads(copy)
    site = fields.get("site")
    return SignedIn(
        user_id=UUID(fields["user_id"]),
        username=fields["username"],
        full_name=fields["full_name"],
        role=Role(fields["role"]),
        session_id=UUID(fields["session_id"]),
        token_hash=hashed,
        amr=tuple(fields.get("amr", ())),
        auth_time=_moment(fields.get("auth_time")),
        scopes=WIDGET_SCOPES if site else None,
        site=SiteSession(**{**site, "site_id": UUID(site["site_id"])}) if site else None,
    )


def _doubt(redis: Redis) -> None:
    _doubted_until[redis] = time.monotonic() + CACHED.total_seconds()


async def _try_to_mark(redis: Redis, hashed: str) -> bool:
    with contextlib.suppress(*LOST):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await redis.set(session_key(hashed), ENDED, px=4 * CACHED)
        return True
    _doubt(redis)
    return False


async def _mark_late(redis: Redis, hashed: str) -> None:
    """Try until it is done, or until the last copy has died by itself."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2 * CACHED.total_seconds()):
            while not await _try_to_mark(redis, hashed):  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(_PATIENCE_SECONDS)


def _moment(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)
