"""Which runs of a schedule are due, and which of those its owner wants. Pure but for the lock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.schedules.models import Missed, Schedule
from app.schedules.rules import next_run, next_runs

ON_TIME = timedelta(seconds=60)
"""A run that begins later than so much after its moment was missed."""

MOST_AT_ONCE = 100
"""Missed runs that are made up for when all of them are wanted: the latest ones."""

_MOST_COUNTED = 2_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do with the moments that have come: run some, leave out others, then wait."""

    run: list[datetime]
    left_out: list[datetime]
    next_at: datetime | None


async def lock_due(session: AsyncSession, at: datetime, *, most: int) -> list[Schedule]:
    """Schedules whose moment has come and that no other worker holds just now."""
    found = await session.scalars(
        select(Schedule)
        .where(Schedule.next_at <= at)
        .order_by(Schedule.next_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list(found)


async def next_moment(session: AsyncSession) -> datetime | None:
    """When the next run of any schedule is."""
    moment: datetime | None = await session.scalar(
        select(Schedule.next_at)
        .where(Schedule.next_at.is_not(None))
        .order_by(Schedule.next_at)
        .limit(1)
    )
    return moment


def plan_runs(schedule: Schedule, at: datetime) -> Plan:
    """What becomes of each moment up to `at`, by the schedule's rule for missed runs."""
    moments = _moments_until(schedule, at)
    late = [m for m in moments if at - m > ON_TIME]
    fresh = [m for m in moments if at - m <= ON_TIME]
    if schedule.missed is Missed.ALL:
        wanted = moments[-MOST_AT_ONCE:]
    elif schedule.missed is Missed.ONCE and not fresh:
        wanted = late[-1:]
    else:
        wanted = fresh
    wanted = [m for m in wanted if _may_begin(schedule, m, at)]
    if schedule.most_runs is not None:
        wanted = wanted[: max(0, schedule.most_runs - schedule.runs)]
    chosen = set(wanted)
    return Plan(
        run=wanted,
        left_out=[m for m in moments if m not in chosen],
        next_at=next_run(schedule.as_rule(), at),
    )


def start_until(schedule: Schedule, moment: datetime) -> datetime | None:
    """Until when the run of that moment may begin; None if its owner does not mind."""
    if schedule.start_within_seconds is None:
        return None
    return moment + timedelta(seconds=schedule.start_within_seconds)


def _may_begin(schedule: Schedule, moment: datetime, at: datetime) -> bool:
    until = start_until(schedule, moment)
    return until is None or until > at


def _moments_until(schedule: Schedule, at: datetime) -> list[datetime]:
    """Every moment from the one that is waited for up to `at`; of very many, first and last."""
    first, rule = schedule.next_at, schedule.as_rule()
    if first is None or first > at:
        return []
    later = [m for m in next_runs(rule, first, _MOST_COUNTED) if m <= at]
    if len(later) == _MOST_COUNTED:
        recent = next_runs(rule, at - timedelta(hours=2), _MOST_COUNTED)
        later += [m for m in recent if later[-1] < m <= at]
    return [first, *later]
