"""`keiko events`: what happens, what nobody could handle, and having it handled again."""

from typing import TYPE_CHECKING
from uuid import UUID

import click

from app.cli.running import with_resources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.resources import Resources
    from app.events.envelope import Envelope


@click.group()
def events() -> None:
    """Watch events, and look after those that could not be handled."""


@events.command()
@click.option("--type", "patterns", multiple=True, help="task.completed, task.* or * (default).")
@click.option("--user", help="Only what concerns this user.")
@click.option("--since", type=click.IntRange(0), default=10, show_default=True,
              help="How many past events to show first.")  # fmt: skip
def tail(*, patterns: tuple[str, ...], user: str | None, since: int) -> None:
    """Show events as they are published, until Ctrl-C."""
    from app.cli.running import acting_user
    from app.events.patterns import check_pattern, matches

    wanted = [check_pattern(pattern, field="type") for pattern in patterns] or ["*"]

    async def work(resources: "Resources") -> None:
        user_id = None
        if user is not None:
            async with resources.db.transaction() as session:
                user_id = (await acting_user(session, user)).id
        async for event in _published(resources, since):
            if matches(event.type, wanted) and user_id in (None, event.user_id):
                click.echo(_line(event))

    with_resources(work)


async def _published(resources: "Resources", since: int) -> "AsyncIterator[Envelope]":
    """The last events of the stream, then all that follow."""
    import asyncio

    from app.core.redis import EVENTS, LOST
    from app.events.envelope import decode

    redis = resources.redis
    past = await redis.xrevrange(EVENTS, count=since + 1)
    for _, fields in past[:since][::-1]:
        yield decode(fields[b"e"])
    last = past[0][0] if past else b"0"
    while True:
        try:
            found = await redis.xread({EVENTS: last}, count=500, block=5000)
        except LOST:
            await asyncio.sleep(0.5)
            continue
        for entry, fields in found[0][1] if found else ():
            last = entry
            yield decode(fields[b"e"])


def _line(event: "Envelope") -> str:
    import orjson

    said = {k: v for k, v in event.payload.items() if k != "changes" and v is not None}
    time = event.time.astimezone().strftime("%H:%M:%S.%f")[:-3]
    return f"{time}  {event.type:24} {event.id}  {orjson.dumps(said).decode()}"


@events.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
def dead(*, limit: int) -> None:
    """Show dead letters: events that a consumer gave up on, latest first."""
    from app.events.inbox import list_dead_letters

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            found = await list_dead_letters(session, limit=limit)
        for letter, type in found:
            replayed = "  (replayed)" if letter.replayed_at else ""
            click.echo(f"{letter.id}  {letter.consumer:14} {type:20} {letter.error}{replayed}")
        if not found:
            click.echo("There are no dead letters.")

    with_resources(work)


@events.command()
@click.argument("letter_id", type=click.UUID, required=False)
@click.option("--all", "everything", is_flag=True, help="All that were not replayed yet.")
def replay(*, letter_id: UUID | None, everything: bool) -> None:
    """Have a dead letter handled again, by the consumer that gave up on it."""
    from app.events.inbox import replay_dead_letters

    if (letter_id is None) != everything:
        raise click.UsageError("Name one dead letter, or say --all.")

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            count = await replay_dead_letters(session, letter_id)
        if letter_id is not None and not count:
            raise click.ClickException("There is no such dead letter. See `keiko events dead`.")
        click.echo(f"{count} to be handled again.")

    with_resources(work)
