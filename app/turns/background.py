"""Work that nobody watches: begun, moved behind the scenes and back, paused, run again.

A background task is a message and the task that answers it, in a conversation of its own.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.chats import service as chats
from app.chats.models import Step
from app.core.bus import publish_hint
from app.core.clock import derived_id, new_id, now
from app.core.db import JSON, after_commit
from app.core.errors import Conflict, Invalid, NotFound, TooMany
from app.core.redis import parts_key
from app.core.resources import Resources
from app.tasks import dependencies, kinds
from app.tasks import service as tasks
from app.tasks.models import OPEN, Task, TaskPriority, TaskStatus
from app.tasks.queue import announce
from app.turns.questions import tell_changed
from app.users.models import User


@dataclass(frozen=True, kw_only=True)
class TaskRequest:
    """What somebody wants done.

    `key` makes it happen once: the same user and key is the same task, however often it is
    asked for. `thread_id` lets it be a further turn of a conversation.
    """

    text: str
    name: str | None = None
    description: str | None = None
    language: str = "en"
    model: str | None = None
    kind: str = "agent_execution"
    priority: TaskPriority = TaskPriority.NORMAL
    tags: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    parameters: JSON = field(default_factory=dict)
    not_before: datetime | None = None
    start_until: datetime | None = None
    timeout_seconds: int | None = None
    max_retries: int = 3
    depends_on: tuple[UUID, ...] = ()
    parent_id: UUID | None = None
    schedule_id: UUID | None = None
    thread_id: UUID | None = None
    key: str | None = None

    @property
    def fingerprint(self) -> str:
        """What is the same for the same request, and for no other."""
        said = {"text": self.text, "kind": self.kind, "parameters": self.parameters}
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Started:
    """A task that will be done, whatever dies meanwhile."""

    task_id: UUID
    thread_id: UUID
    is_new: bool


async def start_task(resources: Resources, user_id: UUID, request: TaskRequest) -> Started:
    """Begin a background task. Returns once it is stored; raises what `add_task` raises."""
    async with resources.db.transaction() as session:
        started = await add_task(session, user_id, request)
        after_commit(session, lambda: tell(resources, started))
    return started


async def tell(resources: Resources, started: Started) -> None:
    """Wake a worker, and the pages of the conversation."""
    await announce(resources.redis, [started.task_id])
    await publish_hint(resources.redis, "thread", started.thread_id)


async def add_task(session: AsyncSession, user_id: UUID, request: TaskRequest) -> Started:
    """Store a background task with its message in the caller's transaction.

    Raises Invalid (with the field), NotFound for another user's conversation or task, Conflict
    for a key that was used for something else, TooMany when too many tasks are open.
    """
    _check(request)
    user = await session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such account.")
    message_id = derived_id(user_id, f"task:{request.key}") if request.key else new_id()
    thread_id = request.thread_id or derived_id(message_id, "thread")
    task_id = derived_id(message_id, "task")
    message = chats.NewMessage(
        id=message_id,
        thread_id=thread_id,
        user_id=user_id,
        task_id=task_id,
        author=user.full_name or user.username,
        text=request.text,
        thread_name=request.name,
    )
    fresh, own = await chats.add_messages(session, [message])
    if message_id not in own:
        raise NotFound("There is no such conversation.")
    if message_id not in fresh:
        return await _started_before(session, task_id, request)
    await _check_room(session, user_id)
    await dependencies.check_chain(session, user_id, request.parent_id)
    await dependencies.check_known(session, user_id, request.depends_on)
    await tasks.create_tasks(session, [_new_task(user_id, thread_id, message_id, request)])
    return Started(task_id=task_id, thread_id=thread_id, is_new=True)


async def find_started(session: AsyncSession, user_id: UUID, key: str) -> Started | None:
    """The task that was begun with this key, if there is one."""
    task = await session.get(Task, derived_id(derived_id(user_id, f"task:{key}"), "task"))
    if task is None or task.thread_id is None:
        return None
    return Started(task_id=task.id, thread_id=task.thread_id, is_new=False)


def _check(request: TaskRequest) -> None:
    chats.check_text(request.text)
    kinds.check_kind(request.kind)
    kinds.check_name(request.name)
    kinds.check_description(request.description)
    kinds.check_timeout(request.timeout_seconds)
    kinds.check_retries(request.max_retries)
    kinds.check_tags(list(request.tags))
    kinds.check_labels(request.labels)
    kinds.check_details(request.details)
    kinds.check_parameters(request.parameters)
    begin, end = request.not_before, request.start_until
    for name, moment in (("not_before", begin), ("start_until", end)):
        _check_moment(moment, name)
    if end is not None and (end <= now() or (begin is not None and end <= begin)):
        raise Invalid("This is over before it could begin.", field="start_until")


def _check_moment(moment: datetime | None, name: str) -> None:
    """Refuse a moment that its offset carries out of the calendar."""
    try:
        _ = moment and moment.astimezone(UTC)
    except OverflowError as error:
        raise Invalid("This moment is too far away.", field=name) from error


def check_future(moment: datetime | None) -> None:
    """Refuse a time that a person gave and that lies in the past."""
    if moment is not None and moment <= now():
        raise Invalid("This moment is over; give one that is still to come.", field="not_before")


def after_delay(seconds: int | None) -> datetime | None:
    """The moment that many seconds from now."""
    return now() + timedelta(seconds=seconds) if seconds else None


async def _check_room(session: AsyncSession, user_id: UUID) -> None:
    held = await session.scalar(
        select(func.count()).where(Task.user_id == user_id, Task.completed_at.is_(None))
    )
    if (held or 0) >= kinds.MOST_OPEN:
        raise TooMany(
            f"There are {kinds.MOST_OPEN:,} tasks under way already; wait, or cancel some.",
            retry_after=60,
        )


async def _started_before(session: AsyncSession, task_id: UUID, request: TaskRequest) -> Started:
    task = await session.get(Task, task_id)
    if task is None or task.thread_id is None:
        raise Conflict("A task with this key was started before and has been removed.")
    if task.request_hash != request.fingerprint:
        raise Conflict("This key was used for a different task.")
    return Started(task_id=task.id, thread_id=task.thread_id, is_new=False)


def _new_task(
    user_id: UUID, thread_id: UUID, message_id: UUID, request: TaskRequest
) -> tasks.NewTask:
    return tasks.NewTask(
        id=derived_id(message_id, "task"),
        user_id=user_id,
        thread_id=thread_id,
        message_id=message_id,
        kind=request.kind,
        name=request.name or chats.name_of(request.text),
        description=request.description,
        parameters={**request.parameters, "language": request.language, "model": request.model},
        tags=list(request.tags),
        labels=request.labels,
        details=request.details,
        priority=request.priority,
        in_background=True,
        parent_id=request.parent_id,
        schedule_id=request.schedule_id,
        request_hash=request.fingerprint,
        not_before=request.not_before,
        start_until=request.start_until,
        timeout_seconds=request.timeout_seconds,
        max_retries=request.max_retries,
        depends_on=request.depends_on,
    )


async def move_to_background(resources: Resources, user_id: UUID, task_id: UUID) -> None:
    """Let a turn go on unwatched; its conversation is free for the next question."""
    async with resources.db.transaction() as session:
        task = await tasks.lock_task(session, user_id, task_id)
        await tasks.move_to_background(session, task)
        waiting = await session.scalars(
            select(Task.id).where(
                Task.thread_id == task.thread_id, Task.status == TaskStatus.QUEUED
            )
        )
        after_commit(session, lambda: announce(resources.redis, list(waiting)))
    await tell_changed(resources, [task])


async def bring_to_front(resources: Resources, user_id: UUID, task_id: UUID) -> None:
    """Let a background task be its conversation's present turn again."""
    async with resources.db.transaction() as session:
        task = await tasks.lock_task(session, user_id, task_id)
        await tasks.bring_to_front(session, task)
    await tell_changed(resources, [task])


