"""Between the first proof and the second: a short token in its own cookie, and no session.

It opens nothing, ends after five minutes, and is used up by the sign-in that it becomes.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import Unauthenticated
from app.users.factor_models import PendingSignIn
from app.users.models import User

LIFETIME = timedelta(minutes=5)

OVER = "This took too long, or was done already. Sign in again from the start."


async def keep_pending(session: AsyncSession, user: User, amr: Sequence[str]) -> str:
    """Note that a user gave a first proof; returns the token for the cookie."""
    at = now()
    await session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at < at))
    token = secrets.token_urlsafe(32)
    session.add(
        PendingSignIn(
            user_id=user.id, token_hash=_hash(token), amr=list(amr), expires_at=at + LIFETIME
        )
    )
    await session.flush()
    return token


async def require_pending(session: AsyncSession, token: str | None) -> tuple[PendingSignIn, User]:
    """Whose sign-in waits behind this token. `Unauthenticated` if none does any more."""
    row = (
        await session.execute(
            select(PendingSignIn, User)
            .join(User, User.id == PendingSignIn.user_id)
            .where(PendingSignIn.token_hash == _hash(token or ""), _waits(), User.is_active)
        )
    ).one_or_none()
    if row is None:
        raise Unauthenticated(OVER)
    pending, user = row
    return pending, user


async def use_pending(session: AsyncSession, pending: PendingSignIn) -> None:
    """Use a waiting sign-in up. Of two who do so at once, the second gets `Unauthenticated`."""
    used = await session.scalar(
        update(PendingSignIn)
        .where(PendingSignIn.id == pending.id, _waits())
        .values(used_at=now())
        .returning(PendingSignIn.id)
    )
    if used is None:
        raise Unauthenticated(OVER)


def _waits() -> ColumnElement[bool]:
    return and_(PendingSignIn.used_at.is_(None), PendingSignIn.expires_at > now())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
