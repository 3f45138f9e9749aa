"""Questions: what only a person can decide, asked by a task and answered once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import derived_id, now
from app.core.db import JSON
from app.core.errors import Conflict, NotFound
from app.events.store import record
from app.events.types import QuestionAnswered, QuestionAsked, QuestionExpired
from app.tasks.models import OPEN, Question, QuestionKind, Task, TaskStatus
from app.tasks.service import put_in_line

_WAYS = ("decision", "outcome", "action")
"""Where an answer says which way, by the kind of its question."""


async def ask_questions(
    session: AsyncSession,
    task: Task,
    contents: dict[str, JSON],
    *,
    expires_at: datetime | None = None,
) -> list[Question]:
    """Let a running task wait for a person. `contents` is keyed by what each one is about.

    One with a `question_id` was asked before, while the task ran. Each content names the `kind` of
    its question. What nobody has answered until `expires_at` is answered by the clock; only that a
    call may have happened is asked without an end. The lease must be held (`hold_lease`); the same
    question of the same run is asked once.
    """
    asked = []
    for about, content in contents.items():
        if (known := content.get("question_id")) is not None:
            question = await session.get_one(Question, UUID(known))
            if question.answered_at is None:
                question.content = content
        else:
            id = derived_id(task.id, f"question:{about}:{task.fence}")
            question = _ask(session, task, id, content, expires_at=expires_at)
        asked.append(question)
    task.advance(TaskStatus.WAITING, now())
    task.lease_until = None
    await session.flush()
    await _go_on(session, task)
    return asked


def _ask(
    session: AsyncSession, task: Task, id: UUID, content: JSON, *, expires_at: datetime | None
) -> Question:
    kind = QuestionKind(content["kind"])
    question = Question(
        id=id,
        task_id=task.id,
        user_id=task.user_id,
        kind=kind,
        content=content,
        expires_at=None if kind is QuestionKind.UNKNOWN_OUTCOME else expires_at,
    )
    session.add(question)
    record(
        session,
        QuestionAsked(
            task_id=task.id,
            thread_id=task.thread_id,
            user_id=task.user_id,
            subject_id=id,
            correlation_id=task.message_id or task.id,
            causation_id=task.id,
            question_id=id,
        ),
    )
    return question


async def ask_beside(
    session: AsyncSession, task: Task, id: UUID, content: JSON, *, expires_at: datetime
) -> Question:
    """Ask while the task goes on, or look at the question of that id: its owner may have answered.

    The lease must be held.
    """
    found = await session.get(Question, id)
    if found is not None:
        return found
    return _ask(session, task, id, content, expires_at=expires_at)


async def list_open_questions(session: AsyncSession, user_id: UUID) -> list[Question]:
    """The user's questions that nobody has answered, oldest first."""
    found = await session.scalars(
        select(Question)
        .join(Task, Task.id == Question.task_id)
        .where(
            Question.user_id == user_id,
            Question.answered_at.is_(None),
            Task.status.in_(OPEN),
        )
        .order_by(Question.id)
    )
    return list(found)


async def list_answers(session: AsyncSession, task_id: UUID) -> list[Question]:
    """The answered questions of a task, in the order of their answers."""
    found = await session.scalars(
        select(Question)
        .where(Question.task_id == task_id, Question.answered_at.is_not(None))
        .order_by(Question.answered_at)
    )
    return list(found)


async def answer_question(
    session: AsyncSession, user_id: UUID, question_id: UUID, answer: JSON
) -> tuple[Question, Task]:
    """Decide, once. When no question of the task is left open, the task goes on."""
    its = select(Question.task_id).where(Question.id == question_id, Question.user_id == user_id)
    task = await session.scalar(
        select(Task).where(Task.id == its.scalar_subquery()).with_for_update()
    )
    question = await session.scalar(
        select(Question).where(Question.id == question_id).execution_options(populate_existing=True)
    )
    if task is None or question is None:
        raise NotFound("There is no such question.")
    if question.answered_at is not None:
        raise Conflict("This question has been answered already.")
    if not task.is_open:
        raise Conflict("The task does not wait for this answer any more.")
    question.answer, question.answered_at = answer, now()
    record(
        session,
        QuestionAnswered(
            task_id=task.id,
            user_id=user_id,
            subject_id=question.id,
            correlation_id=task.message_id or task.id,
            causation_id=task.id,
            question_id=question.id,
            outcome=_outcome(answer),
        ),
    )
    await session.flush()
    await _go_on(session, task)
    return question, task


async def expire_questions(session: AsyncSession) -> list[tuple[Question, Task]]:
    """Answer what nobody has answered in time; each with its task, which goes on if it can."""
    late = await session.execute(
        select(Question, Task)
        .join(Task, Task.id == Question.task_id)
        .where(
            Question.answered_at.is_(None),
            Question.expires_at <= now(),
            Task.status.in_(OPEN),
        )
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    expired = [(question, task) for question, task in late]
    for question, task in expired:
        _expire(session, question, task)
        await session.flush()
        await _go_on(session, task)
    return expired


async def complete_page(
    session: AsyncSession, server: str, server_id: UUID | None, elicitation_id: str
) -> list[tuple[Question, Task]]:
    """A server says that a person is done on a page; what asked to go there is answered by that."""
    asked = await session.scalars(
        select(Question).where(
            Question.answered_at.is_(None),
            Question.expires_at.is_not(None),
            Question.kind == QuestionKind.ELICITATION,
        )
    )
    page = {
        "elicitation_id": elicitation_id,
        "server": server,
        "server_id": str(server_id) if server_id else None,
    }
    meant = [one for one in asked if {name: one.content.get(name) for name in page} == page]
    answer: JSON = {"action": "accept", "completed": True}
    return [await answer_question(session, one.user_id, one.id, answer) for one in meant]


async def drop_questions(session: AsyncSession, task: Task, ids: Sequence[UUID]) -> None:
    """End questions that nobody waits for any more. The task's row must be held."""
    for id in ids:
        question = await session.get(Question, id)
        if question is not None and question.answered_at is None:
            _expire(session, question, task)


def _expire(session: AsyncSession, question: Question, task: Task) -> None:
    asked_by_server = question.kind is QuestionKind.ELICITATION
    nothing: JSON = {"action": "cancel"} if asked_by_server else {"decision": "refuse"}
    question.answer, question.answered_at = {**nothing, "expired": True}, now()
    record(
        session,
        QuestionExpired(
            task_id=task.id,
            user_id=question.user_id,
            subject_id=question.id,
            correlation_id=task.message_id or task.id,
            causation_id=task.id,
            question_id=question.id,
        ),
    )


async def _go_on(session: AsyncSession, task: Task) -> None:
    """Let a task go on once none of its questions is left open. One that runs does so anyway."""
    if task.status is not TaskStatus.WAITING:
        return
    left = await session.scalar(
        select(Question.id)
        .where(Question.task_id == task.id, Question.answered_at.is_(None))
        .limit(1)
    )
    if left is None:
        task.advance(TaskStatus.QUEUED, now())
        put_in_line(task)
        task.attempts = 0


def _outcome(answer: JSON) -> str | None:
    """Which way somebody decided, without what they wrote."""
    return next((str(answer[key]) for key in _WAYS if key in answer), None)
