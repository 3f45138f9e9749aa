"""`keiko apps`: the programs of others that a user let in, from a terminal."""

from typing import TYPE_CHECKING
from uuid import UUID

import click

from app.cli.running import acting_user, user_option, with_resources

if TYPE_CHECKING:
    from app.core.resources import Resources


@click.group()
def apps() -> None:
    """List and end programs that may use your Keiko through /mcp."""


@apps.command("list")
@user_option
def list_them(*, user: str | None) -> None:
    """Show the programs that may come in, latest first."""
    from app.oauth.grants import list_grants

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            found = await list_grants(session, owner.id)
        for each in found:
            scopes = "+".join(each.scopes)
            used = f"{each.last_used_at:%Y-%m-%d %H:%M}"
            click.echo(f"{each.id}  {each.name}  ({each.host})  {scopes}  used {used}")
        if not found:
            click.echo("There are none.")

    with_resources(work)


@apps.command()
@click.argument("app_id", type=click.UUID)
@user_option
def end(*, app_id: UUID, user: str | None) -> None:
    """Let a program in no more."""
    from app.oauth.grants import end_grant

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            await end_grant(session, owner.id, app_id)
        click.echo("Ended; its tokens open nothing any more.")

    with_resources(work)
