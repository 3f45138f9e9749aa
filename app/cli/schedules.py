"""`keiko schedules`: what is asked by itself, from a terminal."""

from typing import TYPE_CHECKING
from uuid import UUID

import click

from app.cli.running import acting_user, user_option, with_resources

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.resources import Resources
    from app.schedules.models import Schedule

MISSED = ("skip", "once", "all")
OVERLAP = ("skip", "queue")


@click.group()
def schedules() -> None:
    """List, add, pause, resume, run and remove what is asked by itself."""


def _line(schedule: "Schedule") -> str:
    from app.core.settings import terminal_language
    from app.schedules.words import in_words

    rule = schedule.as_rule()
    if schedule.ended_at is not None:
        state = "over"
    elif schedule.next_at is None:
        state = "paused"
    else:
        state = f"{schedule.next_at.astimezone(rule.zone):%Y-%m-%d %H:%M}"
    words = in_words(rule, terminal_language())
    return f"{schedule.id}  {state:16} {schedule.name}  ({words}, {schedule.time_zone})"


@schedules.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@user_option
def list_them(limit: int, user: str | None) -> None:
    """Show schedules with their next runs, newest first."""
    from app.schedules.service import list_schedules

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            page = await list_schedules(session, owner.id, limit=limit)
        for schedule in page.items:
            click.echo(_line(schedule))
        if not page.items:
            click.echo("There are none.")

    with_resources(work)


@schedules.command()
@click.argument("when")
@click.argument("text")
@click.option("--zone", help="Time zone, like Europe/Berlin; the account's if not given.")
@click.option("--missed", type=click.Choice(MISSED), default="once", show_default=True)
@click.option("--overlap", type=click.Choice(OVERLAP), default="skip", show_default=True)
@user_option
def add(
    *,
    when: str,
    text: str,
    zone: str | None,
    missed: str,
    overlap: str,
    user: str | None,
) -> None:
    """Have TEXT asked at WHEN: "every weekday at 8", five cron fields, or an RRULE."""
    from app.core.clock import now
    from app.core.settings import terminal_language
    from app.schedules.models import Missed, Overlap
    from app.schedules.service import NewSchedule, create_schedule
    from app.schedules.when import read_when

    language = terminal_language()

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            at_home = zone or owner.timezone
            rule = read_when(when, time_zone=at_home, at=now(), language=language)
            new = NewSchedule(
                text=text,
                rule=rule,
                language=language,
                missed=Missed(missed),
                overlap=Overlap(overlap),
            )
            made = await create_schedule(session, owner.id, new)
        click.echo(_line(made))

    with_resources(work)


def _act(
    schedule_id: UUID,
    user: str | None,
    action: "Callable[[AsyncSession, UUID, UUID], Awaitable[Schedule]]",
) -> None:
    """Do something with a schedule of somebody, and show how it stands then."""

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            schedule = await action(session, owner.id, schedule_id)
        click.echo(_line(schedule))

    with_resources(work)


@schedules.command()
@click.argument("schedule_id", type=click.UUID)
@user_option
def pause(schedule_id: UUID, user: str | None) -> None:
    """Let a schedule rest."""
    from app.schedules.service import pause_schedule

    _act(schedule_id, user, pause_schedule)


@schedules.command()
@click.argument("schedule_id", type=click.UUID)
@user_option
def resume(schedule_id: UUID, user: str | None) -> None:
    """Let a paused schedule go on."""
    from app.schedules.service import resume_schedule

    _act(schedule_id, user, resume_schedule)


@schedules.command()
@click.argument("schedule_id", type=click.UUID)
@user_option
def remove(schedule_id: UUID, user: str | None) -> None:
    """Remove a schedule; its conversation stays."""
    from app.schedules.service import remove_schedule

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            gone = await remove_schedule(session, owner.id, schedule_id)
        click.echo(f"{gone.name} is removed.")

    with_resources(work)


@schedules.command()
@click.argument("schedule_id", type=click.UUID)
@user_option
def run(schedule_id: UUID, user: str | None) -> None:
    """Ask it once more, now; prints the id of the task."""
    from app.turns.schedules import run_now

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
        started = await run_now(resources, owner.id, schedule_id)
        click.echo(str(started.task_id))

    with_resources(work)
