"""`keiko users`: who may sign in."""

from typing import TYPE_CHECKING

import click

from app.cli.running import with_resources

if TYPE_CHECKING:
    from app.core.resources import Resources

ROLES = ("admin", "operator", "user", "viewer")


@click.group()
def users() -> None:
    """List, add, invite and disable the people who may sign in."""


@users.command("list")
def list_them() -> None:
    """Show all accounts."""
    from app.users import service

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            for user in await service.list_users(session):
                state = "" if user.is_active else "  (disabled)"
                click.echo(f"{user.username:24} {user.role:10}{state}")

    with_resources(work)


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

    with_resources(work)


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

    with_resources(work)


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

    with_resources(work)
