"""`keiko users`: who may sign in."""

from typing import TYPE_CHECKING

import click

from app.cli.running import with_resources

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
    from app.events.access import UserChanged
    from app.events.store import record
    from app.users import invitations
    from app.users.models import Role

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            token = await invitations.invite(session, Role(role))
            record(session, UserChanged(change="invited", role=role))
        settings = resources.settings
        address = settings.public_url or f"http://{settings.host}:{settings.port}"
        click.echo(f"{address.rstrip('/')}/setup/{token}")

    with_resources(work)


@users.command()
@click.argument("name")
def disable(name: str) -> None:
    """Shut an account; whoever is signed in with it is out within a second."""
    from app.users.administration import shut

    _change(name, shut, "{} may no longer sign in.")


@users.command()
@click.argument("name")
def enable(name: str) -> None:
    """Open an account again that was shut."""
    from app.users.administration import open_again

    _change(name, open_again, "{} may sign in again.")


@users.command()
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
def role(name: str, role: str) -> None:
    """Give an account another role; it is signed out everywhere."""
    from functools import partial

    from app.users.administration import give_role
    from app.users.models import Role

    _change(name, partial(give_role, role=Role(role)), f"{{}} is {role} now.")


def _change(name: str, change: "Callable[..., Awaitable[object]]", done: str) -> None:
    from app.core.errors import NotFound
    from app.users import service
    from app.users.administration import hold_account

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            user = await service.find_user(session, name)
            if user is None:
                raise NotFound(f"There is no user named {name}.")
            await change(session, resources, await hold_account(session, user.id))
        click.echo(done.format(name))

    with_resources(work)
