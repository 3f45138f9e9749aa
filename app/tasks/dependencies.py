"""What a task waits for in others: known tasks of the same user, and never in a circle."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import Conflict, Invalid
from app.tasks.kinds import DEEPEST_CHAIN
from app.tasks.models import DependencyKind, Task, TaskDependency, TaskStatus

_REACHES = text(
    "with recursive reached(id) as (select unnest(cast(:from_ids as uuid[])) union"
    " select d.on_id from task_dependencies d join reached r on d.task_id = r.id)"
    " select 1 from reached where id = :to"
)
_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext(:user))")
_DEPTH = text(
    "with recursive chain(id, parent_id, depth) as (select id, parent_id, 1 from tasks"
    " where id = :id and user_id = :user_id union all select t.id, t.parent_id, c.depth + 1"
    " from tasks t join chain c on t.id = c.parent_id where c.depth <= :most)"
    " select max(depth) from chain"
)


async def check_known(session: AsyncSession, user_id: UUID, on_ids: Sequence[UUID]) -> None:
    """Refuse to wait for a task that is not there, is another user's, or can never succeed."""
    if not on_ids:
        return
    rows = await session.execute(
        select(Task.id, Task.status).where(Task.id.in_(on_ids), Task.user_id == user_id)
    )
    known = {row[0]: row[1] for row in rows}
    if missing := [str(id) for id in on_ids if id not in known]:
        raise Invalid(f"There is no task {missing[0]} to wait for.", field="depends_on")
    hopeless = {TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.TIMEOUT}
    if lost := [str(id) for id, status in known.items() if status in hopeless]:
        raise Invalid(f"The task {lost[0]} did not succeed.", field="depends_on")


async def check_chain(session: AsyncSession, user_id: UUID, parent_id: UUID | None) -> None:
    """Refuse a parent that is not there, and a chain of tasks that beget tasks without end."""
    if parent_id is None:
        return
    depth = await session.scalar(
        _DEPTH, {"id": parent_id, "user_id": user_id, "most": DEEPEST_CHAIN}
    )
    if depth is None:
        raise Invalid("There is no such task to descend from.", field="parent_id")
    if depth >= DEEPEST_CHAIN:
        raise Invalid(
            f"Tasks may start tasks {DEEPEST_CHAIN} levels deep, no deeper.", field="parent_id"
        )


async def set_dependencies(session: AsyncSession, task: Task, on_ids: Sequence[UUID]) -> None:
    """Let a task that has not begun wait for exactly these; Invalid for a circle."""
    if task.status not in (TaskStatus.PENDING, TaskStatus.QUEUED) or task.attempts:
        raise Conflict("This has begun already and waits for nothing any more.")
    await session.execute(_ONE_AT_A_TIME, {"user": str(task.user_id)})
    await check_known(session, task.user_id, on_ids)
    if on_ids and await session.scalar(_REACHES, {"from_ids": list(on_ids), "to": task.id}):
        raise Invalid("These tasks would wait for each other for ever.", field="depends_on")
    await session.execute(delete(TaskDependency).where(TaskDependency.task_id == task.id))
    if on_ids:
        rows = [
            {"task_id": task.id, "on_id": id, "kind": DependencyKind.COMPLETION}
            for id in dict.fromkeys(on_ids)
        ]
        await session.execute(insert(TaskDependency), rows)
        if task.status is TaskStatus.QUEUED:
            task.advance(TaskStatus.PENDING, now())
    elif task.not_before is None and task.status is TaskStatus.PENDING:
        task.advance(TaskStatus.QUEUED, now())


async def wait_for_end(session: AsyncSession, task_id: UUID) -> None:
    """Let a task wait for the mere end of those it depends on, good or bad."""
    await session.execute(
        update(TaskDependency)
        .where(TaskDependency.task_id == task_id)
        .values(kind=DependencyKind.RESOURCE)
    )
