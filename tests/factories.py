"""What tests set up their world with, through the same services as the product."""

from collections.abc import Awaitable, Callable

from app.core.resources import Resources
from app.users.models import Role, User
from app.users.service import NewUser, create_user

MakeUser = Callable[..., Awaitable[User]]


def user_maker(resources: Resources) -> MakeUser:
    """Makes accounts in the database of `resources`."""

    async def make_user(username: str = "ada", role: Role = Role.USER) -> User:
        async with resources.db.transaction() as session:
            return await create_user(session, NewUser(username=username, role=role))

    return make_user
