"""The database before the first process uses it: its shape, and its first account."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager

import click
from alembic.util import CommandError
from asyncpg import PostgresError
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import Database, open_engine
from app.core.embedded import running_servers
from app.core.errors import Conflict, Unavailable
from app.core.key_register import admit
from app.core.migrations import migrate
from app.core.rights import give_rights, role_of
from app.core.settings import Settings
from app.users.invitations import create_owner, invite_owner
from app.users.models import Role
from app.users.passwords import hash_password
from app.users.service import NewUser, count_users


def prepare(settings: Settings, *, owner: bool) -> None:
    """Migrate. With `owner`, the last line printed is JSON: `{"setup_token": ... or null}`.

    Raises `Unavailable` and `Conflict` with a sentence for whoever runs this machine.
    """
    with running_servers(settings) as running, _explained():
        url = running.database_url or ""
        migrate(running.database_owner_url or url)
        if running.database_owner_url and role_of(running.database_owner_url) != role_of(url):
            asyncio.run(give_rights(running.database_owner_url, url))
        asyncio.run(_check_key(running, url))
        if owner:
            token = asyncio.run(_first_owner(running, url))
            click.echo(json.dumps({"setup_token": token}))


async def _check_key(settings: Settings, url: str) -> None:
    """Refuse a key that is not the database's; make one for an empty database."""
    engine = open_engine(url, pool_size=1)
    try:
        await admit(engine, settings)
    finally:
        await engine.dispose()


async def _first_owner(settings: Settings, url: str) -> str | None:
    """Make the first account if a password is set; else the token of a link to make it with."""
    engine = open_engine(url, pool_size=1)
    try:
        database = Database(engine)
        async with database.transaction() as session:
            if await count_users(session):
                return None
            if settings.owner_password is None:
                return await invite_owner(session)
        hashed = await hash_password(settings.owner_password.get_secret_value())
        new = NewUser(username=settings.owner_name, password_hash=hashed, role=Role.ADMIN)
        async with database.transaction() as session:
            await create_owner(session, new)
    finally:
        await engine.dispose()
    return None


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise Conflict(
            f"The database does not fit this Keiko: {error}. Was it written by a newer one?"
        ) from error
    except (OSError, PostgresError, SQLAlchemyError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise Unavailable(
            f"The database refuses: {reason}. Is KEIKO_DATABASE_URL right and reachable?"
        ) from error
