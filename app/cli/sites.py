"""`keiko sites`: which sites show Keiko in a frame, from a terminal."""

from typing import TYPE_CHECKING, Any

import click

from app.cli.running import act_for, user_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.resources import Resources
    from app.users.models import User
    from app.users.site_models import Site


@click.group()
def sites() -> None:
    """List, add, change and revoke sites that show Keiko in a frame."""


_FIELDS = (
    click.option("--origin", "origins", multiple=True, help="As https://www.example.com."),
    click.option("--anonymous/--no-anonymous", "allows_anonymous", default=None,
                 help="Whether visitors may come in whom nobody knows."),
    click.option("--functions/--no-functions", "allows_functions", default=None,
                 help="Whether its pages may offer functions to the assistant."),
    click.option("--model", help="Who answers there; empty for the usual model."),
    click.option("--instructions", help="What the assistant is told about the site."),
    click.option("--tool", "tools", multiple=True, help="What may be used: server/tool, keiko/*."),
    click.option("--text", "texts", multiple=True, type=(str, str), metavar="LANGUAGE.NAME TEXT",
                 help="What the frame says: de.greeting 'Guten Tag!'."),
    click.option("--color", "colors", multiple=True, type=(str, str), metavar="NAME COLOR",
                 help="As accent '#1a7f5a', and accent_dark for the dark."),
    click.option("--messages-per-visitor-day", type=int),
    click.option("--messages-per-day", type=int),
)  # fmt: skip


def _fields(command: "Callable[..., None]") -> "Callable[..., None]":
    for option in reversed(_FIELDS):
        command = option(command)
    return command


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """What was said; what was not, stays."""
    said = {name: value for name, value in options.items() if value not in (None, ())}
    for name in {"origins", "tools"} & said.keys():
        said[name] = list(said[name])
    if "colors" in said:
        said["colors"] = dict(said["colors"])
    if "texts" in said:
        texts: dict[str, dict[str, str]] = {}
        for where, text in said["texts"]:
            language, _, name = where.partition(".")
            texts.setdefault(language, {})[name] = text
        said["texts"] = texts
    return said


def _line(site: "Site") -> str:
    state = "revoked" if site.revoked_at else ", ".join(site.origins)
    return f"{site.name:24} {site.key}  {state}"


async def _find(session: "AsyncSession", name: str) -> "Site":
    from app.core.errors import NotFound
    from app.sites.service import find_site_named

    site = await find_site_named(session, name)
    if site is None:
        raise NotFound(f"There is no site named {name}.")
    return site


@sites.command("list")
@user_option
def list_them(user: str | None) -> None:
    """Show all sites, with their keys."""
    from app.sites.service import list_sites
    from app.users.permissions import Permission
    from app.users.rights import require_right

    async def work(session: "AsyncSession", _: "Resources", admin: "User") -> list[str]:
        await require_right(session, admin.id, Permission.SITES_READ)
        return [_line(site) for site in await list_sites(session)] or ["There are none."]

    act_for(user, work)


@sites.command()
@click.argument("name")
@_fields
@user_option
def add(name: str, user: str | None, **options: Any) -> None:
    """Let a site called NAME show Keiko in a frame. Its secret is shown this once."""
    from app.sites.service import create_site

    async def work(session: "AsyncSession", _: "Resources", admin: "User") -> list[str]:
        fields = {"origins": [], **_given(options), "name": name}
        secret, site = await create_site(session, admin.id, fields)
        return [_line(site), f"Secret, for the site's own server: {secret}"]

    act_for(user, work)


@sites.command()
@click.argument("name")
@click.option("--name", "new_name", help="What it is called from now on.")
@_fields
@user_option
def change(name: str, new_name: str | None, user: str | None, **options: Any) -> None:
    """Change the site NAME; what is named replaces what it had."""
    from app.sites.service import change_site

    async def work(session: "AsyncSession", resources: "Resources", admin: "User") -> list[str]:
        site = await _find(session, name)
        fields = _given({**options, "name": new_name})
        return [_line(await change_site(session, resources, admin.id, site.id, fields))]

    act_for(user, work)


@sites.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@user_option
def revoke(name: str, user: str | None, *, yes: bool) -> None:
    """Have the site NAME show nothing any more, for good; open frames end at once."""
    from app.sites.service import revoke_site

    if not yes:
        click.confirm(f"Revoke {name} for good?", abort=True, err=True)

    async def work(session: "AsyncSession", resources: "Resources", admin: "User") -> list[str]:
        site = await _find(session, name)
        await revoke_site(session, resources, admin.id, site.id)
        return [f"{name} is revoked."]

    act_for(user, work)


@sites.command()
@click.argument("name")
@user_option
def secret(name: str, user: str | None) -> None:
    """Give the site NAME another secret, shown this once; the old one is void at once."""
    from app.sites.service import renew_secret

    async def work(session: "AsyncSession", _: "Resources", admin: "User") -> list[str]:
        site = await _find(session, name)
        text, _site = await renew_secret(session, admin.id, site.id)
        return [f"Secret, for the site's own server: {text}"]

    act_for(user, work)
