"""What an account may do at this moment, as the database says: for what acts without a request."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.users.models import User
from app.users.permissions import Permission, require, roles_with


def has_right(permission: Permission) -> ColumnElement[bool]:
    """Whether an account is open and has a permission."""
    return and_(User.is_active, User.role.in_(roles_with(permission)))


async def require_right(session: AsyncSession, user_id: UUID, permission: Permission) -> None:
    """Raises Conflict for an account that is shut, Forbidden for one of a lesser role."""
    user = await session.get(User, user_id)
    if user is None or not user.is_active:
        raise Conflict("The account may not work at present.")
    require(user.role, permission)


@dataclass(frozen=True)
class Owners:
    """Who may not have anything done, and whose site those are visitors of that may."""

    barred: set[UUID]
    sites: dict[UUID, UUID]


async def look_at_owners(
    session: AsyncSession, user_ids: Iterable[UUID], permission: Permission
) -> Owners:
    """How it stands with those who want something done."""
    ids = set(user_ids)
    query = select(User.id, User.site_id).where(User.id.in_(ids), has_right(permission))
    having = {user_id: site_id for user_id, site_id in await session.execute(query)}
    sites = {user_id: site_id for user_id, site_id in having.items() if site_id is not None}
    return Owners(barred=ids - set(having), sites=sites)


async def list_without(
    session: AsyncSession, user_ids: Iterable[UUID], permission: Permission
) -> set[UUID]:
    """Those of these users who do not have a permission, or whose account is shut."""
    ids = set(user_ids)
    having = select(User.id).where(User.id.in_(ids), has_right(permission))
    return ids - set(await session.scalars(having))
