"""What an account may do at this moment, as the database says: for what acts without a request."""

from collections.abc import Iterable
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


async def list_without(
    session: AsyncSession, user_ids: Iterable[UUID], permission: Permission
) -> set[UUID]:
    """Those of these users who do not have a permission, or whose account is shut."""
    ids = set(user_ids)
    having = select(User.id).where(User.id.in_(ids), has_right(permission))
    return ids - set(await session.scalars(having))
