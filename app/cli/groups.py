"""`keiko groups`: users whom an admin shares something with, from a terminal."""

from typing import TYPE_CHECKING

import click

from app.cli.running import act_for, user_option

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.resources import Resources
    from app.users.groups import Membership
    from app.users.models import Group, User


@click.group()
def groups() -> None:
    """List, add, rename and remove groups of users, and say who is in them."""


def _line(found: "Membership") -> str:
    return f"{found.group.name:24} {', '.join(found.members) or '(nobody)'}"


async def find_group(session: "AsyncSession", name: str) -> "Group":
    """The group that was named. Raises NotFound."""
    from app.core.errors import NotFound
    from app.users import groups as service

    found = await service.find_group(session, name)
    if found is None:
        raise NotFound(f"There is no group named {name}.")
    return found


@groups.command("list")
@user_option
def list_them(user: str | None) -> None:
    """Show all groups and who is in them."""
    from app.users import groups as service

    async def work(session: "AsyncSession", _: "Resources", admin: "User") -> list[str]:
        await service.require_admin(session, admin.id)
        return [_line(each) for each in await service.list_groups(session)] or ["There are none."]

    act_for(user, work)


@groups.command()
@click.argument("name")
@click.argument("members", nargs=-1)
@user_option
def add(name: str, members: tuple[str, ...], user: str | None) -> None:
    """Make a group called NAME of these MEMBERS."""
    from app.users import groups as service

    async def work(session: "AsyncSession", resources: "Resources", admin: "User") -> list[str]:
        made = await service.create_group(session, admin.id, name)
        return [_line(await service.set_members(session, resources, admin.id, made.id, members))]

    act_for(user, work)


@groups.command("members")
@click.argument("name")
@click.argument("members", nargs=-1)
@user_option
def set_members(name: str, members: tuple[str, ...], user: str | None) -> None:
    """Have the group NAME consist of just these MEMBERS."""
    from app.users import groups as service

    async def work(session: "AsyncSession", resources: "Resources", admin: "User") -> list[str]:
        group = await find_group(session, name)
        return [_line(await service.set_members(session, resources, admin.id, group.id, members))]

    act_for(user, work)


@groups.command()
@click.argument("name")
@click.argument("new_name")
@user_option
def rename(name: str, new_name: str, user: str | None) -> None:
    """Call the group NAME otherwise."""
    from app.users import groups as service

    async def work(session: "AsyncSession", _: "Resources", admin: "User") -> list[str]:
        group = await find_group(session, name)
        renamed = await service.rename_group(session, admin.id, group.id, new_name)
        return [f"{name} is called {renamed.name} now."]

    act_for(user, work)


@groups.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@user_option
def remove(name: str, user: str | None, *, yes: bool) -> None:
    """Remove a group, and the servers of tools that were registered for it."""
    from app.users import groups as service

    if not yes:
        click.confirm(f"Remove {name}, and the servers that are its own?", abort=True, err=True)

    async def work(session: "AsyncSession", resources: "Resources", admin: "User") -> list[str]:
        group = await find_group(session, name)
        await service.remove_group(session, resources, admin.id, group.id)
        return [f"{name} is removed."]

    act_for(user, work)
