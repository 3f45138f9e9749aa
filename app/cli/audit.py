"""`keiko audit`: look things up in the record, take it elsewhere, and prove that it is whole."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from app.cli.running import Command, with_resources

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.audit.search import Found, Wanted
    from app.audit.verifying import Report
    from app.core.resources import Resources


@click.group()
def audit() -> None:
    """Search, export and verify the record of what was done."""


def _filters(command: Command) -> Command:
    """The options by which entries are chosen."""
    moment = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"])
    for option in (
        click.option("--user", help="Whom it concerns, or who did it."),
        click.option("--type", "types", multiple=True, help="tool.executed, tool.* or *."),
        click.option("--subject", type=click.UUID, help="The id of what it is about."),
        click.option("--outcome", type=click.Choice(["success", "failure", "refused"])),
        click.option("--address", help="From where."),
        click.option("--since", type=moment, help="Not before this day or moment (UTC)."),
        click.option("--until", type=moment, help="Before this day or moment (UTC)."),
    ):
        command = option(command)
    return command


async def _wanted(session: "AsyncSession", given: dict[str, Any]) -> "Wanted":
    from datetime import UTC

    from app.audit.search import Wanted
    from app.cli.running import acting_user
    from app.events.patterns import check_pattern

    def moment(value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None

    return Wanted(
        who=(await acting_user(session, given["user"])).id if given["user"] else None,
        types=[check_pattern(each, field="type") for each in given["types"]],
        subject_id=given["subject"],
        outcome=given["outcome"],
        address=given["address"],
        since=moment(given["since"]),
        until=moment(given["until"]),
    )


@audit.command()
@_filters
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
def search(*, limit: int, **given: Any) -> None:
    """Show entries, latest first."""
    from app.audit.search import search as look

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            wanted = await _wanted(session, given)
            found, _ = await look(session, wanted, after=None, limit=limit)
        for each in found:
            click.echo(_line(each))

    with_resources(work)


def _line(found: "Found") -> str:
    import orjson

    moment = found.occurred_at.strftime("%Y-%m-%d %H:%M:%S")
    who = found.actor or found.username or "-"
    said = {k: v for k, v in found.details.items() if v is not None}
    return (
        f"{moment}  {found.outcome:7} {found.type:24} {who:16} {found.address or '-':15} "
        f"{orjson.dumps(said).decode()}"
    )


@audit.command()
@_filters
@click.option("--format", "format_", type=click.Choice(["jsonl", "ocsf"]), default="jsonl",
              show_default=True)  # fmt: skip
def export(*, format_: str, **given: Any) -> None:
    """Write entries to standard output, oldest first, one JSON object in each line."""
    from app.audit import export as exporting
    from app.events.access import RecordExported
    from app.events.store import record

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            wanted = await _wanted(session, given)
            record(session, RecordExported(format=format_))
        kind = exporting.Format(format_)
        async for piece in exporting.export(resources.db, wanted, kind):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()

    with_resources(work)


@audit.command()
@click.option("--head", "heads", multiple=True,
              help="A head that was kept elsewhere, as `keiko audit head` printed it.")  # fmt: skip
def verify(*, heads: tuple[str, ...]) -> None:
    """Look for anything that was changed, removed, moved or added behind Keiko's back.

    The exit code is 1 if something was. The head in the data folder is compared too.
    """
    from app.audit.heads import read_file
    from app.audit.sealing import driver_of, proving_keys
    from app.audit.seals import read_head
    from app.audit.verifying import verify_record

    given = [read_head(each) for each in heads]

    async def work(resources: "Resources") -> None:
        kept = read_file(resources.settings.data)
        keys = await proving_keys(resources.db, resources.sealer)
        async with resources.db.engine.connect() as held:
            report = await verify_record(
                await driver_of(held),
                keys,
                heads=(*given, *([kept] if kept else [])),
            )
        _print(report)
        if not report.is_sound:
            sys.exit(1)

    with_resources(work)


def _print(report: "Report") -> None:
    for each in report.findings:
        where = f"seal {each.seal}" if each.seal else ""
        click.echo(f"{each.damage:30} {where:12} {each.entry or ''}".rstrip())
    if report.more:
        click.echo(f"and {report.more} more")
    click.echo(
        f"{report.seals} seals, {report.entries} entries looked at, {report.removed} removed by "
        f"the rules, {report.waiting} waiting for their seal."
    )
    click.echo(f"head: {report.head or '-'}")
    click.echo("The record is whole." if report.is_sound else "The record was tampered with.")


@audit.command()
def head() -> None:
    """Print the newest seal's head. Kept elsewhere, it shows later that nothing was cut off."""
    from app.audit.sealing import driver_of, last_seal

    async def work(resources: "Resources") -> None:
        async with resources.db.engine.connect() as held:
            seal = await last_seal(await driver_of(held))
        if seal is None:
            raise click.ClickException("Nothing is sealed yet.")
        click.echo(seal.head)

    with_resources(work)


@audit.command()
@click.option("--forget", metavar="USER", help="Forget this user's addresses and browsers.")
def retention(*, forget: str | None) -> None:
    """Remove what is past its time (KEIKO_AUDIT_RETENTION_DAYS); the consumer does so hourly."""
    from app.audit.retention import forget_places, remove_old
    from app.audit.sealing import driver_of
    from app.cli.running import acting_user

    async def work(resources: "Resources") -> None:
        days = resources.settings.audit_retention_days
        async with resources.db.transaction() as session:
            user = await acting_user(session, forget) if forget else None
        async with resources.db.engine.connect() as held:
            connection = await driver_of(held)
            if user:
                count = await forget_places(connection, user.id)
                click.echo(f"{count} places of {user.username} forgotten.")
                return
            count = await remove_old(connection, days)
        click.echo(f"Entries stay for {days} days; {count} removed.")

    with_resources(work)


@audit.command()
@click.option("--name", default="keiko_app", show_default=True, help="The application's role.")
def role(*, name: str) -> None:
    """Print the SQL that gives Keiko a role which cannot change the record.

    Run it as the owner of Keiko's tables, choose a password, and use the role in
    KEIKO_DATABASE_URL. `keiko migrate` with KEIKO_DATABASE_OWNER_URL keeps it up to date.
    """
    from app.core.rights import creation, statements

    for statement in (creation(name, "..."), *statements(name)):
        click.echo(f"{statement};")
