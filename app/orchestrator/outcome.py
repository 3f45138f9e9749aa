"""Writes how turns end: status, answer and event in one transaction, many turns at a time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.chats.index import vector
from app.chats.models import Step, StepKind
from app.core.bulk import insert_rows
from app.core.bus import publish_hint
from app.core.clock import derived_id, now
from app.core.db import JSON, GroupCommit, persist
from app.core.errors import LeaseLost
from app.core.resources import Resources
from app.core.sealed_types import place
from app.orchestrator.checkpoints import forget_checkpoints
from app.tasks.lease import TaskEnd, end_tasks, hold_lease
from app.tasks.models import Task, TaskStatus
from app.tasks.questions import ask_questions
from app.tasks.queue import announce
from app.tasks.rest import note_progress

AUTHOR = "Keiko"
"""Who an answer is from."""


_NEW_ANSWERS = insert_rows(
    Step,
    Step.id,
    Step.thread_id,
    Step.task_id,
    Step.kind,
    Step.name,
    Step.output,
    Step.is_error,
    Step.created_at,
    Step.ended_at,
    Step.details,
    Step.search,
)
_SHOW_ANSWERS = _NEW_ANSWERS.on_conflict_do_update(
    index_elements=[Step.id],
    set_={
        name: _NEW_ANSWERS.excluded[name]
        for name in ("output", "is_error", "ended_at", "details", "search")
    },
)


@dataclass(frozen=True, kw_only=True)
class TurnEnd:
    """The end of a turn: what it said, and how it ended. `sentence` says why it went wrong."""

    task: Task
    status: TaskStatus
    text: str
    error_code: str | None = None
    sentence: str | None = None
    usage: JSON = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """What stands in the thread: the text so far, and what went wrong."""
        return "\n\n".join(part for part in (self.text, self.sentence) if part)


class Outcomes:
    """The one place that ends turns, for one worker."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._ends: GroupCommit[TurnEnd, None] = GroupCommit(self._write)

    async def end(self, end: TurnEnd) -> None:
        """Record the end of a turn; LeaseLost if the turn is another worker's now."""
        await self._ends.put(end)

    async def _write(self, batch: list[TurnEnd]) -> list[None | Exception]:
        ended, waiting = await persist(self._resources.db, lambda s: _write_ends(s, batch))
        await announce(self._resources.redis, waiting)
        return [
            None if end.task.id in ended else LeaseLost("Another worker runs this task now.")
            for end in batch
        ]

    async def tool_step(self, task: Task, step: dict[str, Any]) -> None:
        """Show a finished tool call in the thread."""

        async def write(session: AsyncSession) -> None:
            await hold_lease(session, task)
            values = place(Step, step)
            await session.execute(
                insert(Step)
                .values(values)
                .on_conflict_do_update(index_elements=["id"], set_=values)
            )

        await persist(self._resources.db, write)

    async def progress(self, task: Task, *, step: str) -> None:
        """Note what a run does just now, for those who only look at its row."""
        await persist(
            self._resources.db,
            lambda session: note_progress(session, task, progress=None, step=step),
        )

    async def ask(self, task: Task, contents: dict[str, JSON]) -> None:
        """Let a turn wait for its owner's decision."""
        patience = timedelta(hours=self._resources.settings.approval_hours)

        async def write(session: AsyncSession) -> TaskStatus:
            held = await hold_lease(session, task)
            await ask_questions(session, held, contents, expires_at=now() + patience)
            return held.status

        if await persist(self._resources.db, write) is not TaskStatus.WAITING:
            await announce(self._resources.redis, [task.id])  # answered meanwhile
        if task.thread_id:
            await publish_hint(self._resources.redis, "thread", task.thread_id)


async def _write_ends(session: AsyncSession, batch: list[TurnEnd]) -> tuple[set[UUID], list[UUID]]:
    """Returns (tasks ended here or before by the same run, tasks that may begin now)."""
    ended = await end_tasks(session, [_task_end(end) for end in batch])
    shown = [end for end in batch if end.task.id in ended and end.task.thread_id and end.shown]
    if shown:
        at = now()
        await session.execute(_SHOW_ANSWERS, {"rows": [_answer(session, end, at) for end in shown]})
    if used := [end.task.id for end in batch if end.task.fence > 1 or end.usage.get("tools")]:
        await forget_checkpoints(session, used)
    threads = {end.task.thread_id for end in batch if end.task.thread_id}
    waiting = await session.scalars(
        select(Task.id).where(
            Task.thread_id == any_(literal(list(threads), ARRAY(Uuid))),
            Task.status == TaskStatus.QUEUED,
        )
    )
    return ended, list(waiting)


def _task_end(end: TurnEnd) -> TaskEnd:
    return TaskEnd(
        task=end.task,
        status=end.status,
        error_code=end.error_code,
        error=end.sentence,
        usage=end.usage,
    )


def _answer(session: AsyncSession, end: TurnEnd, at: datetime) -> dict[str, Any]:
    return {
        "id": derived_id(end.task.id, "answer"),
        "thread_id": end.task.thread_id,
        "task_id": end.task.id,
        "kind": StepKind.ASSISTANT_MESSAGE,
        "name": AUTHOR,
        "output": end.shown,
        "search": vector(session, end.task.user_id, end.shown),
        "is_error": end.error_code is not None,
        "created_at": at,
        "ended_at": at,
        "details": {"said": end.text} if end.sentence else {},
    }
