"""The task manager, as its owner sees it: create, look up, stop, try again, withdraw."""

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import insert_rows
from app.core.clock import now
from app.core.db import JSON
from app.core.errors import Conflict, NotFound
from app.tasks.kinds import HEAD_START
from app.tasks.models import (
    OPEN,
    DependencyKind,
    Question,
    Task,
    TaskDependency,
    TaskPriority,
    TaskStatus,
)

_ADD_TASKS = (
    insert_rows(
        Task,
        Task.id,
        Task.user_id,
        Task.thread_id,
        Task.message_id,
        Task.kind,
        Task.name,
        Task.description,
        Task.parameters,
        Task.tags,
        Task.labels,
        Task.details,
        Task.status,
        Task.priority,
        Task.in_background,
        Task.parent_id,
        Task.schedule_id,
        Task.request_hash,
        Task.not_before,
        Task.start_until,
        Task.timeout_seconds,
        Task.max_retries,
        Task.queued_at,
        Task.rank_at,
        Task.created_at,
    )
    .on_conflict_do_nothing()
    .returning(Task.id)
)


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task to be created.

    It begins when nothing holds it back: a time (`not_before`), or tasks that it depends on. If
    it has not begun by `start_until`, it never does.
    """

    id: UUID
    user_id: UUID
    thread_id: UUID | None
    message_id: UUID | None
    kind: str = "conversation"
    name: str | None = None
    description: str | None = None
    parameters: JSON = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    priority: TaskPriority = TaskPriority.NORMAL
    in_background: bool = False
    parent_id: UUID | None = None
    schedule_id: UUID | None = None
    request_hash: str | None = None
    not_before: datetime | None = None
    start_until: datetime | None = None
    timeout_seconds: int | None = None
    max_retries: int = 0
    depends_on: tuple[UUID, ...] = ()

    def row(self, at: datetime) -> dict[str, Any]:
        """The columns of the task, created at that moment."""
        held_back = bool(self.depends_on) or (self.not_before is not None and self.not_before > at)
        columns = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "depends_on"}
        return columns | {
            "status": TaskStatus.PENDING if held_back else TaskStatus.QUEUED,
            "queued_at": at,
            "rank_at": at - HEAD_START[self.priority],
            "created_at": at,
        }


async def create_tasks(session: AsyncSession, new: list[NewTask]) -> set[UUID]:
    """Store tasks; returns the ids that did not exist before. The rows record their events."""
    if not new:
        return set()
    at = now()
    rows = [task.row(at + timedelta(microseconds=n)) for n, task in enumerate(new)]
    created = set((await session.scalars(_ADD_TASKS, {"rows": rows})).all())
    waits = [
        {"task_id": task.id, "on_id": on, "kind": DependencyKind.COMPLETION}
        for task in new
        if task.id in created
        for on in dict.fromkeys(task.depends_on)
    ]
    if waits:
        await session.execute(insert(TaskDependency), waits)
    return created


async def get_task(session: AsyncSession, user_id: UUID, task_id: UUID) -> Task:
    """The user's task; another user's task is as good as absent."""
    task = await session.scalar(select(Task).where(Task.id == task_id, Task.user_id == user_id))
    if task is None:
        raise NotFound("There is no such task.")
    return task


async def lock_task(session: AsyncSession, user_id: UUID, task_id: UUID) -> Task:
    """The user's task, held until the transaction ends."""
    task = await session.scalar(
        select(Task).where(Task.id == task_id, Task.user_id == user_id).with_for_update()
    )
    if task is None:
        raise NotFound("There is no such task.")
    return task


async def list_open_tasks(session: AsyncSession, user_id: UUID, thread_id: UUID) -> list[Task]:
    """The tasks of a thread that have not ended, oldest first."""
    found = await session.scalars(
        select(Task)
        .where(Task.thread_id == thread_id, Task.user_id == user_id, Task.status.in_(OPEN))
        .order_by(Task.created_at, Task.id)
    )
    return list(found)


async def request_stop(session: AsyncSession, task: Task) -> bool:
    """Ask for a task's end. True if that ended it here; else its worker keeps what there is."""
    task.stop_requested_at = task.stop_requested_at or now()
    if task.status is TaskStatus.RUNNING or not task.is_open:
        return False
    task.advance(TaskStatus.CANCELLED, now())
    return True


async def requeue_task(session: AsyncSession, task: Task) -> None:
    """Let a task that ended badly run again from its beginning."""
    task.advance(TaskStatus.QUEUED, now())
    put_in_line(task)
    task.attempts = task.retries = 0
    task.usage = {}
    task.progress = task.step = task.not_before = task.start_until = None
    task.completed_at = task.started_at = task.stop_requested_at = task.pause_requested_at = None
    task.error = task.error_code = None
    await session.execute(delete(Question).where(Question.task_id == task.id))


def put_in_line(task: Task) -> None:
    """Let a task that is queued from now on wait its turn."""
    task.queued_at = now()
    task.rank_at = task.queued_at - HEAD_START[task.priority]


async def request_pause(session: AsyncSession, task: Task) -> bool:
    """Ask a task to rest. True if it does now; else its worker stops it at the next good place."""
    if task.status is TaskStatus.RUNNING:
        task.pause_requested_at = task.pause_requested_at or now()
        return False
    task.advance(TaskStatus.SUSPENDED, now())
    return True


async def resume_task(session: AsyncSession, task: Task) -> None:
    """Let a paused task go on where it was."""
    if task.status is TaskStatus.RUNNING and task.pause_requested_at:
        raise Conflict("This is about to pause; try again in a moment.")
    if task.status is not TaskStatus.SUSPENDED:
        raise Conflict("Only a paused task can be resumed.")
    task.advance(TaskStatus.QUEUED, now())
    task.pause_requested_at = None
    put_in_line(task)


async def move_to_background(session: AsyncSession, task: Task) -> None:
    """Let a task under way go on unwatched; its conversation is free for other questions."""
    if not task.is_open:
        raise Conflict("This has ended already.")
    task.in_background = True


async def bring_to_front(session: AsyncSession, task: Task) -> None:
    """Let a background task be its conversation's present turn again; Conflict if it has one."""
    if not task.is_open:
        raise Conflict("This has ended already.")
    other = await session.scalar(
        select(Task.id).where(
            Task.thread_id == task.thread_id,
            Task.id != task.id,
            Task.status.in_(OPEN),
            Task.in_background.is_(False),
        )
    )
    if task.in_background and other is not None:
        raise Conflict("Another answer is under way in this conversation; wait for it or stop it.")
    task.in_background = False


async def change_priority(session: AsyncSession, task: Task, priority: TaskPriority) -> None:
    """Let a task wait for a shorter or a longer time."""
    task.priority = priority
    task.rank_at = task.queued_at - HEAD_START[priority]


async def withdraw_task(session: AsyncSession, task: Task) -> None:
    """Take back a task that has not begun; it leaves nothing but its events."""
    if task.status is not TaskStatus.QUEUED or task.attempts:
        raise Conflict("This has begun already; stop it instead.")
    task.advance(TaskStatus.CANCELLED, now())
    await session.flush()
    await session.delete(task)
