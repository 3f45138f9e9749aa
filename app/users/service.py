"""Accounts: who may sign in."""

import unicodedata
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.db import after_commit
from app.core.errors import Conflict, Invalid, NotFound
from app.core.resources import Resources
from app.events.access import UserCreated
from app.events.store import record
from app.users import sessions
from app.users.models import Role, User

LONGEST_NAME = 64

NAME_TAKEN = "This user name is taken. Please choose another."
NAME_LENGTH = f"A user name has 1 to {LONGEST_NAME} characters."
NAME_CHARACTERS = "A user name has no line breaks or other invisible characters."


@dataclass(frozen=True, kw_only=True)
class NewUser:
    """What it takes to make an account; without a password nobody can sign in to it."""

    username: str
    password_hash: str | None = None
    full_name: str | None = None
    email: str | None = None
    role: Role = Role.USER


def clean_username(text: str) -> str:
    """The user name that somebody meant: trimmed and composed. Raises `Invalid`."""
    name = unicodedata.normalize("NFC", text.strip())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(NAME_LENGTH, field="username")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in name):
        raise Invalid(NAME_CHARACTERS, field="username")
    return name


def is_account() -> ColumnElement[bool]:
    """Whose row it is: somebody's who may sign in, and not a visitor's of a site."""
    return User.site_id.is_(None)


async def create_user(session: AsyncSession, new: NewUser) -> User:
    """Make an account. `Conflict` if the name is taken, in whatever case it is written."""
    values = {**vars(new), "username": clean_username(new.username)}
    user: User | None = await session.scalar(
        insert(User).values(values).on_conflict_do_nothing().returning(User)
    )
    if user is None:
        raise Conflict(NAME_TAKEN)
    record(session, UserCreated(user_id=user.id, username=user.username, role=user.role))
    return user


async def find_user(session: AsyncSession, username: str) -> User | None:
    """The account of that name, in whatever case it is written."""
    try:
        name = clean_username(username)
    except Invalid:
        return None
    return await session.scalar(
        select(User).where(func.lower(User.username) == func.lower(name), is_account())
    )


async def get_user(session: AsyncSession, user_id: UUID) -> User:
    """The account with this id."""
    user = await session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


async def list_users(session: AsyncSession) -> list[User]:
    """All accounts, by name."""
    return list(
        await session.scalars(select(User).where(is_account()).order_by(func.lower(User.username)))
    )


async def count_users(session: AsyncSession) -> int:
    """How many accounts there are."""
    return await session.scalar(select(func.count()).select_from(User).where(is_account())) or 0


async def disable_user(session: AsyncSession, resources: Resources, user_id: UUID) -> User:
    """Shut an account: its sessions are void at once, its sockets close within a second."""
    user = await get_user(session, user_id)
    user.is_active = False
    await session.flush()  # locks the account first, so that no session can begin meanwhile
    await sessions.end_sessions_of(session, resources, user_id)
    after_commit(session, lambda: publish_hint(resources.redis, "user", user_id))
    return user


async def time_zone_of(session: AsyncSession, user_id: UUID) -> str:
    """The zone in which a user reads times (IANA name)."""
    zone: str | None = await session.scalar(select(User.timezone).where(User.id == user_id))
    return zone or "UTC"


async def learn_time_zone(session: AsyncSession, user_id: UUID, zone: str) -> None:
    """Keep the zone that a user's form told, for an account that has none but UTC yet."""
    await session.execute(
        update(User).where(User.id == user_id, User.timezone == "UTC").values(timezone=zone)
    )
