"""`keiko users …`: how people sign in and where they are signed in."""

from typing import TYPE_CHECKING

import click

from app.cli.running import with_resources

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.resources import Resources
    from app.users.models import User


async def _find(session: "AsyncSession", name: str) -> "User":
    from app.core.errors import NotFound
    from app.users.service import find_user

    user = await find_user(session, name)
    if user is None:
        raise NotFound(f"There is no user named {name}.")
    return user


@click.command("reset-second-factor")
@click.argument("name")
def reset_second_factor(name: str) -> None:
    """For whoever lost phone, keys and recovery codes: the password alone lets them in again.

    Make sure who asks. It is on record, and ends the account's sessions.
    """
    from app.users.credentials import reset_second_factor

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            user = await _find(session, name)
        if await reset_second_factor(resources, user.id):
            click.echo(f"{user.username} signs in with the password alone now.")
        else:
            click.echo(f"{user.username} had no second factor.")

    with_resources(work)


@click.command("reset-password")
@click.argument("name")
@click.password_option(help="Asked for if not given.")
def reset_password(name: str, password: str) -> None:
    """For whoever forgot theirs. Their second factor is asked for as before.

    It is on record, and ends the account's sessions.
    """
    from app.users.credentials import reset_password

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            user = await _find(session, name)
        await reset_password(resources, user.id, password)
        click.echo(f"{user.username} signs in with the new password now.")

    with_resources(work)


@click.command("sessions")
@click.argument("name")
def sessions(name: str) -> None:
    """Show in which browsers somebody is signed in."""
    from app.users.session_list import describe_device, list_sessions

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            user = await _find(session, name)
            found = await list_sessions(session, user.id)
        for each in found:
            device = " on ".join(filter(None, describe_device(each.user_agent))) or "unknown"
            click.echo(
                f"{each.id}  {device:24} {each.address:20} last used {each.last_seen_at:%F %R}"
            )
        if not found:
            click.echo("There are none.")

    with_resources(work)


@click.command("sign-out")
@click.argument("name")
def sign_out(name: str) -> None:
    """Sign somebody out everywhere; their pages close within a second."""
    from app.users.sessions import end_sessions_of

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            user = await _find(session, name)
            await end_sessions_of(session, resources, user.id)
        click.echo(f"{user.username} is signed out everywhere.")

    with_resources(work)
