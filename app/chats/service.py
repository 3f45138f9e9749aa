"""Threads and messages: add, list, search, rename, remove."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.chats.attachments import NewAttachment, add_attachments
from app.chats.index import may_say, that_say, vector
from app.chats.models import Step, StepKind, Thread
from app.core.blind import words_of
from app.core.bulk import insert_rows
from app.core.clock import now
from app.core.db import is_storable
from app.core.errors import Invalid, NotFound
from app.core.pages import Page, sift

LONGEST_MESSAGE = 100_000
"""Characters of one message."""

LONGEST_NAME = 255
"""Characters of a thread's name (seed: names)."""

_NEW_THREADS = insert_rows(
    Thread,
    Thread.id,
    Thread.user_id,
    Thread.name,
    Thread.created_at,
    Thread.updated_at,
    Thread.search,
)
_OPEN_THREADS = _NEW_THREADS.on_conflict_do_update(
    index_elements=[Thread.id],
    set_={"updated_at": _NEW_THREADS.excluded.updated_at},
    where=Thread.user_id == _NEW_THREADS.excluded.user_id,
).returning(Thread.id, Thread.user_id)

_ADD_STEPS = (
    insert_rows(
        Step,
        Step.id,
        Step.thread_id,
        Step.task_id,
        Step.kind,
        Step.name,
        Step.output,
        Step.created_at,
        Step.ended_at,
        Step.details,
        Step.search,
    )
    .on_conflict_do_nothing()
    .returning(Step.id)
)


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """A message as a face received it. `id` and `thread_id` come from the sender."""

    id: UUID
    thread_id: UUID
    user_id: UUID
    task_id: UUID
    author: str
    text: str
    thread_name: str | None = None
    """What the thread is called if it is new; else the beginning of the text."""
    attached: Sequence[NewAttachment] = ()


def check_text(text: str) -> None:
    """Refuse what cannot be a message."""
    if not text.strip():
        raise Invalid("The message is empty.", field="text")
    if len(text) > LONGEST_MESSAGE:
        raise Invalid(
            f"The message is too long: {len(text):,} of {LONGEST_MESSAGE:,} characters.",
            field="text",
        )
    if not is_storable(text):
        raise Invalid("The message holds characters that cannot be stored.", field="text")


async def add_messages(
    session: AsyncSession, new: list[NewMessage]
) -> tuple[set[UUID], dict[UUID, UUID]]:
    """Store messages, and their threads where these are new.

    Returns (ids stored just now, id → task for all that stand in their sender's thread). An id
    in neither was refused; one only in the second was stored before, and nothing changed.
    """
    at = now()
    threads = {m.thread_id: m for m in reversed(new)}
    first = sorted(threads.values(), key=lambda m: m.thread_id)
    owned = await session.execute(
        _OPEN_THREADS, {"rows": [_thread_row(session, m, at) for m in first]}
    )
    owners = {row[0]: row[1] for row in owned}
    allowed = [m for m in new if owners.get(m.thread_id) == m.user_id]
    if not allowed:
        return set(), {}
    rows = [_message_row(session, m, at + timedelta(microseconds=n)) for n, m in enumerate(allowed)]
    stored = await session.scalars(_ADD_STEPS, {"rows": rows})
    fresh = set(stored.all())
    await add_attachments(session, {m.id: m.attached for m in allowed if m.id in fresh})
    known = await _known_tasks(session, [m for m in allowed if m.id not in fresh])
    return fresh, known | {m.id: m.task_id for m in allowed if m.id in fresh}


async def _known_tasks(session: AsyncSession, known: list[NewMessage]) -> dict[UUID, UUID]:
    """Message → task, of messages that were stored before in the threads they were sent to."""
    if not known:
        return {}
    rows = await session.execute(
        select(Step.id, Step.task_id).where(
            tuple_(Step.id, Step.thread_id).in_([(m.id, m.thread_id) for m in known])
        )
    )
    return {row[0]: row[1] for row in rows if row[1] is not None}


def _thread_row(session: AsyncSession, message: NewMessage, at: datetime) -> dict[str, Any]:
    name = message.thread_name or name_of(message.text)
    return {
        "id": message.thread_id,
        "user_id": message.user_id,
        "name": name,
        "search": vector(session, message.user_id, name),
        "created_at": at,
        "updated_at": at,
    }


def _message_row(session: AsyncSession, message: NewMessage, at: datetime) -> dict[str, Any]:
    return {
        "id": message.id,
        "thread_id": message.thread_id,
        "task_id": message.task_id,
        "kind": StepKind.USER_MESSAGE,
        "name": message.author,
        "output": message.text,
        "search": vector(session, message.user_id, message.text),
        "created_at": at,
        "ended_at": at,
        "details": {"attachments": len(message.attached)} if message.attached else {},
    }


