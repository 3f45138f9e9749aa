"""Questions: what only a person can decide, asked by a task and answered once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import derived_id, now
from app.core.db import JSON
from app.core.errors import Conflict, NotFound
from app.events.store import record
from app.events.types import QuestionAnswered, QuestionAsked, QuestionExpired
from app.tasks.models import Question, QuestionKind, Task, TaskStatus
from app.tasks.service import put_in_line


async def ask_questions(
    session: AsyncSession,
    task: Task,
    contents: dict[str, JSON],
    *,
    expires_at: datetime | None = None,
) -> list[Question]:
    """Let a running task wait for a person. `contents` is keyed by what each one is about.

    Each content names the `kind` of its question. An approval that nobody gives until
    `expires_at` is refused. The lease must be held (`hold_lease`); the same question of the same
    run is asked once.
    """
    asked = []
    for about, content in contents.items():
        id = derived_id(task.id, f"question:{about}:{task.fence}")
        kind = QuestionKind(content["kind"])
        question = Question(
            id=id,
            task_id=task.id,
            user_id=task.user_id,
            kind=kind,
            content=content,
            expires_at=expires_at if kind is QuestionKind.APPROVAL else None,
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
        asked.append(question)
    task.advance(TaskStatus.WAITING, now())
    task.lease_until = None
    return asked


async def list_open_questions(session: AsyncSession, user_id: UUID) -> list[Question]:
    """The user's questions that nobody has answered, oldest first."""
    found = await session.scalars(
        select(Question)
        .join(Task, Task.id == Question.task_id)
        .where(
            Question.user_id == user_id,
            Question.answered_at.is_(None),
            Task.status == TaskStatus.WAITING,
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
    question = await session.scalar(
        select(Question)
        .where(Question.id == question_id, Question.user_id == user_id)
        .with_for_update()
    )
    if question is None:
        raise NotFound("There is no such question.")
    if question.answered_at is not None:
        raise Conflict("This question has been answered already.")
    task = await session.scalar(select(Task).where(Task.id == question.task_id).with_for_update())
    if task is None or task.status is not TaskStatus.WAITING:
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
        ),
    )
    await session.flush()
    await _go_on(session, task)
    return question, task


async def expire_questions(session: AsyncSession, answer: JSON) -> list[tuple[Question, Task]]:
    """Answer what nobody has answered in time; each with its task, which goes on if it can."""
    late = await session.execute(
        select(Question, Task)
        .join(Task, Task.id == Question.task_id)
        .where(
            Question.answered_at.is_(None),
            Question.expires_at <= now(),
            Task.status == TaskStatus.WAITING,
        )
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    expired = [(question, task) for question, task in late]
    for question, task in expired:
        question.answer, question.answered_at = answer, now()
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
        await session.flush()
        await _go_on(session, task)
    return expired


async def _go_on(session: AsyncSession, task: Task) -> None:
    """Let a task go on once none of its questions is left open."""
    left = await session.scalar(
        select(Question.id)
        .where(Question.task_id == task.id, Question.answered_at.is_(None))
        .limit(1)
    )
    if left is None:
        task.advance(TaskStatus.QUEUED, now())
        put_in_line(task)
        task.attempts = 0
