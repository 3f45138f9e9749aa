"""Accounts as an admin looks after them: who there is, what role they have, who is shut out.

Whoever does it is an admin at that very moment: the row is read and held with the one that is
changed, so that two who lower each other at once do not both succeed. Nobody changes their own
role, and there is always an admin who may sign in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import now
from app.core.db import after_commit
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.resources import Resources
from app.events.access import UserChanged
from app.events.store import record
from app.users import invitations, sessions
from app.users.factor_models import Passkey, TotpFactor
from app.users.models import Group, GroupMember, Role, Session, User
from app.users.permissions import Permission, require
from app.users.service import is_account

_LAST_ADMIN = "This is the last admin who may sign in. Make somebody else an admin first."
_OWN_ROLE = "Nobody changes their own role. Ask another admin."
_ONESELF = "Nobody shuts their own account. Ask another admin."


@dataclass(frozen=True)
class Account:
    """An account as admins see it: nothing of what its owner wrote."""

    user: User
    groups: list[str]
    sessions: int
    """Browsers in which it is signed in."""
    second_factor: bool


async def list_accounts(session: AsyncSession) -> list[Account]:
    """All accounts, by name."""
    users = list(
        await session.scalars(select(User).where(is_account()).order_by(func.lower(User.username)))
    )
    return await _accounts(session, users)


async def get_account(session: AsyncSession, user_id: UUID) -> Account:
    """One account."""
    user = await session.get(User, user_id)
    if user is None or user.site_id is not None:
        raise NotFound("There is no such user.")
    return (await _accounts(session, [user]))[0]


async def invite(session: AsyncSession, admin_id: UUID, role: Role) -> tuple[str, datetime]:
    """Make a link for one more account; returns its token, kept nowhere, and when it is over."""
    await _hold(session, admin_id, admin_id)
    token = await invitations.invite(session, role, invited_by=admin_id)
    record(session, UserChanged(user_id=admin_id, change="invited", role=role))
    return token, now() + invitations.LIFETIME


async def change_role(
    session: AsyncSession, resources: Resources, admin_id: UUID, user_id: UUID, role: Role
) -> User:
    """Give an account another role; it is signed out everywhere, and its keys do less at once."""
    user = await _hold(session, admin_id, user_id)
    if user.id == admin_id:
        raise Forbidden(_OWN_ROLE)
    return await give_role(session, resources, user, role)


async def give_role(
    session: AsyncSession,
    resources: Resources,
    user: User,
    role: Role,
    *,
    provider: str | None = None,
) -> User:
    """Give an account that is held another role, unless it is the last admin's.

    `provider` is whose groups say so, if it is not somebody here.
    """
    if user.role is role:
        return user
    await _require_other_admin(session, user)
    before, user.role = user.role, role
    await session.flush()
    await sessions.renew_sessions_of(session, resources, user.id)
    _say(session, resources, user, "role", before=before, provider=provider)
    return user


async def disable(
    session: AsyncSession, resources: Resources, admin_id: UUID, user_id: UUID
) -> User:
    """Shut an account: sessions, sockets and keys end at once, and nothing runs for it."""
    user = await _hold(session, admin_id, user_id)
    if user.id == admin_id:
        raise Forbidden(_ONESELF)
    return await shut(session, resources, user)


async def shut(session: AsyncSession, resources: Resources, user: User) -> User:
    """Shut an account that is held, unless it is the last admin's."""
    if user.is_active:
        await _require_other_admin(session, user)
        user.is_active = False
        await session.flush()
        await sessions.end_sessions_of(session, resources, user.id)
        _say(session, resources, user, "disabled")
    return user


async def enable(
    session: AsyncSession, resources: Resources, admin_id: UUID, user_id: UUID
) -> User:
    """Open an account again that was shut; its owner signs in anew."""
    return await open_again(session, resources, await _hold(session, admin_id, user_id))


async def open_again(session: AsyncSession, resources: Resources, user: User) -> User:
    """Open an account that is held."""
    if not user.is_active:
        user.is_active = True
        _say(session, resources, user, "enabled")
    return user


async def end_sessions(
    session: AsyncSession, resources: Resources, admin_id: UUID, user_id: UUID
) -> User:
    """Sign somebody out everywhere."""
    user = await _hold(session, admin_id, user_id)
    await sessions.end_sessions_of(session, resources, user.id)
    _say(session, resources, user, "sessions_ended")
    return user


async def hold_account(session: AsyncSession, user_id: UUID) -> User:
    """An account that whoever runs Keiko is about to change, held with all admins'."""
    return (await _held(session, user_id))[user_id]


async def _hold(session: AsyncSession, admin_id: UUID, user_id: UUID) -> User:
    """The account to be changed, by somebody who is an admin at this very moment."""
    found = await _held(session, admin_id, user_id)
    admin = found.get(admin_id)
    if admin is None or not admin.is_active:
        raise Forbidden("This account may not change others.")
    require(admin.role, Permission.USERS_WRITE)
    if user_id not in found:
        raise NotFound("There is no such user.")
    return found[user_id]


async def _held(session: AsyncSession, *ids: UUID) -> dict[UUID, User]:
    """These accounts and all admins', held: whoever changes roles does so one at a time."""
    held = await session.scalars(
        select(User)
        .where(or_(User.id.in_(ids), User.role == Role.ADMIN), is_account())
        .order_by(User.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {user.id: user for user in held}


async def _require_other_admin(session: AsyncSession, user: User) -> None:
    if user.role is not Role.ADMIN or not user.is_active:
        return
    another = select(User.id).where(User.id != user.id, User.role == Role.ADMIN, User.is_active)
    if await session.scalar(another.limit(1)) is None:
        raise Conflict(_LAST_ADMIN)


async def _accounts(session: AsyncSession, users: Sequence[User]) -> list[Account]:
    ids = [user.id for user in users]
    alive = (
        select(Session.user_id, func.count())
        .where(Session.user_id.in_(ids), sessions.is_alive(now()))
        .join(User, User.id == Session.user_id)
        .group_by(Session.user_id)
    )
    counts = {user_id: number for user_id, number in await session.execute(alive)}
    app = exists().where(TotpFactor.user_id == User.id)
    passkey = exists().where(Passkey.user_id == User.id)
    proved = set(await session.scalars(select(User.id).where(User.id.in_(ids), or_(app, passkey))))
    groups: dict[UUID, list[str]] = {}
    rows = await session.execute(
        select(GroupMember.user_id, Group.name)
        .join(Group, Group.id == GroupMember.group_id)
        .where(GroupMember.user_id.in_(ids))
        .order_by(func.lower(Group.name))
    )
    for user_id, name in rows:
        groups.setdefault(user_id, []).append(name)
    return [
        Account(user, groups.get(user.id, []), counts.get(user.id, 0), user.id in proved)
        for user in users
    ]


def _say(
    session: AsyncSession,
    resources: Resources,
    user: User,
    change: str,
    *,
    before: Role | None = None,
    provider: str | None = None,
) -> None:
    event = UserChanged(
        user_id=user.id,
        subject_id=user.id,
        change=change,
        username=user.username,
        role=user.role,
        before=before,
        provider=provider,
    )
    record(session, event)
    after_commit(session, lambda: publish_hint(resources.redis, "user", user.id))
