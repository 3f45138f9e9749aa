"""`keiko memories`: what Keiko remembers, from a terminal."""

from typing import TYPE_CHECKING
from uuid import UUID

import click

from app.cli.running import acting_user, user_option, with_resources

if TYPE_CHECKING:
    from app.core.resources import Resources
    from app.memory.models import Memory


@click.group()
def memories() -> None:
    """List, search, add and forget what Keiko remembers for you."""


@memories.command("list")
@click.option("--search", help="Only those that share a word with this.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@user_option
def list_them(*, search: str | None, limit: int, user: str | None) -> None:
    """Show memories, latest first."""
    from app.memory.service import list_memories

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            page = await list_memories(session, owner.id, search=search, after=None, limit=limit)
        for memory in page.items:
            click.echo(_line(memory))
        if not page.items:
            click.echo("There are none.")

    with_resources(work)


@memories.command()
@click.argument("text")
@user_option
def add(*, text: str, user: str | None) -> None:
    """Have TEXT remembered."""
    from app.memory.models import MemorySource
    from app.memory.service import NewMemory, remember

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            new = NewMemory(text=text, source=MemorySource.USER)
            click.echo(_line(await remember(session, owner.id, new)))

    with_resources(work)


@memories.command()
@click.argument("memory_id", type=click.UUID)
@user_option
def forget(*, memory_id: UUID, user: str | None) -> None:
    """Forget a memory."""
    from app.memory.service import forget as forget_it

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            text = await forget_it(session, owner.id, memory_id)
        click.echo(f"Forgotten: {text}")

    with_resources(work)


def _line(memory: "Memory") -> str:
    return f"{memory.id}  {memory.created_at:%Y-%m-%d}  {' '.join(memory.text.split())}"
