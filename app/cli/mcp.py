"""`keiko mcp`: servers of tools, from a terminal."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.groups import find_group
from app.cli.running import act_for, acting_user, user_option, with_resources

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.resources import Resources
    from app.mcp.models import McpServer
    from app.users.models import User

TRANSPORTS = ("auto", "stdio", "streamable_http", "sse")
shared_option = click.option("--shared", is_flag=True, help="For everybody (admins only).")
group_option = click.option("--group", help="For the members of this group alone (admins only).")


@click.group()
def mcp() -> None:
    """List, add, test, enable, disable, remove, import and export servers of tools (MCP)."""


def _line(server: "McpServer") -> str:
    state = server.state if server.enabled else "disabled"
    whose = "own" if server.user_id else "group" if server.group_id else "shared"
    reached = server.url or " ".join([server.command or "", *server.args])
    return f"{server.name:20} {whose:6} {state:9} {len(server.tools):3} tools  {reached}"


async def find(session: "AsyncSession", user: "User", name: str) -> "McpServer":
    """The server of that name. Raises NotFound."""
    from app.core.errors import NotFound
    from app.mcp.listing import find_server

    found = await find_server(session, user.id, name)
    if found is None:
        raise NotFound(f"There is no server named {name}.")
    return found


@mcp.command("list")
@user_option
def list_them(user: str | None) -> None:
    """Show your servers and the shared ones, and how they were found last."""
    from app.mcp.listing import list_servers

    async def work(session: "AsyncSession", _: "Resources", owner: "User") -> list[str]:
        page = await list_servers(session, owner.id, limit=1000)
        return [_line(server) for server in page.items] or ["There are none."]

    act_for(user, work)


@mcp.command()
@click.argument("name")
@click.argument("reached", nargs=-1, required=True)
@click.option(
    "--env", multiple=True, metavar="NAME", help="Ask for this value (hidden), and set it."
)
@click.option("--header", multiple=True, metavar="NAME", help="The same for a header.")
@click.option("--client", is_flag=True, help="Ask for client id and secret, where it signs in.")
@click.option("--machine", is_flag=True, help="Keiko signs in by itself (asks for the same).")
@click.option("--provider", metavar="NAME", help="Each user lends it their account there.")
@click.option("--root", multiple=True, metavar="FOLDER", help="Tell it of this folder.")
@click.option("--transport", type=click.Choice(TRANSPORTS), default="auto", show_default=True)
@click.option("--description", default="", help="What it is for.")
@click.option("--timeout", "seconds", default=30, show_default=True, help="Seconds of a call.")
@shared_option
@group_option
@user_option
def add(
    *, name: str, reached: tuple[str, ...], user: str | None, shared: bool, **more: Any
) -> None:
    """Register a server called NAME: an https:// address, or `-- COMMAND ARGUMENT …`."""
    from app.mcp.checks import Draft
    from app.mcp.models import SignIn, Transport
    from app.mcp.registry import register_server, share_server

    is_address = "://" in reached[0]
    asked = ("client_id", "client_secret") if more["client"] or more["machine"] else ()
    draft = Draft(
        name=name,
        description=more["description"],
        transport=Transport(more["transport"]),
        url=reached[0] if is_address else None,
        command=None if is_address else reached[0],
        args=reached[1:],
        roots=more["root"],
        env={each: _ask(each) for each in more["env"]},
        headers={each: _ask(each) for each in more["header"]},
        oauth={each: said for each in asked if (said := _ask(each, default=""))},
        sign_in=SignIn.MACHINE if more["machine"] else SignIn.USER,
        provider=more["provider"],
        timeout_seconds=more["seconds"],
    )

    async def work(session: "AsyncSession", resources: "Resources", owner: "User") -> list[str]:
        group_id = await _group_id(session, more["group"])
        share = partial(share_server, group_id=group_id)
        register = share if shared or group_id else register_server
        return [_line(await register(session, resources, owner.id, draft))]

    act_for(user, work)


def _ask(name: str, **more: Any) -> str:
    given: str = click.prompt(name, hide_input=True, err=True, **more)
    return given


async def _group_id(session: "AsyncSession", name: str | None) -> "UUID | None":
    return (await find_group(session, name)).id if name else None


