"""`keiko tasks`: background work, from a terminal."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import click

from app.cli.running import acting_user, user_option, with_resources

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.core.resources import Resources
    from app.tasks.models import Task

STATES = ("running", "waiting", "scheduled", "finished")
PRIORITIES = ("low", "normal", "high", "urgent", "critical")


@click.group()
def tasks() -> None:
    """Begin, list, show, pause, cancel and repeat background tasks."""


def _line(task: "Task") -> str:
    done = f" {task.progress}%" if task.progress is not None else ""
    return f"{task.id}  {task.status + done:14} {task.priority:9} {task.name or '(chat)'}"


@tasks.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--all", "archived", is_flag=True, help="Also what ended long ago.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@user_option
def list_them(*, state: str | None, archived: bool, limit: int, user: str | None) -> None:
    """Show tasks, latest first."""
    from app.tasks.listing import TaskFilter, TaskState, list_tasks

    wanted = TaskFilter(state=TaskState(state) if state else None, archived=archived)

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            page = await list_tasks(session, owner.id, wanted, after=None, limit=limit)
        for task in page.items:
            click.echo(_line(task))
        if not page.items:
            click.echo("There are none.")

    with_resources(work)


@tasks.command()
@click.argument("text")
@click.option("--name", help="What it is called in lists.")
@click.option("--priority", type=click.Choice(PRIORITIES), default="normal", show_default=True)
@click.option("--at", type=click.DateTime(), help="Not before this moment (local time).")
@click.option("--key", help="The same key starts the same task only once.")
@user_option
def start(
    *,
    text: str,
    name: str | None,
    priority: str,
    at: datetime | None,
    key: str | None,
    user: str | None,
) -> None:
    """Begin a task that does what TEXT says."""
    from app.core.settings import terminal_language
    from app.tasks.models import TaskPriority
    from app.turns.background import TaskRequest, check_future, start_task

    moment = at.astimezone() if at else None
    check_future(moment)
    request = TaskRequest(
        text=text,
        name=name,
        priority=TaskPriority(priority),
        not_before=moment,
        key=key,
        language=terminal_language(),
    )

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
        started = await start_task(resources, owner.id, request)
        click.echo(f"{started.task_id}" + ("" if started.is_new else "  (started before)"))

    with_resources(work)


@tasks.command()
@click.argument("task_id", type=click.UUID)
@user_option
def show(task_id: UUID, user: str | None) -> None:
    """Show one task: how it stands, what happened to it, and what it brought."""
    from app.chats.models import StepKind
    from app.chats.service import list_task_steps
    from app.tasks.listing import list_changes
    from app.tasks.service import get_task

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
            task = await get_task(session, owner.id, task_id)
            changes = await list_changes(session, task)
            steps = await list_task_steps(session, task_id)
        click.echo(_line(task))
        for change in changes:
            click.echo(f"  {change.occurred_at.astimezone():%Y-%m-%d %H:%M:%S}  {change.type}")
        for step in steps:
            if step.kind is StepKind.ASSISTANT_MESSAGE:
                click.echo(f"\n{step.output}")

    with_resources(work)


def _act(
    task_id: UUID,
    user: str | None,
    action: "Callable[[Resources, UUID, UUID], Awaitable[object]]",
) -> None:
    """Do something with a task of somebody, and show how it stands then."""
    from app.tasks.service import get_task

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
        await action(resources, owner.id, task_id)
        async with resources.db.transaction() as session:
            click.echo(_line(await get_task(session, owner.id, task_id)))

    with_resources(work)


@tasks.command()
@click.argument("task_id", type=click.UUID)
@user_option
def cancel(task_id: UUID, user: str | None) -> None:
    """End a task now; what it has said so far is kept."""
    from app.turns.service import stop_task

    _act(task_id, user, stop_task)


@tasks.command()
@click.argument("task_id", type=click.UUID)
@user_option
def pause(task_id: UUID, user: str | None) -> None:
    """Let a task rest."""
    from app.turns.background import pause_task

    _act(task_id, user, pause_task)


@tasks.command()
@click.argument("task_id", type=click.UUID)
@user_option
def resume(task_id: UUID, user: str | None) -> None:
    """Let a paused task go on."""
    from app.turns.background import resume_task

    _act(task_id, user, resume_task)


@tasks.command()
@click.argument("task_id", type=click.UUID)
@user_option
def retry(task_id: UUID, user: str | None) -> None:
    """Let a task that failed begin again."""
    from app.turns.service import retry_task

    _act(task_id, user, retry_task)


@tasks.command()
@click.argument("task_id", type=click.UUID)
@user_option
def again(task_id: UUID, user: str | None) -> None:
    """Do once more what a task did."""
    from app.turns.background import run_again

    async def work(resources: "Resources") -> None:
        async with resources.db.transaction() as session:
            owner = await acting_user(session, user)
        started = await run_again(resources, owner.id, task_id)
        click.echo(str(started.task_id))

    with_resources(work)
