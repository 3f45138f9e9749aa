"""Signing in with a name and a password, and where every other way in ends too."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Unauthenticated
from app.core.resources import Resources
from app.events.access import account_hash
from app.users.factors import has_factor, has_two_factors, must_have_factor
from app.users.failures import note_failed
from app.users.invitations import accept
from app.users.models import User
from app.users.passwords import hash_password, hashing_slot, matches
from app.users.pending import keep_pending
from app.users.service import find_user
from app.users.sessions import Browser, start_session
from app.users.signed_in import SignedIn
from app.users.throttle import counted, note_failure, note_success, require_patience

WRONG = "User name or password is wrong."
"""Said of an unknown name, a wrong password and a disabled account alike (ASVS 5.0, 6.3.8)."""


@dataclass(frozen=True)
class Started:
    """A new session: the cookie's value, which is kept nowhere else, and who it stands for."""

    token: str
    signed_in: SignedIn


@dataclass(frozen=True)
class SecondFactorNeeded:
    """A first proof was right, and there is no session yet: the cookie's value, and what is next.

    With `must_set_up`, a second factor is wanted of somebody who has none.
    """

    token: str
    must_set_up: bool


Begun = Started | SecondFactorNeeded


async def begin(resources: Resources, browser: Browser, user: User, *, amr: Sequence[str]) -> Begun:
    """Where every way in ends: a session with a new token, or the question for a second factor.

    `amr` is how the user proved who they are (RFC 8176); with `mfa` in it, nothing more is asked.
    `Unauthenticated` for an account that is shut.
    """
    async with resources.db.transaction() as session:
        return await _begin(session, resources, browser, user, amr)


async def sign_in(resources: Resources, browser: Browser, *, username: str, password: str) -> Begun:
    """Sign in with a password. `Unauthenticated` if refused, `TooMany` if too often."""
    tries = counted(username, browser)
    async with hashing_slot:  # waits first, so that a burst cannot slip past the delay
        await require_patience(resources.redis, *tries)
        async with resources.db.transaction() as session:
            user = await _find_active(session, username)
        right = await matches(user.password_hash if user else None, password)
        if user is None or not right:
            await note_failure(resources.redis, *tries)
            await _put_on_record(resources, user, username)
            raise Unauthenticated(WRONG)
    await note_success(resources.redis, tries[0])
    return await begin(resources, browser, user, amr=["pwd"])


async def set_up(
    resources: Resources, browser: Browser, *, token: str, username: str, password: str
) -> Begun:
    """Make the account that a one-time link stands for, and sign it in."""
    password_hash = await hash_password(password, username)
    async with resources.db.transaction() as session:
        user = await accept(session, token, username=username, password_hash=password_hash)
        return await _begin(session, resources, browser, user, ["pwd"])


async def _begin(
    session: AsyncSession,
    resources: Resources,
    browser: Browser,
    user: User,
    amr: Sequence[str],
) -> Begun:
    if not has_two_factors(amr):
        has_one = await has_factor(session, user.id)
        if has_one or must_have_factor(resources.settings, user.role):
            token = await keep_pending(session, user, amr)
            return SecondFactorNeeded(token, must_set_up=not has_one)
    return Started(*await start_session(session, user, browser, amr))


async def _put_on_record(resources: Resources, user: User | None, username: str) -> None:
    await note_failed(
        resources,
        user.id if user else None,
        way="pwd",
        reason="wrong_password" if user else "unknown_or_shut",
        account=account_hash(username),
    )


async def _find_active(session: AsyncSession, username: str) -> User | None:
    user = await find_user(session, username)
    return user if user is not None and user.is_active else None