@mcp.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@user_option
def remove(name: str, user: str | None, *, yes: bool) -> None:
    """Forget a server and its secrets, for good."""
    from app.mcp.registry import remove_server

    if not yes:
        click.confirm(f"Forget {name} and its secrets for good?", abort=True, err=True)

    async def work(session: "AsyncSession", resources: "Resources", owner: "User") -> list[str]:
        server = await find(session, owner, name)
        await remove_server(session, resources, owner.id, server.id)
        return [f"{server.name} is removed."]

    act_for(user, work)


@mcp.command()
@click.argument("name")
@user_option
def enable(name: str, user: str | None) -> None:
    """Have a server used again."""
    from app.mcp.registry import enable_server

    async def work(session: "AsyncSession", resources: "Resources", owner: "User") -> list[str]:
        server = await find(session, owner, name)
        return [_line(await enable_server(session, resources, owner.id, server.id))]

    act_for(user, work)


@mcp.command()
@click.argument("name")
@user_option
def disable(name: str, user: str | None) -> None:
    """Have a server used no more, and keep it."""
    from app.mcp.registry import disable_server

    async def work(session: "AsyncSession", resources: "Resources", owner: "User") -> list[str]:
        server = await find(session, owner, name)
        return [_line(await disable_server(session, resources, owner.id, server.id))]

    act_for(user, work)


@mcp.command()
@click.argument("name")
@user_option
def test(name: str, user: str | None) -> None:
    """Try from here whether a server can be reached, and show what it offers."""
    from app.mcp.oauth.tokens import Tokens
    from app.mcp.probe import probe
    from app.mcp.registry import lock_server
    from app.mcp.specs import spec_for

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            server = await find(session, owner, name)
            held = await lock_server(session, owner.id, server.id)
            spec = await spec_for(session, resources, held, owner.id)
        found = await probe(spec, resources.settings, Tokens(resources))
        click.echo(f"{found.server_name} {found.server_version}, {found.milliseconds} ms")
        click.echo(" ".join(filter(None, (found.why, found.limits))))
        for tool in found.tools:
            click.echo(f"  {tool.name}")

    with_resources(work)


@mcp.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--value", multiple=True, metavar="NAME=VALUE", help="For ${NAME}; else it is asked.")
@shared_option
@group_option
@user_option
def import_file(
    file: Path, value: tuple[str, ...], user: str | None, *, shared: bool, group: str | None
) -> None:
    """Register all servers of an `mcpServers` JSON FILE, or none."""
    from app.core.errors import Conflict, Invalid
    from app.mcp import portable

    content = portable.read_text(file.read_text(encoding="utf-8"))
    known = dict(each.partition("=")[::2] for each in value)
    values = {each: known.get(each) or _ask(each) for each in portable.placeholders(content)}

    async def work(session: "AsyncSession", resources: "Resources", owner: "User") -> list[str]:
        group_id = await _group_id(session, group)
        share = partial(portable.import_for_all, group_id=group_id)
        take = share if shared or group_id else portable.import_for_self
        try:
            done = await take(session, resources, owner.id, content, values)
        except Invalid as error:
            raise Invalid(f"{error.field}: {error}", field=error.field) from error
        if done.existing:
            raise Conflict(f"These exist already: {', '.join(done.existing)}. Nothing is imported.")
        return [_line(server) for server in done.servers]

    act_for(user, work)


@mcp.command("export")
@user_option
def export_file(user: str | None) -> None:
    """Print servers as an `mcpServers` JSON file, with ${NAME} for each secret."""
    import orjson

    from app.mcp.portable import export_servers

    async def work(session: "AsyncSession", resources: "Resources", owner: "User") -> list[str]:
        content = await export_servers(session, resources, owner.id)
        return [orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()]

    act_for(user, work)


@mcp.command()
def catalogue() -> None:
    """Show well-known servers to start from."""
    from app.core.settings import terminal_language
    from app.mcp.catalogue import CATALOGUE

    language = terminal_language()
    for one in CATALOGUE:
        click.echo(f"{one.name}: {one.does[language]}")
        env = "".join(f"--env {name} " for name in one.env)
        line = " ".join([one.program, *one.arguments])
        click.echo(f"    keiko mcp add {one.name} {env}-- {line}")
        for name, words in one.asks.items():
            click.echo(f"    {name}: {words[language]}")
