"""The database before the first process uses it: its shape, and its first account."""

import asyncio
import json

import click

from app.core.embedded import running_servers
from app.core.migrations import migrate
from app.core.resources import open_resources
from app.core.settings import Settings
from app.users.invitations import create_owner, invite_owner
from app.users.models import Role
from app.users.passwords import hash_password
from app.users.service import NewUser, count_users


def prepare(settings: Settings, *, owner: bool) -> None:
    """Migrate. With `owner`, the last line printed is JSON: `{"setup_token": ... or null}`."""
    with running_servers(settings) as running:
        if running.database_url:
            migrate(running.database_url)
        if owner:
            token = asyncio.run(_first_owner(running))
            click.echo(json.dumps({"setup_token": token}))


async def _first_owner(settings: Settings) -> str | None:
    """Make the first account if a password is set; else the token of a link to make it with."""
    async with open_resources(settings, pool_size=1) as resources:
        async with resources.db.transaction() as session:
            if await count_users(session):
                return None
            if settings.owner_password is None:
                return await invite_owner(session)
        hashed = await hash_password(settings.owner_password.get_secret_value())
        new = NewUser(username=settings.owner_name, password_hash=hashed, role=Role.ADMIN)
        async with resources.db.transaction() as session:
            await create_owner(session, new)
    return None
