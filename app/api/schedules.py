"""/schedules: what is asked by itself, and when; previewed, kept, changed, paused and run."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from app.api.background import ListedTask, TaskPage
from app.api.deps import Caller, CallerNow, Storable, may
from app.api.errors import documented
from app.api.schedule_bodies import (
    LastRun,
    Preview,
    ScheduleBody,
    ScheduleChange,
    SchedulePage,
    ScheduleView,
    Timing,
)
from app.api.tasks import TaskView, view_task
from app.core.clock import now
from app.core.envelope import Success
from app.schedules import service as schedules
from app.schedules.models import Schedule
from app.schedules.rules import Rule, next_runs
from app.schedules.service import Change, NewSchedule
from app.schedules.when import read_when, within
from app.schedules.words import in_words
from app.tasks.models import Task
from app.turns import schedules as firing
from app.users.permissions import Permission
from app.users.service import learn_time_zone, time_zone_of

router = APIRouter(
    prefix="/schedules",
    tags=["schedules"],
    dependencies=[may(Permission.SCHEDULES_READ, to_write=Permission.SCHEDULES_WRITE)],
)


def _view(schedule: Schedule, last: Task | None, language: str) -> ScheduleView:
    return ScheduleView.model_validate(schedule).model_copy(
        update={
            "words": in_words(schedule.as_rule(), language),
            "last_run": LastRun.model_validate(last) if last else None,
        }
    )


async def _read(caller: Caller, schedule_id: UUID) -> Success[ScheduleView]:
    async with caller.transaction() as session:
        schedule = await schedules.get_schedule(session, caller.user_id, schedule_id)
        last = await firing.last_runs(session, [schedule_id])
    return Success(data=_view(schedule, last.get(schedule_id), caller.language))


async def _rule(caller: Caller, timing: Timing) -> Rule:
    at, zone = now(), timing.time_zone
    async with caller.transaction() as session:
        zone = zone or await time_zone_of(session, caller.user_id)
        rule = read_when(timing.when, time_zone=zone, at=at, language=caller.language)
        await learn_time_zone(session, caller.user_id, zone)
    return within(rule, starts_at=timing.starts_at, ends_at=timing.ends_at, at=at)


@router.get("", operation_id="list_schedules")
async def list_own_schedules(
    caller: CallerNow,
    after: Annotated[
        Storable | None, Query(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Success[SchedulePage]:
    """Your schedules, newest first."""
    async with caller.transaction() as session:
        page = await schedules.list_schedules(session, caller.user_id, after=after, limit=limit)
        last = await firing.last_runs(session, [schedule.id for schedule in page.items])
    items = [_view(one, last.get(one.id), caller.language) for one in page.items]
    return Success(data=SchedulePage(items=items, next_cursor=page.next_cursor))


@router.post("", operation_id="create_schedule", status_code=201, responses=documented(429))
async def create_schedule(new: ScheduleBody, caller: CallerNow) -> Success[ScheduleView]:
    """Have something asked by itself, once or again and again."""
    rule = await _rule(caller, new)
    given = new.model_dump(exclude=set(Timing.model_fields))
    async with caller.transaction() as session:
        made = await schedules.create_schedule(
            session,
            caller.user_id,
            NewSchedule(**given, rule=rule, language=caller.language),
        )
    return Success(data=_view(made, None, caller.language))


@router.post("/preview", operation_id="preview_schedule")
async def preview_schedule(timing: Timing, caller: CallerNow) -> Success[Preview]:
    """How a time is understood, in words, and its next five runs. Nothing is kept."""
    rule = await _rule(caller, timing)
    return Success(
        data=Preview(
            words=in_words(rule, caller.language),
            kind=rule.kind,
            rule=rule.text,
            time_zone=rule.time_zone,
            runs=next_runs(rule, now()),
        )
    )


@router.get("/{schedule_id}", operation_id="get_schedule", responses=documented(404))
async def read_schedule(schedule_id: UUID, caller: CallerNow) -> Success[ScheduleView]:
    """One schedule."""
    return await _read(caller, schedule_id)


@router.patch("/{schedule_id}", operation_id="change_schedule", responses=documented(404))
async def change_schedule(
    schedule_id: UUID, change: ScheduleChange, caller: CallerNow
) -> Success[ScheduleView]:
    """Say a schedule anew. A new time counts from now on, also for one that was over."""
    given = change.model_dump(exclude_unset=True)
    async with caller.transaction() as session:
        schedule = await schedules.get_schedule(session, caller.user_id, schedule_id)
        rule = _changed_rule(schedule, given, caller.language)
        values = {name: value for name, value in given.items() if name in _KEPT}
        await schedules.change_schedule(
            session, caller.user_id, schedule_id, Change(values=values, rule=rule)
        )
    return await _read(caller, schedule_id)


_MAY_BE_NONE = {"model", "most_runs", "start_within_seconds"}
_KEPT = _MAY_BE_NONE | {"text", "name", "missed", "overlap", "priority"}


def _changed_rule(schedule: Schedule, given: dict[str, Any], language: str) -> Rule | None:
    """The rule with what is given of it; None if nothing is. Takes what is null out of `given`."""
    for name in [n for n in given if given[n] is None and n not in _MAY_BE_NONE | {"ends_at"}]:
        del given[name]
    if not given.keys() & {"when", "time_zone", "starts_at", "ends_at"}:
        return None
    at, old = now(), schedule.as_rule()
    zone = given.get("time_zone", old.time_zone)
    rule = Rule(kind=old.kind, text=old.text, time_zone=zone, starts_at=old.starts_at)
    if "when" in given:
        rule = read_when(given["when"], time_zone=zone, at=at, language=language)
    return within(
        rule,
        starts_at=given.get("starts_at"),
        ends_at=given.get("ends_at", old.ends_at),
        at=at,
    )


@router.delete("/{schedule_id}", operation_id="delete_schedule", responses=documented(404))
async def delete_schedule(schedule_id: UUID, caller: CallerNow) -> Success[ScheduleView]:
    """Remove a schedule; its conversation stays. `restore` takes it back."""
    async with caller.transaction() as session:
        gone = await schedules.remove_schedule(session, caller.user_id, schedule_id)
    return Success(data=_view(gone, None, caller.language))


@router.post("/{schedule_id}/restore", operation_id="restore_schedule", responses=documented(404))
async def restore_schedule(schedule_id: UUID, caller: CallerNow) -> Success[ScheduleView]:
    """Bring a removed schedule back."""
    async with caller.transaction() as session:
        await schedules.restore_schedule(session, caller.user_id, schedule_id)
    return await _read(caller, schedule_id)


@router.post("/{schedule_id}/pause", operation_id="pause_schedule",
             responses=documented(404, 409))  # fmt: skip
async def pause_schedule(schedule_id: UUID, caller: CallerNow) -> Success[ScheduleView]:
    """Let a schedule rest until it is resumed."""
    async with caller.transaction() as session:
        await schedules.pause_schedule(session, caller.user_id, schedule_id)
    return await _read(caller, schedule_id)


@router.post("/{schedule_id}/resume", operation_id="resume_schedule",
             responses=documented(404, 409))  # fmt: skip
async def resume_schedule(schedule_id: UUID, caller: CallerNow) -> Success[ScheduleView]:
    """Let a paused schedule go on; what it missed stays missed."""
    async with caller.transaction() as session:
        await schedules.resume_schedule(session, caller.user_id, schedule_id)
    return await _read(caller, schedule_id)


@router.post("/{schedule_id}/run", operation_id="run_schedule", status_code=201,
             responses=documented(404, 409))  # fmt: skip
async def run_schedule(schedule_id: UUID, caller: CallerNow) -> Success[TaskView]:
    """Ask it once more, now; answers with the task. Its next run stays when it was."""
    started = await firing.run_now(caller.resources, caller.user_id, schedule_id)
    return await view_task(caller, started.task_id)


@router.get("/{schedule_id}/runs", operation_id="list_schedule_runs", responses=documented(404))
async def read_runs(
    schedule_id: UUID,
    caller: CallerNow,
    after: Annotated[Storable | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Success[TaskPage]:
    """The tasks that a schedule has begun, latest first."""
    async with caller.transaction() as session:
        page = await firing.list_runs(
            session, caller.user_id, schedule_id, after=after, limit=limit
        )
    items = [ListedTask.model_validate(task) for task in page.items]
    return Success(data=TaskPage(items=items, next_cursor=page.next_cursor))
