"""Schedules and the tasks they begin: fire what is due, run one now, look back at its runs.

A run is due when its moment comes. Its task, the note of it and the next moment are one commit,
and the task's key is its moment: however often workers die in between, there is one run for each.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, column, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.clock import new_id, now
from app.core.db import after_commit
from app.core.errors import AppError, Conflict, Invalid
from app.core.pages import Page, make_page, read_cursor
from app.core.resources import Resources
from app.events.store import record
from app.events.types import ScheduleFired, ScheduleSkipped
from app.schedules import due
from app.schedules import service as schedules
from app.schedules.models import Overlap, Schedule
from app.tasks import dependencies
from app.tasks.models import OPEN, Task, TaskPriority
from app.turns.background import Started, TaskRequest, add_task, find_started, tell
from app.users.permissions import Permission
from app.users.rights import require_right

MOST_TOGETHER = 20
"""Schedules that are fired in one transaction."""


async def fire_due(resources: Resources, at: datetime) -> int:
    """Begin the runs whose moment has come; returns how many schedules were looked at."""
    async with resources.db.transaction() as session:
        waiting = await due.lock_due(session, at, most=MOST_TOGETHER)
        for schedule in waiting:
            await _fire(resources, session, schedule, at)
    return len(waiting)


async def _fire(
    resources: Resources, session: AsyncSession, schedule: Schedule, at: datetime
) -> None:
    """Deal with every moment of one schedule up to `at`, and let it wait for the next."""
    try:
        plan = due.plan_runs(schedule, at)
    except Invalid as error:
        _leave_out(session, schedule, [at], "refused", str(error))
        schedule.paused_at, schedule.next_at = at, None
        return
    schedule.next_at = plan.next_at
    if plan.left_out:
        _leave_out(session, schedule, plan.left_out, "missed")
    makes_up = len(plan.run) > 1
    for moment in plan.run:
        try:
            async with session.begin_nested():
                started = await _begin(session, schedule, moment, makes_up=makes_up)
        except AppError as error:
            _leave_out(session, schedule, [moment], "refused", str(error))
            continue
        if started is None:
            _leave_out(session, schedule, [moment], "overlap")
            continue
        _note_run(session, schedule, moment, started)
        after_commit(session, partial(tell, resources, started))
    schedules.end_if_over(session, schedule)


async def _begin(
    session: AsyncSession, schedule: Schedule, moment: datetime, *, makes_up: bool
) -> Started | None:
    """Store the task of one moment; None if the run before it is still at work, and that counts.

    Runs that make up for missed ones wait for each other, however many there are.
    """
    await require_right(session, schedule.user_id, Permission.TASKS_WRITE)
    before = await _open_run(session, schedule)
    if before is not None and schedule.overlap is Overlap.SKIP and not makes_up:
        return None
    key = f"schedule:{schedule.id}:{moment.isoformat()}"
    return await _add_run(session, schedule, key, before, due.start_until(schedule, moment))


async def _open_run(session: AsyncSession, schedule: Schedule) -> UUID | None:
    """The latest run of a schedule that has not ended, and does not as long as we look at it."""
    found: UUID | None = await session.scalar(
        select(Task.id)
        .where(Task.schedule_id == schedule.id, Task.status.in_(OPEN))
        .order_by(Task.created_at.desc())
        .limit(1)
        .with_for_update(read=True)
    )
    return found


async def _add_run(
    session: AsyncSession,
    schedule: Schedule,
    key: str,
    before: UUID | None,
    start_until: datetime | None,
) -> Started:
    request = TaskRequest(
        text=schedule.text,
        name=schedule.name,
        language=schedule.language,
        model=schedule.model,
        parameters={"time_zone": schedule.time_zone},
        kind="scheduled_task",
        priority=TaskPriority(schedule.priority),
        start_until=start_until,
        depends_on=(before,) if before else (),
        schedule_id=schedule.id,
        thread_id=schedule.thread_id,
        key=key,
    )
    started = await add_task(session, schedule.user_id, request)
    if before is not None:
        await dependencies.wait_for_end(session, started.task_id)
    return started


def _note_run(
    session: AsyncSession, schedule: Schedule, moment: datetime, started: Started
) -> None:
    schedule.thread_id = started.thread_id
    schedule.last_at = moment
    schedule.runs += 1
    record(
        session,
        ScheduleFired(
            user_id=schedule.user_id,
            subject_id=schedule.id,
            schedule_id=schedule.id,
            moment=moment,
            task_id=started.task_id,
            next_at=schedule.next_at,
        ),
    )


def _leave_out(
    session: AsyncSession,
    schedule: Schedule,
    moments: list[datetime],
    reason: str,
    sentence: str | None = None,
) -> None:
    record(
        session,
        ScheduleSkipped(
            user_id=schedule.user_id,
            subject_id=schedule.id,
            schedule_id=schedule.id,
            moment=moments[-1],
            moments=len(moments),
            reason=reason,
            sentence=sentence,
            next_at=schedule.next_at,
        ),
    )


async def run_now(
    resources: Resources, user_id: UUID, schedule_id: UUID, *, key: str | None = None
) -> Started:
    """Ask it once more, at once; its next moment stays what it is. The same `key` is the same run.

    Conflict while a run is at work, for a schedule whose runs may not overlap.
    """
    async with resources.db.transaction() as session:
        schedule = await schedules.lock_schedule(session, user_id, schedule_id)
        key = f"schedule:{schedule.id}:{key or new_id()}"
        if known := await find_started(session, user_id, key):
            return known
        before = await _open_run(session, schedule)
        if before is not None and schedule.overlap is Overlap.SKIP:
            raise Conflict("Its last run is still under way; wait for it or stop it.")
        started = await _add_run(session, schedule, key, before, None)
        _note_run(session, schedule, now(), started)
        after_commit(session, partial(tell, resources, started))
    return started


async def list_runs(
    session: AsyncSession, user_id: UUID, schedule_id: UUID, *, after: str | None, limit: int
) -> Page[Task]:
    """The tasks that a schedule has begun, latest first."""
    await schedules.get_schedule(session, user_id, schedule_id)
    query = select(Task).where(Task.schedule_id == schedule_id, Task.user_id == user_id)
    if after:
        query = query.where(tuple_(Task.created_at, Task.id) < tuple_(*read_cursor(after)))
    query = query.order_by(Task.created_at.desc(), Task.id.desc()).limit(limit + 1)
    found = list(await session.scalars(query))
    return make_page(found, limit, lambda task: (task.created_at, task.id))


async def last_runs(session: AsyncSession, schedule_ids: list[UUID]) -> dict[UUID, Task]:
    """The latest task of each of these schedules that has any."""
    ids = func.unnest(literal(schedule_ids, ARRAY(Uuid)))
    wanted = ids.table_valued(column("id", Uuid), name="wanted").render_derived()
    latest = (
        select(Task)
        .where(Task.schedule_id == wanted.c.id)
        .order_by(Task.created_at.desc())
        .limit(1)
        .lateral()
    )
    found = await session.scalars(select(aliased(Task, latest)).select_from(wanted, latest))
    return {task.schedule_id: task for task in found if task.schedule_id is not None}