def name_of(text: str) -> str:
    """What a thread is called until its owner names it: the beginning of its first message."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79].rstrip() + "…"


async def get_thread(session: AsyncSession, user_id: UUID, thread_id: UUID) -> Thread:
    """The user's thread; another user's thread is as good as absent."""
    thread = await session.scalar(
        select(Thread).where(Thread.id == thread_id, Thread.user_id == user_id)
    )
    if thread is None:
        raise NotFound("There is no such conversation.")
    return thread


async def list_steps(session: AsyncSession, thread_id: UUID) -> list[Step]:
    """All steps of a thread in the order in which they happened."""
    found = await session.scalars(
        select(Step)
        .where(Step.thread_id == thread_id)
        .order_by(Step.created_at, Step.id)
        .options(defer(Step.search))
    )
    return list(found)


async def list_task_steps(session: AsyncSession, task_id: UUID) -> list[Step]:
    """The steps of one turn. The caller has made sure that the task is the user's."""
    found = await session.scalars(
        select(Step)
        .where(Step.task_id == task_id)
        .order_by(Step.created_at, Step.id)
        .options(defer(Step.search))
    )
    return list(found)


async def get_message(session: AsyncSession, user_id: UUID, message_id: UUID) -> Step:
    """What the user said under this id; another user's message is as good as absent."""
    message = await session.scalar(
        select(Step)
        .join(Thread, Thread.id == Step.thread_id)
        .where(
            Step.id == message_id,
            Step.kind == StepKind.USER_MESSAGE,
            Thread.user_id == user_id,
        )
        .options(defer(Step.search))
    )
    if message is None:
        raise NotFound("There is no such message.")
    return message


async def list_threads(
    session: AsyncSession,
    user_id: UUID,
    *,
    search: str | None,
    after: str | None,
    limit: int,
) -> Page[Thread]:
    """The user's threads, latest first; with `search`, those whose title or text has its words.

    The last word may be unfinished. `after` is the `next_cursor` of the page before.
    """
    words = words_of(search or "")
    query = (
        select(Thread)
        .where(Thread.user_id == user_id)
        .order_by(Thread.updated_at.desc(), Thread.id.desc())
        .options(defer(Thread.search))
    )
    if words:
        query = query.where(may_say(session, user_id, words))

    async def fetch(place: tuple[datetime, UUID] | None, most: int) -> list[Thread]:
        late = (Thread.updated_at, Thread.id)
        rest = query.where(tuple_(*late) < tuple_(*place)) if place else query
        return list(await session.scalars(rest.limit(most)))

    async def keep(threads: list[Thread]) -> list[Thread]:
        return await that_say(session, user_id, threads, words) if words else threads

    return await sift(fetch, keep, lambda one: (one.updated_at, one.id), after=after, limit=limit)


async def rename_thread(session: AsyncSession, user_id: UUID, thread_id: UUID, name: str) -> Thread:
    """Give a thread another name."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"A name has 1 to {LONGEST_NAME} characters.", field="name")
    thread = await get_thread(session, user_id, thread_id)
    thread.name, thread.search = name, vector(session, user_id, name)
    return thread


async def remove_thread(session: AsyncSession, user_id: UUID, thread_id: UUID) -> None:
    """Remove a thread with everything in it."""
    await get_thread(session, user_id, thread_id)
    await session.execute(delete(Thread).where(Thread.id == thread_id))


async def remove_steps_of_tasks(session: AsyncSession, task_ids: list[UUID]) -> None:
    """Remove what tasks showed: tool calls and answers."""
    await session.execute(
        delete(Step).where(Step.task_id.in_(task_ids), Step.kind != StepKind.USER_MESSAGE)
    )


_STEPS_OF_THREADS = (
    select(Step)
    .where(Step.thread_id == any_(bindparam("thread_ids", type_=ARRAY(Uuid))))
    .order_by(Step.created_at, Step.id)
    .options(defer(Step.search))
)


async def list_steps_of_threads(
    session: AsyncSession, thread_ids: set[UUID]
) -> dict[UUID, list[Step]]:
    """The steps of several threads, each in the order in which they happened."""
    found = await session.scalars(_STEPS_OF_THREADS, {"thread_ids": list(thread_ids)})
    threads: dict[UUID, list[Step]] = {}
    for step in found:
        threads.setdefault(step.thread_id, []).append(step)
    return threads
