"""The tasks of a user as lists: what runs, what waits, what has a time before it, what is over."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.pages import Page, sift
from app.events.store import StoredEvent
from app.tasks.kinds import KEEP
from app.tasks.models import OPEN, Question, Task, TaskStatus


class TaskState(StrEnum):
    """Where a task stands, as a person would say it."""

    RUNNING = "running"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    FINISHED = "finished"


@dataclass(frozen=True, kw_only=True)
class TaskFilter:
    """Which tasks are wanted. Finished chat turns are left out: they stand in their chats."""

    state: TaskState | None = None
    tag: str | None = None
    search: str | None = None
    schedule_id: UUID | None = None
    parent_id: UUID | None = None
    archived: bool = False
    """Also those that ended longer ago than they are kept in the list."""


async def list_tasks(
    session: AsyncSession, user_id: UUID, wanted: TaskFilter, *, after: str | None, limit: int
) -> Page[Task]:
    """The user's tasks, latest first. `after` is the `next_cursor` of the page before."""
    query = (
        select(Task)
        .where(Task.user_id == user_id, *_conditions(wanted))
        .order_by(Task.created_at.desc(), Task.id.desc())
    )
    part = (wanted.search or "").casefold()

    async def fetch(place: tuple[datetime, UUID] | None, most: int) -> list[Task]:
        late = query.where(tuple_(Task.created_at, Task.id) < tuple_(*place)) if place else query
        return list(await session.scalars(late.limit(most)))

    async def keep(tasks: list[Task]) -> list[Task]:
        return [task for task in tasks if part in (task.name or "").casefold()]

    return await sift(
        fetch, keep, lambda task: (task.created_at, task.id), after=after, limit=limit
    )


def _conditions(wanted: TaskFilter) -> list[ColumnElement[bool]]:
    conditions = [_in_state(wanted)]
    if wanted.tag:
        conditions.append(Task.tags.contains([wanted.tag]))
    if wanted.schedule_id:
        conditions.append(Task.schedule_id == wanted.schedule_id)
    if wanted.parent_id:
        conditions.append(Task.parent_id == wanted.parent_id)
    return conditions


def _in_state(wanted: TaskFilter) -> ColumnElement[bool]:
    later = and_(Task.status == TaskStatus.PENDING, func.coalesce(Task.not_before > now(), False))
    match wanted.state:
        case TaskState.RUNNING:
            return and_(Task.completed_at.is_(None), Task.status == TaskStatus.RUNNING)
        case TaskState.WAITING:
            waiting = Task.status.in_(OPEN - {TaskStatus.RUNNING})
            return and_(Task.completed_at.is_(None), waiting, ~later)
        case TaskState.SCHEDULED:
            return and_(Task.completed_at.is_(None), later)
        case TaskState.FINISHED:
            return and_(Task.in_background, Task.completed_at.is_not(None), _kept(wanted))
        case None:
            return or_(Task.completed_at.is_(None), and_(Task.in_background, _kept(wanted)))


def _kept(wanted: TaskFilter) -> ColumnElement[bool]:
    if wanted.archived or wanted.schedule_id or wanted.parent_id:
        return Task.completed_at.is_not(None)
    at = now()
    return or_(
        *(and_(Task.status == end, Task.completed_at > at - kept) for end, kept in KEEP.items())
    )


async def open_questions_of(session: AsyncSession, tasks: list[Task]) -> dict[UUID, UUID]:
    """Task → the question that it waits for, at rest or in the midst of a call."""
    waiting = [task.id for task in tasks if task.is_open]
    if not waiting:
        return {}
    rows = await session.execute(
        select(Question.task_id, Question.id)
        .where(Question.task_id.in_(waiting), Question.answered_at.is_(None))
        .order_by(Question.id.desc())
    )
    return {row[0]: row[1] for row in rows}


async def list_changes(session: AsyncSession, task: Task) -> list[StoredEvent]:
    """Everything that happened to a task, oldest first (at most 1,000 events)."""
    found = await session.scalars(
        select(StoredEvent)
        .where(StoredEvent.subject_id == task.id)
        .order_by(StoredEvent.seq)
        .limit(1000)
    )
    return list(found)
