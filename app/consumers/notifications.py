"""Tells people what happened to what is theirs: each event is told once, to its owner alone."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.chats.models import Step, Thread
from app.consumers.security_notices import ABOUT, tell_change
from app.core.clock import derived_id
from app.core.resources import Resources
from app.core.sealed_types import read
from app.events.envelope import Envelope
from app.notifications.models import Kind
from app.notifications.presence import is_present
from app.notifications.service import News, mark_question_read, notify
from app.notifications.texts import asked, expired, plain, skipped
from app.notifications.wishes import find_wishes
from app.schedules.models import Schedule
from app.tasks.models import Question, Task, TaskStatus

POISONOUS = "poisonous"
"""Error code of a task that has killed its worker again and again: its owner is always told."""

BEGINNING = 2000
"""Characters of an answer that are looked at."""

_ENDS = {
    "task.completed": Kind.TASK_DONE,
    "task.failed": Kind.TASK_FAILED,
    "task.timed_out": Kind.TASK_FAILED,
    "task.cancelled": Kind.TASK_FAILED,
}
_SETTLED = ("question.answered", "question.expired")


async def handle(resources: Resources, session: AsyncSession, event: Envelope) -> None:
    """Tell the owner of what `event` is about, if it is one that people are told of."""
    if event.type in _ENDS:
        await _tell_end(resources, session, event)
    elif event.type == "question.asked":
        await _tell_question(resources, session, event)
    elif event.type == "schedule.skipped":
        await _tell_skipped(resources, session, event)
    elif event.type in ABOUT:
        await tell_change(resources, session, event)
    elif event.type in _SETTLED and event.user_id and event.subject_id:
        await mark_question_read(session, resources, event.user_id, event.subject_id)
        if event.type == "question.expired":
            await _tell_expired(resources, session, event)


async def _tell_end(resources: Resources, session: AsyncSession, event: Envelope) -> None:
    task = await session.get(Task, event.subject_id)
    if task is None or not await _is_told(resources, event):
        return
    kind = _ENDS[event.type]
    news = News(
        user_id=task.user_id,
        kind=kind,
        event_id=event.id,
        title=await _name(session, task),
        text=await _answer(session, task) if kind is Kind.TASK_DONE else task.error or "",
        task_id=task.id,
        thread_id=task.thread_id,
    )
    await notify(session, resources, news)


async def _is_told(resources: Resources, event: Envelope) -> bool:
    """Whether this end is news: not what its owner did or saw."""
    code = event.payload.get("error_code")
    if event.payload.get("status") == TaskStatus.CANCELLED and code is None:
        return False
    if event.payload.get("in_background") or code == POISONOUS:
        return True
    return event.user_id is not None and not await is_present(resources.redis, event.user_id)


async def _tell_question(resources: Resources, session: AsyncSession, event: Envelope) -> None:
    question = await session.get(Question, event.subject_id)
    if question is None or question.answered_at is not None:
        return
    task = await session.get_one(Task, question.task_id)
    wishes = await find_wishes(session, question.user_id)
    news = News(
        user_id=question.user_id,
        kind=Kind.QUESTION,
        event_id=event.id,
        title=await _name(session, task),
        text=asked(question.kind, question.content, wishes.language),
        task_id=task.id,
        thread_id=task.thread_id,
        question_id=question.id,
    )
    await notify(session, resources, news)


async def _tell_expired(resources: Resources, session: AsyncSession, event: Envelope) -> None:
    question = await session.get(Question, event.subject_id)
    if question is None:
        return
    task = await session.get_one(Task, question.task_id)
    wishes = await find_wishes(session, question.user_id)
    news = News(
        user_id=question.user_id,
        kind=Kind.QUESTION_EXPIRED,
        event_id=event.id,
        title=await _name(session, task),
        text=expired(question.kind, question.content, wishes.language),
        task_id=task.id,
        thread_id=task.thread_id,
    )
    await notify(session, resources, news)


async def _tell_skipped(resources: Resources, session: AsyncSession, event: Envelope) -> None:
    if event.user_id is None:
        return
    schedule = await session.get(Schedule, event.subject_id)
    if schedule is None:
        return
    wishes = await find_wishes(session, event.user_id)
    payload = event.payload
    news = News(
        user_id=event.user_id,
        kind=Kind.SCHEDULE_MISSED,
        event_id=event.id,
        title=schedule.name,
        text=skipped(payload["reason"], payload["moments"], wishes.language),
    )
    await notify(session, resources, news)


async def _name(session: AsyncSession, task: Task) -> str:
    """What its owner knows a task by."""
    if task.name:
        return task.name
    thread = await session.get(Thread, task.thread_id) if task.thread_id else None
    return thread.name if thread else task.kind


async def _answer(session: AsyncSession, task: Task) -> str:
    id = derived_id(task.id, "answer")
    output = read(await session.scalar(select(Step.output).where(Step.id == id)), id)
    return plain((output or "")[:BEGINNING])
