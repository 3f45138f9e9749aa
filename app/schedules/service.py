"""Schedules, as their owner sees them: create, look up, change, pause, resume, remove."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id, now
from app.core.errors import Conflict, NotFound, TooMany
from app.core.pages import Page, make_page, read_cursor
from app.events.store import record
from app.events.types import (
    ScheduleChanged,
    ScheduleCreated,
    ScheduleEnded,
    SchedulePaused,
    ScheduleRemoved,
    ScheduleRestored,
    ScheduleResumed,
)
from app.schedules import checks
from app.schedules.models import Missed, Overlap, Schedule
from app.schedules.rules import Rule, check_rule, next_run

MOST_SCHEDULES = 500
"""Schedules that one user may have, ended ones included."""


@dataclass(frozen=True, kw_only=True)
class NewSchedule:
    """What shall be asked, and when. Without a name it is called by its first words.

    With an `id` it is made once, however often it is asked for.
    """

    text: str
    rule: Rule
    name: str | None = None
    language: str = "en"
    model: str | None = None
    missed: Missed = Missed.ONCE
    overlap: Overlap = Overlap.SKIP
    priority: str = "normal"
    most_runs: int | None = None
    start_within_seconds: int | None = None
    id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What its owner wants to be different: columns by name, and the rule as a whole."""

    values: dict[str, Any]
    rule: Rule | None = None


async def create_schedule(session: AsyncSession, user_id: UUID, new: NewSchedule) -> Schedule:
    """Store a schedule that waits for its first run.

    Raises Invalid, with the field, for anything that cannot be; TooMany when there are too many.
    """
    at = now()
    if new.id and (made := await _find(session, user_id, new.id, lock=True)):
        return made
    checks.check(vars(new))
    first = check_rule(new.rule, at)
    held = await session.scalar(
        select(func.count()).where(Schedule.user_id == user_id, Schedule.removed_at.is_(None))
    )
    if (held or 0) >= MOST_SCHEDULES:
        raise TooMany(f"There are {MOST_SCHEDULES} schedules; remove some first.", retry_after=60)
    schedule = Schedule(
        id=new.id or new_id(),
        user_id=user_id,
        name=new.name or checks.name_of(new.text),
        text=new.text,
        language=new.language,
        model=new.model,
        missed=new.missed,
        overlap=new.overlap,
        priority=new.priority,
        most_runs=new.most_runs,
        start_within_seconds=new.start_within_seconds,
        next_at=first,
        **_columns(new.rule, at),
    )
    session.add(schedule)
    await session.flush()
    record(
        session,
        ScheduleCreated(
            **_about(schedule),
            kind=schedule.kind,
            rule=schedule.rule,
            time_zone=schedule.time_zone,
            next_at=first,
        ),
    )
    return schedule


def _columns(rule: Rule, at: datetime) -> dict[str, Any]:
    return {
        "kind": rule.kind,
        "rule": rule.text,
        "time_zone": rule.time_zone,
        "starts_at": rule.starts_at or at,
        "ends_at": rule.ends_at,
    }


def _about(schedule: Schedule) -> dict[str, Any]:
    return {
        "user_id": schedule.user_id,
        "subject_id": schedule.id,
        "schedule_id": schedule.id,
    }


async def list_schedules(
    session: AsyncSession, user_id: UUID, *, after: str | None = None, limit: int = 50
) -> Page[Schedule]:
    """The user's schedules, newest first. `after` is the `next_cursor` of the page before."""
    query = select(Schedule).where(Schedule.user_id == user_id, Schedule.removed_at.is_(None))
    if after:
        query = query.where(tuple_(Schedule.created_at, Schedule.id) < tuple_(*read_cursor(after)))
    query = query.order_by(Schedule.created_at.desc(), Schedule.id.desc()).limit(limit + 1)
    found = list(await session.scalars(query))
    return make_page(found, limit, lambda schedule: (schedule.created_at, schedule.id))


async def get_schedule(session: AsyncSession, user_id: UUID, schedule_id: UUID) -> Schedule:
    """The user's schedule; another user's, or a removed one, is as good as absent."""
    schedule = await _find(session, user_id, schedule_id, lock=False)
    if schedule is None or schedule.removed_at is not None:
        raise NotFound("There is no such schedule.")
    return schedule


