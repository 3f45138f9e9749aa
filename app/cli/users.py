"""`keiko users`: who may sign in."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.core.resources import Resources

ROLES = ("admin", "operator", "user", "viewer")


@click.group()
def users() -> None:
    """List, add, invite and disable the people who may sign in."""


def _run(work: "Callable[[Resources], Awaitable[None]]") -> None:
    """Do `work` with the database and Redis of a running Keiko, or of our own meanwhile."""
    import asyncio

    from app.core.embedded import running_servers
    from app.core.resources import open_resources
    from app.core.settings import settings

    async def open_and_work() -> None:
        with running_servers(settings()) as running:
            async with open_resources(running, pool_size=1) as resources:
                await work(resources)

    asyncio.run(open_and_work())


@users.command("list")
def list_them() -> None:
    """Show all accounts."""
    from app.users import service

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            for user in await service.list_users(session):
                state = "" if user.is_active else "  (disabled)"
                click.echo(f"{user.username:24} {user.role:10}{state}")

    _run(work)


@users.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="user", show_default=True)
@click.password_option(help="Asked for if not given.")
def add(name: str, role: str, password: str) -> None:
    """Make an account."""
    from app.users import passwords, service
    from app.users.models import Role

    async def work(resources: "Resources") -> None:
        passwords.require_good_password(password)
        hashed = await passwords.hash_password(password)
        new = service.NewUser(username=name, password_hash=hashed, role=Role(role))
        async with resources.db.transaction() as session:
            user = await service.create_user(session, new)
        click.echo(f"{user.username} may sign in.")

    _run(work)


@users.command()
@click.option("--role", type=click.Choice(ROLES), default="user", show_default=True)
def invite(role: str) -> None:
    """Print a link with which somebody chooses a name and a password, once."""
    from app.users import invitations
    from app.users.models import Role

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            token = await invitations.invite(session, Role(role))
        settings = resources.settings
        address = settings.public_url or f"http://{settings.host}:{settings.port}"
        click.echo(f"{address.rstrip('/')}/setup/{token}")

    _run(work)


@users.command()
@click.argument("name")
def disable(name: str) -> None:
    """Shut an account; whoever is signed in with it is out within a second."""
    from app.core.errors import NotFound
    from app.users import service

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            user = await service.find_user(session, name)
            if user is None:
                raise NotFound(f"There is no user named {name}.")
            await service.disable_user(session, resources, user.id)
        click.echo(f"{name} may no longer sign in.")

    _run(work)
