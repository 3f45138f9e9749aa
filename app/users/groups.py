"""Groups of users: what is shared with a group is for its members, for as long as they are.

Admins make them. Removing one takes away whatever belongs to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import new_id
from app.core.db import after_commit, is_storable
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.resources import Resources
from app.events.access import GroupChanged
from app.events.store import record
from app.users.models import Group, GroupMember, Role, User
from app.users.service import clean_username, is_account

LONGEST_NAME = 50
MOST_GROUPS = 200


@dataclass(frozen=True)
class Membership:
    """A group with the names of its members."""

    group: Group
    members: list[str]


async def require_admin(session: AsyncSession, user_id: UUID) -> None:
    """Raises Forbidden unless this user is an admin."""
    if await session.scalar(select(User.role).where(User.id == user_id)) is not Role.ADMIN:
        raise Forbidden("Only an admin may change groups.")


async def list_groups(session: AsyncSession) -> list[Membership]:
    """All groups, by name."""
    groups = list(await session.scalars(select(Group).order_by(func.lower(Group.name))))
    return [Membership(group, await _members(session, group.id)) for group in groups]


async def get_group(session: AsyncSession, group_id: UUID) -> Group:
    """The group with this id."""
    found = await session.get(Group, group_id)
    if found is None:
        raise NotFound("There is no such group.")
    return found


async def find_group(session: AsyncSession, name: str) -> Group | None:
    """The group of that name, in whatever case it is written."""
    query = select(Group).where(func.lower(Group.name) == name.strip().lower())
    found: Group | None = await session.scalar(query)
    return found


async def name_groups(session: AsyncSession, ids: Sequence[UUID | None]) -> dict[UUID, str]:
    """The names of these groups."""
    wanted = [id for id in set(ids) if id is not None]
    if not wanted:
        return {}
    rows = await session.execute(select(Group.id, Group.name).where(Group.id.in_(wanted)))
    return {id: name for id, name in rows}


async def get_membership(session: AsyncSession, group_id: UUID) -> Membership:
    """The group with this id and its members."""
    return Membership(await get_group(session, group_id), await _members(session, group_id))


async def create_group(session: AsyncSession, user_id: UUID, name: str) -> Group:
    """Make an empty group. Conflict if there are too many, Invalid if the name is taken."""
    await require_admin(session, user_id)
    if (await session.scalar(select(func.count()).select_from(Group)) or 0) >= MOST_GROUPS:
        raise Conflict(f"There are {MOST_GROUPS} groups already. Remove one first.")
    values = {"id": new_id(), "name": _clean(name)}
    group: Group | None = await session.scalar(
        insert(Group).values(values).on_conflict_do_nothing().returning(Group)
    )
    if group is None:
        raise Invalid(f"There is a group named “{values['name']}” already.", field="name")
    _say(session, user_id, group, "created")
    return group


async def rename_group(session: AsyncSession, user_id: UUID, group_id: UUID, name: str) -> Group:
    """Give a group another name; whatever belongs to it stays."""
    await require_admin(session, user_id)
    group = await get_group(session, group_id)
    known = await find_group(session, _clean(name))
    if known is not None and known.id != group.id:
        raise Invalid(f"There is a group named “{known.name}” already.", field="name")
    group.name = _clean(name)
    _say(session, user_id, group, "renamed")
    return group


async def remove_group(
    session: AsyncSession, resources: Resources, user_id: UUID, group_id: UUID
) -> Group:
    """Remove a group with all that belongs to it, as its servers of tools."""
    await require_admin(session, user_id)
    group = await get_group(session, group_id)
    _say(session, user_id, group, "removed")
    await session.delete(group)
    _tell(session, resources, group_id)
    return group


async def set_members(
    session: AsyncSession,
    resources: Resources,
    user_id: UUID,
    group_id: UUID,
    usernames: Sequence[str],
) -> Membership:
    """Have a group consist of just these users. Invalid if one of them is not there."""
    await require_admin(session, user_id)
    group = await get_group(session, group_id)
    wanted = [await _user_id(session, name) for name in usernames]
    await session.execute(
        delete(GroupMember).where(
            GroupMember.group_id == group_id, GroupMember.user_id.not_in(wanted)
        )
    )
    if wanted:
        rows = [{"id": new_id(), "group_id": group_id, "user_id": id} for id in set(wanted)]
        await session.execute(insert(GroupMember).values(rows).on_conflict_do_nothing())
    _say(session, user_id, group, "members")
    _tell(session, resources, group_id)
    return Membership(group, await _members(session, group_id))


async def list_members(session: AsyncSession) -> dict[UUID, frozenset[UUID]]:
    """The members of each group whose accounts are open."""
    rows = await session.execute(
        select(GroupMember.group_id, GroupMember.user_id)
        .join(User, User.id == GroupMember.user_id)
        .where(User.is_active)
    )
    members: dict[UUID, set[UUID]] = {}
    for group_id, user_id in rows:
        members.setdefault(group_id, set()).add(user_id)
    return {group_id: frozenset(ids) for group_id, ids in members.items()}


async def _members(session: AsyncSession, group_id: UUID) -> list[str]:
    query = (
        select(User.username)
        .join(GroupMember, GroupMember.user_id == User.id)
        .where(GroupMember.group_id == group_id)
        .order_by(func.lower(User.username))
    )
    return list(await session.scalars(query))


async def _user_id(session: AsyncSession, name: str) -> UUID:
    query = select(User.id).where(
        func.lower(User.username) == func.lower(clean_username(name)), is_account()
    )
    found: UUID | None = await session.scalar(query)
    if found is None:
        raise Invalid(f"There is no user named “{name}”.", field="usernames")
    return found


def _clean(name: str) -> str:
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= LONGEST_NAME or not is_storable(clean):
        raise Invalid(f"The name of a group has 1 to {LONGEST_NAME} characters.", field="name")
    return clean


def _say(session: AsyncSession, user_id: UUID, group: Group, change: str) -> None:
    event = GroupChanged(
        user_id=user_id, subject_id=group.id, group_id=group.id, name=group.name, change=change
    )
    record(session, event)


def _tell(session: AsyncSession, resources: Resources, group_id: UUID) -> None:
    """Workers look at once who may use what; what a group has is mostly servers of tools."""
    after_commit(session, lambda: publish_hint(resources.redis, "mcp", group_id))
