"""The task manager, as its owner sees it: create, look up, stop, try again, withdraw."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import insert_rows
from app.core.clock import now
from app.core.db import JSON
from app.core.errors import Conflict, NotFound
from app.events.store import record, record_all
from app.events.types import TaskCreated, TaskEnded
from app.tasks.models import OPEN, Question, Task, TaskStatus

_ADD_TASKS = (
    insert_rows(
        Task,
        Task.id,
        Task.user_id,
        Task.thread_id,
        Task.message_id,
        Task.kind,
        Task.parameters,
        Task.queued_at,
        Task.created_at,
    )
    .on_conflict_do_nothing()
    .returning(Task.id)
)


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task to be created."""

    id: UUID
    user_id: UUID
    thread_id: UUID | None
    message_id: UUID | None
    kind: str = "conversation"
    parameters: JSON = field(default_factory=dict)


async def create_tasks(session: AsyncSession, new: list[NewTask]) -> set[UUID]:
    """Store tasks with their events; returns the ids that did not exist before."""
    if not new:
        return set()
    at = now()
    rows = [
        {
            "id": task.id,
            "user_id": task.user_id,
            "thread_id": task.thread_id,
            "message_id": task.message_id,
            "kind": task.kind,
            "parameters": task.parameters,
            "queued_at": at,
            "created_at": at + timedelta(microseconds=n),
        }
        for n, task in enumerate(new)
    ]
    created = set((await session.scalars(_ADD_TASKS, {"rows": rows})).all())
    await record_all(
        session,
        [
            TaskCreated(
                task_id=task.id,
                thread_id=task.thread_id,
                user_id=task.user_id,
                correlation_id=task.message_id,
                kind=task.kind,
            )
            for task in new
            if task.id in created
        ],
    )
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
    record(session, task_ended(task))
    return True


async def requeue_task(session: AsyncSession, task: Task) -> None:
    """Let a task that ended badly run again from its beginning."""
    task.advance(TaskStatus.QUEUED, now())
    task.queued_at = now()
    task.attempts = 0
    task.completed_at = task.started_at = task.stop_requested_at = None
    task.error = task.error_code = None
    await session.execute(delete(Question).where(Question.task_id == task.id))


async def withdraw_task(session: AsyncSession, task: Task) -> None:
    """Take back a task that has not begun; it leaves nothing but its events."""
    if task.status is not TaskStatus.QUEUED or task.attempts:
        raise Conflict("This has begun already; stop it instead.")
    task.advance(TaskStatus.CANCELLED, now())
    record(session, task_ended(task))
    await session.flush()
    await session.delete(task)


def task_ended(task: Task) -> TaskEnded:
    """The event that says how `task` ended."""
    return TaskEnded(
        task_id=task.id,
        thread_id=task.thread_id,
        user_id=task.user_id,
        correlation_id=task.message_id,
        status=task.status,
        error_code=task.error_code,
    )
