"""Browser sessions: a random token in the cookie, its hash in Postgres, a short copy in Redis.

Postgres is the record: with Redis flushed or away every session goes on. The copy in Redis saves
the query for half a minute; the end of a session is written over it, and a late reader cannot
write its old copy over the end (`SET NX`).
"""

import asyncio
import contextlib
import hashlib
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from redis.asyncio import Redis
from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import now
from app.core.db import after_commit
from app.core.errors import Unauthenticated
from app.core.redis import LOST, session_key
from app.core.resources import Resources
from app.events.store import record
from app.events.types import SessionEnded, UserSignedIn
from app.users.models import Role, Session, User

IDLE_END = timedelta(days=14)
"""A session that nobody used for this long is over (ASVS 5.0, 7.3.1)."""

ABSOLUTE_END = timedelta(days=90)
"""However much it is used, a session is over after this (ASVS 5.0, 7.3.2)."""

SEEN_EVERY = timedelta(minutes=5)
"""How coarsely the last use is written down."""

_CACHED = timedelta(seconds=30)
_ENDED = b"ended"
_PATIENCE_SECONDS = 0.3
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Who is at the other end of a browser session."""

    user_id: UUID
    username: str
    full_name: str | None
    role: Role
    session_id: UUID
    token_hash: str


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Where a session lives: what its owner is shown to recognise it."""

    user_agent: str = ""
    address: str = ""


def token_hash(token: str) -> str:
    """What is kept of a token: 256 random bits need no slow hash (ASVS 5.0, 6.5.2)."""
    return hashlib.sha256(token.encode()).hexdigest()


async def start_session(
    session: AsyncSession, user: User, browser: Browser
) -> tuple[str, SignedIn]:
    """Begin a session; returns the token for the cookie, which is kept nowhere, and who it is.

    The account is locked while it begins: one that is being disabled gets none.
    """
    at = now()
    active = await session.scalar(
        update(User)
        .where(User.id == user.id, User.is_active)
        .values(last_login_at=at)
        .returning(User.id)
    )
    if active is None:
        raise Unauthenticated("This account may not sign in.")
    token = secrets.token_urlsafe(32)
    row = Session(
        user_id=user.id,
        token_hash=token_hash(token),
        expires_at=at + ABSOLUTE_END,
        last_seen_at=at,
        user_agent=browser.user_agent[:300],
        address=browser.address[:64],
    )
    session.add(row)
    await session.flush()
    record(session, UserSignedIn(user_id=user.id, session_id=row.id))
    return token, _signed_in(row, user)


async def find_session(resources: Resources, token: str) -> SignedIn | None:
    """Who holds this token, if its session is alive and its user may sign in."""
    if not _TOKEN.fullmatch(token):
        return None
    hashed = token_hash(token)
    cached = await _read_copy(resources.redis, hashed)
    if cached == _ENDED:
        return None
    if cached is not None:
        return _from_copy(hashed, cached)
    found = await _find_in_record(resources, hashed)
    if found is None:
        return None
    signed_in, end = found
    await _keep_copy(resources.redis, signed_in, min(_CACHED, end - now()))
    return signed_in


async def end_session(resources: Resources, session_id: UUID) -> None:
    """Sign one browser out; its sockets close within a second, in every process."""
    async with resources.db.transaction() as session:
        await _end(session, resources, Session.id == session_id)


async def end_sessions_of(session: AsyncSession, resources: Resources, user_id: UUID) -> None:
    """Sign a user out everywhere, once this transaction stands."""
    await _end(session, resources, Session.user_id == user_id)


async def list_ended(session: AsyncSession, session_ids: set[UUID]) -> set[UUID]:
    """Those of the given sessions that are over, for whoever may have missed a hint."""
    alive = await session.scalars(
        select(Session.id)
        .join(User, User.id == Session.user_id)
        .where(Session.id.in_(session_ids), _alive(now()))
    )
    return session_ids - set(alive)


async def _end(session: AsyncSession, resources: Resources, which: ColumnElement[bool]) -> None:
    ended = (
        await session.execute(
            update(Session)
            .where(which, Session.ended_at.is_(None))
            .values(ended_at=now())
            .returning(Session.id, Session.token_hash, Session.user_id)
        )
    ).all()
    for row in ended:
        record(session, SessionEnded(user_id=row.user_id, session_id=row.id))

    async def tell() -> None:
        for _, hashed, _ in ended:
            await _mark_ended(resources.redis, hashed)
        await publish_hint(resources.redis, "session", *(row.id for row in ended))

    after_commit(session, tell)


def _alive(at: datetime) -> ColumnElement[bool]:
    return and_(
        Session.ended_at.is_(None),
        Session.expires_at > at,
        Session.last_seen_at > at - IDLE_END,
        User.is_active,
    )


async def _find_in_record(resources: Resources, hashed: str) -> tuple[SignedIn, datetime] | None:
    """The session as Postgres knows it, with the moment of its end; notes that it was used."""
    at = now()
    async with resources.db.transaction() as session:
        row = (
            await session.execute(
                select(Session, User)
                .join(User, User.id == Session.user_id)
                .where(Session.token_hash == hashed, _alive(at))
            )
        ).one_or_none()
        if row is None:
            return None
        kept, user = row
        end = min(kept.expires_at, kept.last_seen_at + IDLE_END)
        if at - kept.last_seen_at >= SEEN_EVERY:
            kept.last_seen_at = at
    return _signed_in(kept, user), end


def _signed_in(row: Session, user: User) -> SignedIn:
    return SignedIn(
        user_id=user.id,
        username=user.username,
        full_name=user.full_name,
        role=user.role,
        session_id=row.id,
        token_hash=row.token_hash,
    )


async def _read_copy(redis: Redis, hashed: str) -> bytes | None:
    with contextlib.suppress(*LOST):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            copy: bytes | None = await redis.get(session_key(hashed))
            return copy
    return None


async def _keep_copy(redis: Redis, signed_in: SignedIn, lifetime: timedelta) -> None:
    milliseconds = int(lifetime / timedelta(milliseconds=1))
    if milliseconds <= 0:
        return
    with contextlib.suppress(*LOST):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            copy = orjson.dumps(asdict(signed_in))
            await redis.set(session_key(signed_in.token_hash), copy, px=milliseconds, nx=True)


async def _mark_ended(redis: Redis, hashed: str) -> None:
    """Longer than any reader can hold on to its copy. With Redis away, copies die by themselves."""
    with contextlib.suppress(*LOST):
        await redis.set(session_key(hashed), _ENDED, px=4 * _CACHED)


def _from_copy(hashed: str, copy: bytes) -> SignedIn:
    fields = orjson.loads(copy)
    return SignedIn(
        user_id=UUID(fields["user_id"]),
        username=fields["username"],
        full_name=fields["full_name"],
        role=Role(fields["role"]),
        session_id=UUID(fields["session_id"]),
        token_hash=hashed,
    )
