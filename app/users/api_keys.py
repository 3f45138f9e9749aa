"""API keys: with one, a program does some of what its owner may do, until it expires.

A key reads `kpa_<12 characters to find it><43 of secret><6 of checksum>`. It is shown once; its
secret is kept as a hash only (256 random bits need no slow one: ASVS 5.0, 11.4.2). What it may do
is looked up at every use: its scopes within what its owner's role allows at that moment.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import now
from app.core.db import after_commit, is_storable
from app.core.errors import Conflict, Invalid, NotFound
from app.core.resources import Resources
from app.events.access import ApiKeyChanged
from app.events.store import record
from app.users.key_models import ApiKey
from app.users.models import User
from app.users.permissions import ROLE_PERMISSIONS, SIGNED_IN_ONLY, Permission
from app.users.signed_in import SignedIn

PREFIX = "kpa_"
USUAL_DAYS = 90
MOST_DAYS = 365
MOST_KEYS = 50
LONGEST_NAME = 60
SEEN_EVERY = timedelta(minutes=5)
"""How coarsely the last use is written down."""

_FORM = re.compile(r"kpa_([A-Za-z0-9]{12})([A-Za-z0-9_-]{43})([A-Za-z0-9]{6})")
_DIGITS = string.digits + string.ascii_letters
_NOBODYS = hashlib.sha256(b"").hexdigest()


def grantable_to(user: User) -> list[Permission]:
    """The scopes that a key of this user may have."""
    return sorted(ROLE_PERMISSIONS[user.role] - SIGNED_IN_ONLY)


async def create_key(
    session: AsyncSession, owner: User, *, name: str, scopes: Sequence[str], days: int
) -> tuple[str, ApiKey]:
    """Make a key; returns its text, which is kept nowhere, and its row.

    Raises Invalid with the field, and Conflict if there are too many.
    """
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= LONGEST_NAME or not is_storable(clean):
        raise Invalid(f"The name of a key has 1 to {LONGEST_NAME} characters.", field="name")
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"A key is good for 1 to {MOST_DAYS} days.", field="days")
    if not scopes:
        raise Invalid("Choose at least one thing that this key may do.", field="scopes")
    for scope in scopes:
        if scope not in grantable_to(owner):
            raise Invalid(f"A key of yours cannot have the scope “{scope}”.", field="scopes")
    held = select(func.count()).where(ApiKey.user_id == owner.id, is_live(now()))
    if (await session.scalar(held) or 0) >= MOST_KEYS:
        raise Conflict(f"You have {MOST_KEYS} keys already. Revoke one first.")
    lookup, secret = _random_lookup(), secrets.token_urlsafe(32)
    key = ApiKey(
        user_id=owner.id,
        name=clean,
        lookup=lookup,
        secret_hash=_hash(secret),
        scopes=sorted({str(scope) for scope in scopes}),
        expires_at=now() + timedelta(days=days),
    )
    session.add(key)
    await session.flush()
    _say(session, key, "created")
    return f"{PREFIX}{lookup}{secret}{_checksum(lookup + secret)}", key


async def list_keys(session: AsyncSession, user_id: UUID) -> list[ApiKey]:
    """A user's keys that were not revoked, newest first; those that expired lately too."""
    found = await session.scalars(
        select(ApiKey)
        .where(
            ApiKey.user_id == user_id,
            ApiKey.revoked_at.is_(None),
            ApiKey.expires_at > now() - timedelta(days=30),
        )
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    )
    return list(found)


async def revoke_key(
    session: AsyncSession, resources: Resources, user_id: UUID, key_id: UUID
) -> ApiKey:
    """Have a key open nothing from now on, for good. NotFound for another user's."""
    key = await session.scalar(
        select(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None))
        .with_for_update()
    )
    if key is None:
        raise NotFound("There is no such key.")
    key.revoked_at = now()
    _say(session, key, "revoked")
    after_commit(session, lambda: publish_hint(resources.redis, "session", key_id))
    return key


def is_key(text: str) -> bool:
    """Whether this claims to be a key of Keiko."""
    return text.startswith(PREFIX)


async def find_key(resources: Resources, text: str) -> SignedIn | None:
    """Who comes with this key, and what for; None if it opens nothing, for whatever reason."""
    form = _FORM.fullmatch(text)
    if form is None or not hmac.compare_digest(_checksum(form[1] + form[2]), form[3]):
        return None
    at = now()
    async with resources.db.transaction() as session:
        found = await session.execute(
            select(ApiKey, User)
            .join(User, User.id == ApiKey.user_id)
            .where(ApiKey.lookup == form[1], is_live(at), User.is_active)
        )
        row = found.one_or_none()
        kept = row[0].secret_hash if row else _NOBODYS
        if not hmac.compare_digest(kept, _hash(form[2])) or row is None:
            return None
        key, user = row
        if key.last_used_at is None:
            _say(session, key, "first_used")
        if key.last_used_at is None or at - key.last_used_at >= SEEN_EVERY:
            key.last_used_at = at
    return _signed_in(key, user)


def is_live(at: datetime) -> ColumnElement[bool]:
    """Whether a key was neither revoked nor has expired."""
    return and_(ApiKey.revoked_at.is_(None), ApiKey.expires_at > at)


async def list_live(session: AsyncSession, key_ids: set[UUID]) -> set[UUID]:
    """Those of these keys that open something."""
    live = await session.scalars(
        select(ApiKey.id)
        .join(User, User.id == ApiKey.user_id)
        .where(ApiKey.id.in_(key_ids), is_live(now()), User.is_active)
    )
    return set(live)


def _signed_in(key: ApiKey, user: User) -> SignedIn:
    granted = {Permission(scope) for scope in key.scopes if scope in set(Permission)}
    return SignedIn(
        user_id=user.id,
        username=user.username,
        full_name=user.full_name,
        role=user.role,
        session_id=key.id,
        token_hash=key.secret_hash,
        scopes=frozenset(granted | {Permission.ME_READ}) - SIGNED_IN_ONLY,
    )


def _say(session: AsyncSession, key: ApiKey, change: str) -> None:
    event = ApiKeyChanged(
        user_id=key.user_id,
        subject_id=key.id,
        key_id=key.id,
        name=key.name,
        scopes=list(key.scopes),
        change=change,
    )
    record(session, event)


def _random_lookup() -> str:
    return "".join(secrets.choice(_DIGITS) for _ in range(12))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    """Tells a mistyped key from a wrong one, and a key from any other text, without a look-up."""
    rest, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
