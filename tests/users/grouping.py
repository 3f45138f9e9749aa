"""Groups as tests make them: by an admin of their own."""

from uuid import UUID

from app.core.clock import new_id
from app.core.resources import Resources
from app.users.groups import create_group, set_members
from app.users.models import Role
from app.users.service import NewUser, create_user


async def make_group(resources: Resources, name: str, *members: str) -> UUID:
    """A group of these users."""
    async with resources.db.transaction() as session:
        admin = await create_user(session, NewUser(username=f"a{new_id().hex}", role=Role.ADMIN))
    async with resources.db.transaction() as session:
        group = await create_group(session, admin.id, name)
        await set_members(session, resources, admin.id, group.id, members)
    return group.id
