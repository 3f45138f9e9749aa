"""Leases: which worker runs a task, until when, and what a run may still write.

Postgres says who runs a task. A claim draws the next fencing number; everything a run writes
later shows that number and is refused once a later claim has drawn a higher one.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Uuid,
    all_,
    any_,
    bindparam,
    func,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from app.core.bulk import given_rows
from app.core.clock import now
from app.core.db import JSON, to_json
from app.core.errors import Conflict, LeaseLost
from app.tasks.models import Task, TaskStatus

LEASE = timedelta(seconds=4)
"""How long a claim holds without being renewed."""

LATE = timedelta(seconds=1)
"""A task that nobody took for so long after it was announced was left behind."""

MOST_ATTEMPTS = 3
"""A task that was claimed so often and whose worker died each time kills workers: it is failed."""


_HELD = given_rows(id=Uuid(), fence=BigInteger())
_RENEW = (
    update(Task)
    .where(Task.id == _HELD.c.id, Task.fence == _HELD.c.fence, Task.status == TaskStatus.RUNNING)
    .values(lease_until=func.now() + LEASE)
    .returning(Task.id, Task.stop_requested_at, Task.pause_requested_at)
    .execution_options(synchronize_session=False)
)

_NO_OTHER_RUNS = text(
    "(tasks.in_background or not exists (select 1 from tasks other"
    " where other.thread_id = tasks.thread_id and other.id <> tasks.id"
    " and not other.in_background and (other.status in ('running', 'waiting', 'suspended',"
    " 'retrying') or (other.status = 'queued' and (other.created_at, other.id) <"
    " (tasks.created_at, tasks.id)))))"
)


_AT = bindparam("at", type_=DateTime(timezone=True))
_ANNOUNCED = (Task.status == TaskStatus.QUEUED) & (
    Task.id == any_(bindparam("ids", type_=ARRAY(Uuid)))
)
_LEFT_BEHIND = ((Task.status == TaskStatus.RUNNING) & (Task.lease_until < _AT)) | (
    (Task.status == TaskStatus.QUEUED)
    & (Task.queued_at < bindparam("late", type_=DateTime(timezone=True)))
)


def _claim(due: ColumnElement[bool]) -> ReturningUpdate[Task]:
    """The statement that takes what is due; built once, for building costs more than running."""
    chosen = (
        select(Task.id)
        .where(
            due,
            (Task.status == TaskStatus.RUNNING) | _NO_OTHER_RUNS,
            Task.id != all_(bindparam("mine", type_=ARRAY(Uuid))),
        )
        .order_by(Task.rank_at)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(Task)
        .where(Task.id.in_(select(chosen.c.id)))
        .values(
            status=TaskStatus.RUNNING,
            fence=Task.fence + 1,
            attempts=Task.attempts + 1,
            worker=bindparam("by"),
            lease_until=func.now() + LEASE,
            started_at=func.coalesce(Task.started_at, func.now()),
        )
        .returning(Task)
        .execution_options(synchronize_session=False)
    )


_CLAIM_ANNOUNCED = _claim(_ANNOUNCED)
_CLAIM_LEFT_BEHIND = _claim(_LEFT_BEHIND)


async def claim_tasks(
    session: AsyncSession,
    worker: str,
    *,
    ids: list[UUID] | None,
    mine: set[UUID],
    most: int = 50,
    late: timedelta = LATE,
) -> list[Task]:
    """Take tasks for `worker`: those of `ids` that wait, or (None) whatever was left behind.

    The highest rank first: what has waited longest, priorities counted as time. `late` is for
    how long a task must have waited to count as left behind. One turn at a time per thread: the
    oldest waiting task of a thread is taken, and only when none of it runs; background tasks do
    not count. Raises Conflict when another worker took a task of the same thread just now.
    """
    given: dict[str, object] = {"by": worker, "mine": list(mine), "most": most}
    if ids is None:
        statement, at = _CLAIM_LEFT_BEHIND, now()
        given |= {"at": at, "late": at - late}
    else:
        statement, given["ids"] = _CLAIM_ANNOUNCED, ids
    try:
        return list((await session.scalars(statement, given)).all())
    except IntegrityError as error:
        raise Conflict("Another worker was quicker.") from error


async def end_leases(session: AsyncSession, worker: str) -> None:
    """Let go of what a worker held that is known to be dead: it need not run out first."""
    await session.execute(
        update(Task)
        .where(Task.status == TaskStatus.RUNNING, Task.worker == worker)
        .values(lease_until=func.now() - LEASE)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True)
class Held:
    """What a worker holds after a renewal, and what its owners want of it."""

    ids: set[UUID]
    to_stop: set[UUID]
    to_pause: set[UUID]


async def renew_leases(session: AsyncSession, held: dict[UUID, int]) -> Held:
    """Prolong the leases of `held` (task → fence)."""
    rows = await session.execute(
        _RENEW, {"rows": [{"id": id, "fence": fence} for id, fence in held.items()]}
    )
    kept = rows.all()
    return Held(
        ids={row[0] for row in kept},
        to_stop={row[0] for row in kept if row[1] is not None},
        to_pause={row[0] for row in kept if row[2] is not None},
    )


@dataclass(frozen=True, kw_only=True)
class TaskEnd:
    """How a run ended."""

    task: Task
    status: TaskStatus
    error_code: str | None = None
    error: str | None = None
    usage: JSON = field(default_factory=dict)


async def end_tasks(session: AsyncSession, ends: list[TaskEnd]) -> set[UUID]:
    """Record how runs ended, with their events. Returns those whose lease still stood."""
    values = [
        {"id": e.task.id, "fence": e.task.fence, "status": e.status, "code": e.error_code,
         "error": e.error, "usage": e.usage}
        for e in ends
    ]  # fmt: skip
    return set(
        (
            await session.scalars(
                text(
                    "update tasks set status = e.status, error_code = e.code, error = e.error,"
                    " usage = e.usage, completed_at = now(), lease_until = null"
                    " from jsonb_to_recordset(cast(:ends as jsonb)) as e(id uuid, fence bigint,"
                    " status text, code text, error text, usage jsonb)"
                    " where tasks.id = e.id and tasks.fence = e.fence"
                    " and tasks.status = 'running' returning tasks.id"
                ),
                {"ends": to_json(values)},
            )
        ).all()
    )


async def hold_lease(session: AsyncSession, task: Task) -> Task:
    """The row of a run, held until the transaction ends; LeaseLost if another has claimed it."""
    held = await session.scalar(
        select(Task)
        .where(
            Task.id == task.id,
            Task.fence == task.fence,
            Task.status == TaskStatus.RUNNING,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if held is None:
        raise LeaseLost("Another worker runs this task now.")
    return held


async def hand_over(session: AsyncSession, tasks: list[Task]) -> None:
    """Give runs back unfinished: whoever claims them goes on from their checkpoints."""
    await session.execute(
        update(Task)
        .where(
            tuple_(Task.id, Task.fence).in_([(task.id, task.fence) for task in tasks]),
            Task.status == TaskStatus.RUNNING,
        )
        .values(
            status=TaskStatus.QUEUED,
            attempts=Task.attempts - 1,
            lease_until=None,
            worker=None,
            queued_at=func.now(),
        )
        .execution_options(synchronize_session=False)
    )
