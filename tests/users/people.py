"""People who may sign in, made the way the product makes them."""

from app.core.redis import open_redis
from app.core.resources import Resources
from app.users.models import Role, User
from app.users.passwords import hash_password
from app.users.service import NewUser, create_user
from app.users.sessions import Browser, start_session

PASSWORD = "correct horse battery"
HOME = Browser(user_agent="Firefox", address="198.51.100.7")


async def make_user(resources: Resources, username: str = "ada", role: Role = Role.USER) -> User:
    """Somebody with the password `PASSWORD`."""
    new = NewUser(username=username, password_hash=await hash_password(PASSWORD), role=role)
    async with resources.db.transaction() as session:
        return await create_user(session, new)


async def open_session(resources: Resources, user: User) -> str:
    """The token of a new session."""
    async with resources.db.transaction() as session:
        return (await start_session(session, user, HOME))[0]


def without_redis(resources: Resources) -> Resources:
    """The same database, and a Redis that nobody answers for."""
    return Resources(resources.settings, resources.db, open_redis("redis://127.0.0.1:9/0"))