async def pause_task(resources: Resources, user_id: UUID, task_id: UUID) -> None:
    """Let a task rest: at once if it waits, else at its next checkpoint, a few seconds at most."""
    async with resources.db.transaction() as session:
        task = await tasks.lock_task(session, user_id, task_id)
        rests = await tasks.request_pause(session, task)
    if not rests:
        await publish_hint(resources.redis, "pause", task.id)
    await tell_changed(resources, [task])


async def resume_task(resources: Resources, user_id: UUID, task_id: UUID) -> None:
    """Let a paused task go on where it was."""
    async with resources.db.transaction() as session:
        task = await tasks.lock_task(session, user_id, task_id)
        await tasks.resume_task(session, task)
        after_commit(session, lambda: resources.redis.delete(parts_key(task_id)))
    await tell_changed(resources, [task])


async def run_again(resources: Resources, user_id: UUID, task_id: UUID) -> Started:
    """The same request once more, as a further turn of its conversation."""
    async with resources.db.transaction() as session:
        task = await tasks.get_task(session, user_id, task_id)
        message = await session.get(Step, task.message_id) if task.message_id else None
        if message is None or task.status in OPEN:
            raise Conflict("Only a task that has ended can be run again.")
        request = _request_of(task, message.output)
    return await start_task(resources, user_id, request)


def _request_of(task: Task, text: str) -> TaskRequest:
    own = {k: v for k, v in task.parameters.items() if k not in ("language", "model")}
    request = TaskRequest(
        text=text,
        name=task.name,
        description=task.description,
        language=task.parameters.get("language") or "en",
        model=task.parameters.get("model"),
        kind=task.kind,
        priority=task.priority,
        tags=tuple(task.tags),
        labels=task.labels,
        details=task.details,
        timeout_seconds=task.timeout_seconds,
        max_retries=task.max_retries,
        thread_id=task.thread_id,
        schedule_id=task.schedule_id,
    )
    return replace(request, parameters=own)
