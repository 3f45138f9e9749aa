"""What an account can be signed in to with, besides each other: a password, accounts, passkeys."""

from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.users.factor_models import Passkey
from app.users.models import User
from app.users.providers.models import Identity

ONLY_WAY = "This is your only way to sign in. Add another passkey or link another account first."


async def require_way_in(session: AsyncSession, user_id: UUID) -> None:
    """Raises `Conflict` where nothing is left to sign in with: nobody locks themselves out.

    To be asked after something was taken away. Holds the account until the transaction ends, so
    that two who take away something at once do not both count on what the other takes.
    """
    user = await session.get_one(User, user_id, with_for_update=True)
    account = exists().where(Identity.user_id == user_id)
    passkey = exists().where(Passkey.user_id == user_id)
    if user.password_hash is None and not await session.scalar(select(or_(account, passkey))):
        raise Conflict(ONLY_WAY)
