"""One-time links with which somebody chooses a name and a password.

The first account comes from one: while there is no user, exactly one such link is open, and
whoever uses it is the owner. Nobody ever gets a default password.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import Conflict, NotFound
from app.users.models import Invitation, Role, User
from app.users.permissions import Permission
from app.users.rights import has_right
from app.users.service import NewUser, count_users, create_user

LIFETIME = timedelta(hours=24)

LINK_OVER = "This link was used or is too old. `./keiko users invite` prints a new one."
OWNER_EXISTS = "There is an owner already. `./keiko users invite` prints a link for another user."


async def invite(
    session: AsyncSession, role: Role = Role.USER, *, invited_by: UUID | None = None
) -> str:
    """Make a link for one more account of this role; returns its token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    until = now() + LIFETIME
    session.add(
        Invitation(token_hash=_hash(token), role=role, expires_at=until, invited_by=invited_by)
    )
    await session.flush()
    return token


async def invite_owner(session: AsyncSession) -> str:
    """Make the link for the first account; earlier links are void. `Conflict` if there is one."""
    await _require_no_user(session)
    return await invite(session, Role.ADMIN)


async def create_owner(session: AsyncSession, new: NewUser) -> User:
    """Make the first account without a link; open links are void. `Conflict` if there is one."""
    await _require_no_user(session)
    return await create_user(session, new)


async def require_invitation(session: AsyncSession, token: str) -> Invitation:
    """The invitation behind a link, if it can still be used; else `NotFound`."""
    invitation = await session.scalar(
        select(Invitation).where(Invitation.token_hash == _hash(token), _is_open(now()))
    )
    if invitation is None:
        raise NotFound(LINK_OVER)
    return invitation


async def accept(session: AsyncSession, token: str, *, username: str, password_hash: str) -> User:
    """Make the account that a link stands for and use the link up, both or neither."""
    role = await use_invitation(session, token)
    return await create_user(
        session, NewUser(username=username, password_hash=password_hash, role=role)
    )


async def use_invitation(session: AsyncSession, token: str) -> Role:
    """Use a link up; gives the role of the account that it stands for.

    Of two who use one link at once, the second gets `NotFound`.
    """
    at = now()
    role: Role | None = await session.scalar(
        update(Invitation)
        .where(Invitation.token_hash == _hash(token), _is_open(at))
        .values(used_at=at)
        .returning(Invitation.role)
    )
    if role is None:
        raise NotFound(LINK_OVER)
    return role


def _is_open(at: datetime) -> ColumnElement[bool]:
    """An admin who is one no more must not come back by a link of their own."""
    inviters = select(User.id).where(has_right(Permission.USERS_WRITE))
    welcome = or_(Invitation.invited_by.is_(None), Invitation.invited_by.in_(inviters))
    return and_(Invitation.used_at.is_(None), Invitation.expires_at > at, welcome)


async def _require_no_user(session: AsyncSession) -> None:
    """Hold the place of the first user until the end of the transaction; void all open links."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("keiko.first_user"))))
    await session.execute(
        update(Invitation)
        .where(Invitation.used_at.is_(None))
        .values(expires_at=Invitation.created_at)
    )
    if await count_users(session) > 0:
        raise Conflict(OWNER_EXISTS)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