async def lock_schedule(session: AsyncSession, user_id: UUID, schedule_id: UUID) -> Schedule:
    """The user's schedule, held until the transaction ends."""
    schedule = await _find(session, user_id, schedule_id, lock=True)
    if schedule is None or schedule.removed_at is not None:
        raise NotFound("There is no such schedule.")
    return schedule


async def _find(
    session: AsyncSession, user_id: UUID, schedule_id: UUID, *, lock: bool
) -> Schedule | None:
    query = select(Schedule).where(Schedule.id == schedule_id, Schedule.user_id == user_id)
    found: Schedule | None = await session.scalar(query.with_for_update() if lock else query)
    return found


async def change_schedule(
    session: AsyncSession, user_id: UUID, schedule_id: UUID, change: Change
) -> Schedule:
    """Say a schedule anew; a new rule counts from now on, also for one that was over.

    Raises what `create_schedule` raises.
    """
    checks.check(change.values)
    schedule = await lock_schedule(session, user_id, schedule_id)
    at, changed = now(), dict(change.values)
    if change.rule is not None:
        check_rule(change.rule, at)
        changed |= _columns(change.rule, at)
    fields = [name for name, value in changed.items() if getattr(schedule, name) != value]
    for name in fields:
        setattr(schedule, name, changed[name])
    if change.rule is not None or "most_runs" in fields:
        schedule.ended_at = None
        _wait_for_next(schedule, at)
        checks.check_runs_left(schedule.most_runs, schedule.runs)
    if fields:
        record(
            session,
            ScheduleChanged(**_about(schedule), fields=sorted(fields), next_at=schedule.next_at),
        )
    return schedule


def _wait_for_next(schedule: Schedule, at: datetime) -> None:
    """Let a schedule wait for its first run after `at`, unless it rests or is over."""
    rests = schedule.paused_at or schedule.ended_at or schedule.removed_at
    schedule.next_at = None if rests else next_run(schedule.as_rule(), at)


async def pause_schedule(session: AsyncSession, user_id: UUID, schedule_id: UUID) -> Schedule:
    """Let a schedule rest. One that rests already stays as it is; Conflict if it is over."""
    schedule = await lock_schedule(session, user_id, schedule_id)
    if schedule.ended_at is not None:
        raise Conflict("This schedule is over; change its time to use it again.")
    if schedule.paused_at is None:
        schedule.paused_at, schedule.next_at = now(), None
        record(session, SchedulePaused(**_about(schedule)))
    return schedule


async def resume_schedule(session: AsyncSession, user_id: UUID, schedule_id: UUID) -> Schedule:
    """Let a schedule go on with its next run; Conflict if there is none any more."""
    schedule = await lock_schedule(session, user_id, schedule_id)
    if schedule.ended_at is not None:
        raise Conflict("This schedule is over; change its time to use it again.")
    if schedule.paused_at is not None:
        schedule.paused_at = None
        _wait_for_next(schedule, now())
        if schedule.next_at is None:
            raise Conflict("Its time has passed; change the time to use it again.")
        record(session, ScheduleResumed(**_about(schedule), next_at=schedule.next_at))
    return schedule


async def remove_schedule(session: AsyncSession, user_id: UUID, schedule_id: UUID) -> Schedule:
    """Remove a schedule; what it has asked so far stays. `restore_schedule` takes it back."""
    schedule = await lock_schedule(session, user_id, schedule_id)
    schedule.removed_at, schedule.next_at = now(), None
    record(session, ScheduleRemoved(**_about(schedule)))
    return schedule


async def restore_schedule(session: AsyncSession, user_id: UUID, schedule_id: UUID) -> Schedule:
    """Bring a removed schedule back; one that is over by now comes back as over."""
    schedule = await _find(session, user_id, schedule_id, lock=True)
    if schedule is None:
        raise NotFound("There is no such schedule.")
    if schedule.removed_at is not None:
        schedule.removed_at = None
        _wait_for_next(schedule, now())
        end_if_over(session, schedule)
        record(session, ScheduleRestored(**_about(schedule), next_at=schedule.next_at))
    return schedule


def end_if_over(session: AsyncSession, schedule: Schedule) -> None:
    """Mark a schedule as over that waits for nothing and does not rest."""
    done = schedule.most_runs is not None and schedule.runs >= schedule.most_runs
    if done:
        schedule.next_at = None
    if schedule.next_at is None and not schedule.paused_at and not schedule.ended_at:
        schedule.ended_at = now()
        record(session, ScheduleEnded(**_about(schedule)))
