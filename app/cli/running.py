"""What commands share: the database and Redis of a running Keiko, and on whose behalf they act."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.resources import Resources
    from app.users.models import User

Command = TypeVar("Command", bound=Callable[..., object])


def with_resources(work: "Callable[[Resources], Awaitable[None]]") -> None:
    """Do `work` with the database and Redis of a running Keiko, or of our own meanwhile."""
    import asyncio

    import app.turns.service  # noqa: F401 - with it every table is known that others name
    from app.core.actor import Actor, acting
    from app.core.embedded import running_servers
    from app.core.resources import open_resources
    from app.core.settings import settings

    async def open_and_work() -> None:
        with running_servers(settings()) as running:
            async with open_resources(running, pool_size=1) as resources:
                with acting(Actor(agent="command line")):
                    await work(resources)

    asyncio.run(open_and_work())


def act_for(
    user: str | None, work: "Callable[[AsyncSession, Resources, User], Awaitable[list[str]]]"
) -> None:
    """Do something on somebody's behalf in one transaction, and print what there is to say."""

    async def act(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            lines = await work(session, resources, await acting_user(session, user))
        for line in lines:
            click.echo(line)

    with_resources(act)


def user_option(command: Command) -> Command:
    """`--user NAME`, for commands that act for somebody."""
    return click.option("--user", help="Whose; the owner's if not given.")(command)


async def acting_user(session: "AsyncSession", name: str | None) -> "User":
    """The account of that name, or the oldest one. NotFound if there is none."""
    from app.core.errors import NotFound
    from app.users import service

    if name is not None:
        found = await service.find_user(session, name)
    else:
        everybody = await service.list_users(session)
        found = min(everybody, key=lambda user: user.created_at, default=None)
    if found is None:
        raise NotFound(f"There is no user named {name}." if name else "There is no account yet.")
    return found
