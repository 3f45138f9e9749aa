"""Signing in with a name and a password."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Unauthenticated
from app.core.resources import Resources
from app.users.invitations import accept
from app.users.models import User
from app.users.passwords import hash_password, hashing_slot, matches
from app.users.service import find_user
from app.users.sessions import Browser, SignedIn, start_session
from app.users.throttle import counted, note_failure, note_success, require_patience

WRONG = "User name or password is wrong."
"""Said of an unknown name, a wrong password and a disabled account alike (ASVS 5.0, 6.3.8)."""


@dataclass(frozen=True)
class Started:
    """A new session: the cookie's value, which is kept nowhere else, and who it stands for."""

    token: str
    signed_in: SignedIn


async def sign_in(
    resources: Resources, browser: Browser, *, username: str, password: str
) -> Started:
    """Begin a session with a new token. `Unauthenticated` if refused, `TooMany` if too often."""
    account, network = counted(username, browser.address)
    async with hashing_slot:  # waits first, so that a burst cannot slip past the delay
        await require_patience(resources.redis, account, network)
        async with resources.db.transaction() as session:
            user = await _find_active(session, username)
        right = await matches(user.password_hash if user else None, password)
        if user is None or not right:
            await note_failure(resources.redis, account, network)
            raise Unauthenticated(WRONG)
    await note_success(resources.redis, account)
    async with resources.db.transaction() as session:
        return Started(*await start_session(session, user, browser))


async def set_up(
    resources: Resources, browser: Browser, *, token: str, username: str, password: str
) -> Started:
    """Make the account that a one-time link stands for, and sign it in."""
    password_hash = await hash_password(password)
    async with resources.db.transaction() as session:
        user = await accept(session, token, username=username, password_hash=password_hash)
        return Started(*await start_session(session, user, browser))


async def _find_active(session: AsyncSession, username: str) -> User | None:
    user = await find_user(session, username)
    return user if user is not None and user.is_active else None
