"""Browser sessions: a random token in the cookie, its hash in Postgres, a short copy in Redis.

Postgres is the record: with Redis flushed or away every session goes on. A copy in Redis saves the
query for half a minute (`session_copies`).
"""

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import now
from app.core.db import after_commit
from app.core.errors import Unauthenticated
from app.core.resources import Resources
from app.events.access import SessionEnded, UserSignedIn
from app.events.store import record
from app.users import session_copies as copies
from app.users.api_keys import list_live
from app.users.browser import Browser as Browser
from app.users.factors import has_two_factors, must_have_factor
from app.users.models import Session, User
from app.users.signed_in import SignedIn
from app.users.site_models import USERS_OWN

IDLE_END = timedelta(days=14)
"""A session that nobody used for this long is over (ASVS 5.0, 7.3.1)."""

ABSOLUTE_END = timedelta(days=90)
"""However much it is used, a session is over after this (ASVS 5.0, 7.3.2)."""

SEEN_EVERY = timedelta(minutes=5)
"""How coarsely the last use is written down."""

Look = Callable[[Resources, str], Awaitable[tuple[SignedIn, datetime] | None]]
"""Finds a session in Postgres, with the moment of its end."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def token_hash(token: str) -> str:
    """What is kept of a token: 256 random bits need no slow hash (ASVS 5.0, 6.5.2)."""
    return hashlib.sha256(token.encode()).hexdigest()


async def start_session(
    session: AsyncSession, user: User, browser: Browser, amr: Sequence[str] = ("pwd",)
) -> tuple[str, SignedIn]:
    """Begin a session; returns the token for the cookie, which is kept nowhere, and who it is.

    `amr` is how they proved who they are. The account is locked while it begins: one that is
    being disabled gets none.
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
        created_at=at,
        expires_at=at + ABSOLUTE_END,
        last_seen_at=at,
        user_agent=browser.user_agent[:300],
        address=browser.address[:64],
        amr=list(amr),
        auth_time=at,
    )
    session.add(row)
    await session.flush()
    record(session, UserSignedIn(user_id=user.id, session_id=row.id, amr=list(amr)))
    return token, _signed_in(row, user)


async def find_session(resources: Resources, token: str) -> SignedIn | None:
    """Who holds this token, if its session is alive and its user may sign in.

    Whoever must have a second factor by now, and signed in without one, has to sign in again.
    """
    if not _TOKEN.fullmatch(token):
        return None
    found = await find_kept(resources, token_hash(token), _find_in_record)
    if found is not None and must_have_factor(resources.settings, found.role):
        return found if has_two_factors(found.amr) else None
    return found


async def find_kept(resources: Resources, hashed: str, look: Look) -> SignedIn | None:
    """Who holds the token of this hash: as the copy says, or as `look` finds in the record."""
    cached = await copies.read_copy(resources.redis, hashed)
    if cached == copies.ENDED:
        return None
    if cached is not None:
        return copies.from_copy(hashed, cached)
    found = await look(resources, hashed)
    if found is None:
        return None
    signed_in, end = found
    await copies.keep_copy(resources.redis, signed_in, min(copies.CACHED, end - now()))
    return signed_in


async def end_session(resources: Resources, session_id: UUID) -> None:
    """Sign one browser out; its sockets close within a second, in every process."""
    async with resources.db.transaction() as session:
        await end_which(session, resources, Session.id == session_id)


async def end_sessions_of(session: AsyncSession, resources: Resources, user_id: UUID) -> None:
    """Sign a user out everywhere, in frames on sites too, once this transaction stands."""
    theirs = select(User.id).where(User.external_id == f"{USERS_OWN}{user_id}")
    which = or_(Session.user_id == user_id, Session.user_id.in_(theirs))
    await end_which(session, resources, which)


async def renew_sessions_of(
    session: AsyncSession, resources: Resources, user_id: UUID, *, but: UUID | None = None
) -> str | None:
    """End a user's sessions, as a change of rights or of a password wants it (ASVS 5.0, 7.4.3).

    The session `but` goes on under a new token, which is returned for its cookie.
    """
    await end_which(
        session, resources, and_(Session.user_id == user_id, Session.id.is_distinct_from(but))
    )
    return None if but is None else await renew_session(session, resources, but)


async def renew_session(
    session: AsyncSession, resources: Resources, session_id: UUID, amr: Sequence[str] = ()
) -> str:
    """Give a living session another token; the old one opens nothing (ASVS 5.0, 7.2.4).

    With `amr`, its owner has just proved anew who they are, in this way.
    """
    at = now()
    row = await session.scalar(
        select(Session)
        .where(Session.id == session_id, Session.ended_at.is_(None))
        .with_for_update()
    )
    if row is None:
        raise Unauthenticated("This session is over. Sign in again.")
    token, before = secrets.token_urlsafe(32), row.token_hash
    row.token_hash = token_hash(token)
    if amr:
        row.amr = list(dict.fromkeys([*row.amr, *amr]))
        row.auth_time = at
    await session.flush()
    after_commit(session, lambda: copies.mark_ended(resources.redis, before))
    return token


async def list_ended(session: AsyncSession, session_ids: set[UUID]) -> set[UUID]:
    """Those of these sessions and API keys that are over, for whoever may have missed a hint."""
    alive = await session.scalars(
        select(Session.id)
        .join(User, User.id == Session.user_id)
        .where(Session.id.in_(session_ids), is_alive(now()), User.is_active)
    )
    return session_ids - set(alive) - await list_live(session, session_ids)


async def end_which(session: AsyncSession, resources: Resources, which: ColumnElement[bool]) -> int:
    """End these sessions once this transaction stands; says how many there were."""
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
            await copies.mark_ended(resources.redis, hashed)
        await publish_hint(resources.redis, "session", *(row.id for row in ended))

    after_commit(session, tell)
    return len(ended)


def is_alive(at: datetime) -> ColumnElement[bool]:
    """Which sessions open something at this moment, if their user may sign in."""
    return and_(
        Session.ended_at.is_(None),
        Session.expires_at > at,
        Session.last_seen_at > at - IDLE_END,
    )


async def _find_in_record(resources: Resources, hashed: str) -> tuple[SignedIn, datetime] | None:
    """The session as Postgres knows it, with the moment of its end; notes that it was used."""
    at = now()
    async with resources.db.transaction() as session:
        row = (
            await session.execute(
                select(Session, User)
                .join(User, User.id == Session.user_id)
                .where(
                    Session.token_hash == hashed,
                    is_alive(at),
                    User.is_active,
                    User.site_id.is_(None),
                )
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
        amr=tuple(row.amr),
        auth_time=row.auth_time,
    )
