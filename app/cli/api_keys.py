"""`keiko api-keys`: a user's API keys, from a terminal."""

from typing import TYPE_CHECKING
from uuid import UUID

import click

from app.cli.running import acting_user, user_option, with_resources

if TYPE_CHECKING:
    from app.core.resources import Resources


@click.group("api-keys")
def api_keys() -> None:
    """List, make and revoke keys with which programs use Keiko's interface."""


@api_keys.command("list")
@user_option
def list_them(*, user: str | None) -> None:
    """Show the keys, newest first; never their secrets."""
    from app.users.api_keys import PREFIX, list_keys

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            found = await list_keys(session, (await acting_user(session, user)).id)
        for key in found:
            until = f"until {key.expires_at:%Y-%m-%d}"
            click.echo(
                f"{key.id}  {PREFIX}{key.lookup}…  {key.name}  {until}  {' '.join(key.scopes)}"
            )
        if not found:
            click.echo("There are none.")

    with_resources(work)


@api_keys.command()
@click.argument("name")
@click.argument("scopes", nargs=-1, required=True)
@click.option("--days", default=90, show_default=True, help="How long it is good, at most 365.")
@user_option
def add(*, name: str, scopes: tuple[str, ...], days: int, user: str | None) -> None:
    """Make a key called NAME with these SCOPES, such as tasks:read, and print it once."""
    from app.users.api_keys import create_key

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            text, _ = await create_key(session, owner, name=name, scopes=scopes, days=days)
        click.echo(text)

    with_resources(work)


@api_keys.command()
@click.argument("key_id", type=click.UUID)
@user_option
def revoke(*, key_id: UUID, user: str | None) -> None:
    """Have a key open nothing from now on."""
    from app.users.api_keys import revoke_key

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            await revoke_key(session, resources, owner.id, key_id)
        click.echo("Revoked; it opens nothing any more.")

    with_resources(work)
