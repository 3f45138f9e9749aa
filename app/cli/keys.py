"""`keiko rotate-keys`: another key for everything that is sealed, while Keiko runs."""

import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.core.resealing import Progress
    from app.core.resources import Resources

_SAY_SECONDS = 1.0


@click.command("rotate-keys")
def rotate_keys() -> None:
    """Seal everything with a new key, while Keiko runs; the old one is retired at the end.

    It may be interrupted at any time and run again: it goes on where it was.
    """
    from app.cli.running import with_resources

    with_resources(_rotate)


async def _rotate(resources: "Resources") -> None:
    from app.core.errors import Conflict
    from app.core.rotation import alone, begin

    async with alone(resources) as free:
        if not free:
            raise Conflict("Rows are being sealed already; try again in a moment.")
        key = await begin(resources)
        await _note(resources, key, "begun")
        click.echo(f"Sealing everything with the key {key}. Other processes see it within seconds.")
        await _seal(resources)
        await _retire(resources)


async def _note(resources: "Resources", key: str, change: str) -> None:
    from app.events.access import KeysChanged
    from app.events.store import record

    async with resources.db.transaction() as session:
        record(session, KeysChanged(key_id=key, change=change))


async def _seal(resources: "Resources") -> None:
    from app.core.resealing import Progress
    from app.core.rotation import seal_anew, wait_for_others
    from app.turns.indexed import INDEXED

    await wait_for_others(resources)
    progress, said_at = Progress(), 0.0
    async for progress in seal_anew(resources, INDEXED):
        if time.monotonic() > said_at + _SAY_SECONDS:
            said_at = time.monotonic()
            click.echo(f"  {_line(progress)}")
    click.echo(f"  {progress.sealed:,} rows were sealed.")
    for table, count in progress.stuck.items():
        click.echo(f"  {count:,} rows of {table} cannot be opened with any key that is here.")


def _line(progress: "Progress") -> str:
    done = min(1.0, progress.page / progress.pages) if progress.pages else 1.0
    bar = "█" * round(done * 20)
    return f"{progress.table:<20} {bar:░<20} {done:4.0%}   {progress.sealed:,} rows"


async def _retire(resources: "Resources") -> None:
    from app.audit.seals import PURPOSE
    from app.core.rotation import retire

    for key in await retire(resources, (PURPOSE,)):
        await _note(resources, key, "retired")
        click.echo(f"Nothing is sealed with the key {key} any more.")
    if resources.settings.secret_key is None:
        click.echo(
            "It stands in secret.key.retired: keep that as long as you keep backups of today or "
            "earlier, and away from them."
        )
    else:
        click.echo("Take it out of KEIKO_SECRET_KEY, and restart all processes.")
