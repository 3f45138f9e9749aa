"""Runs that end without an end: paused by their owner, or to be tried again a while later.

Each write shows the fence of its run and is refused once another worker has claimed the task.
"""

from datetime import timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.db import to_json
from app.tasks.kinds import HEAD_START
from app.tasks.lease import hold_lease
from app.tasks.models import Task, TaskStatus

BACKOFF = 2
"""Each further try waits so many times longer than the one before (seed: backoff)."""


async def suspend(session: AsyncSession, task: Task) -> None:
    """Let a run rest until its owner resumes it; it goes on from its checkpoint then."""
    held = await hold_lease(session, task)
    held.advance(TaskStatus.SUSPENDED, now())
    held.attempts -= 1
    held.lease_until = held.pause_requested_at = held.worker = None


async def retry_later(
    session: AsyncSession, task: Task, *, code: str, sentence: str | None, delay: timedelta
) -> None:
    """Let a failed run be tried again after `delay`, doubled for each try before."""
    held = await hold_lease(session, task)
    held.advance(TaskStatus.RETRYING, now())
    held.not_before = now() + delay * BACKOFF**held.retries
    held.retries += 1
    held.attempts = 0
    held.error_code, held.error = code, sentence
    held.lease_until = held.worker = None


async def note_progress(
    session: AsyncSession, task: Task, *, progress: int | None, step: str | None
) -> None:
    """Say how far a run is: percent, and what it does just now. None leaves what was said."""
    await session.execute(
        update(Task)
        .where(Task.id == task.id, Task.fence == task.fence, Task.status == TaskStatus.RUNNING)
        .values(
            progress=func.coalesce(progress, Task.progress), step=func.coalesce(step, Task.step)
        )
        .execution_options(synchronize_session=False)
    )


_HEAD_STARTS = {str(priority): f"{head_start.total_seconds()} seconds"
                for priority, head_start in HEAD_START.items()}  # fmt: skip
_RELEASE = text(
    "update tasks set status = 'queued', queued_at = now(),"
    " rank_at = now() - cast(cast(:head_starts as jsonb) ->> priority as interval)"
    " where id in (select t.id from tasks t where t.status in ('pending', 'retrying')"
    " and (t.not_before is null or t.not_before <= now())"
    " and not exists (select 1 from task_dependencies d join tasks o on o.id = d.on_id"
    " where d.task_id = t.id and o.status <> 'completed' and not (d.kind = 'resource'"
    " and o.status in ('failed', 'cancelled', 'timeout')))"
    " order by t.not_before limit 200 for update skip locked) returning id"
).bindparams(head_starts=to_json(_HEAD_STARTS))
_HOPELESS = text(
    "update tasks set status = 'cancelled', completed_at = now(), error_code = 'dependency_failed',"
    " error = 'A task that this one depends on did not succeed.'"
    " where id in (select t.id from tasks t join task_dependencies d on d.task_id = t.id"
    " join tasks o on o.id = d.on_id where t.status = 'pending'"
    " and d.kind <> 'resource'"
    " and o.status in ('failed', 'cancelled', 'timeout') limit 200 for update of t skip locked)"
)


async def release_waiting(session: AsyncSession) -> list[Task]:
    """Queue whatever is held back no longer; returns it. What can never begin is ended."""
    await session.execute(_HOPELESS)
    await session.execute(
        update(Task)
        .where(
            Task.status.in_([TaskStatus.PENDING, TaskStatus.QUEUED]),
            Task.start_until < now(),
        )
        .values(
            status=TaskStatus.TIMEOUT,
            completed_at=now(),
            error_code="too_late",
            error="It could not begin in the time that it was given.",
        )
        .execution_options(synchronize_session=False)
    )
    released = (await session.scalars(_RELEASE)).all()
    return list(await session.scalars(select(Task).where(Task.id.in_(released))))
