"""`keiko mcp sign-in` and `sign-out`: who you are to a server of tools, from a terminal."""

from typing import TYPE_CHECKING

import click

from app.cli.mcp import find
from app.cli.running import acting_user, user_option, with_resources

if TYPE_CHECKING:
    from app.core.resources import Resources


@click.command("sign-in")
@click.argument("name")
@user_option
def sign_in(name: str, user: str | None) -> None:
    """Print the address to sign in at; open it in the browser that is signed in to Keiko."""
    from app.core.errors import Unavailable
    from app.launcher.folder import LauncherFolder
    from app.mcp.oauth.flow import begin
    from app.mcp.oauth.registration import callback_of

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            server = await find(session, owner, name)
        settings = resources.settings
        running = LauncherFolder(settings.data).running()
        if running is None and settings.public_url is None:
            raise Unavailable("Keiko does not run: nobody could come back to it. Start it first.")
        way_back = callback_of(settings, running["url"] if running else "")
        begun = await begin(resources, owner.id, server.id, redirect_uri=way_back, back="")
        click.echo(f"Sign in at {begun.host} within ten minutes:", err=True)
        click.echo(begun.address)

    with_resources(work)


@click.command("sign-out")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@user_option
def sign_out(name: str, user: str | None, *, yes: bool) -> None:
    """Forget a sign-in to a server, here and there."""
    from app.mcp.oauth.leaving import sign_out

    if not yes:
        click.confirm(f"Sign out of {name}?", abort=True, err=True)

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            server = await find(session, owner, name)
        revoked = await sign_out(resources, owner.id, server.id)
        there = "It is revoked there, too." if revoked else "The other side was not told."
        click.echo(f"Signed out of {name}. {there}")

    with_resources(work)
