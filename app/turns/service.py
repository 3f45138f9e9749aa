"""Accept, change and end chat turns: a message and the task that answers it stand together.

Used by every face. A message counts as accepted when, and only if, message, task and event are
committed; the same message sent twice is one task.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

import app.schedules.models  # noqa: F401 - tasks name its table
from app.chats import feedback
from app.chats import service as chats
from app.chats.attachments import NewAttachment, Preview, brings, list_previews, read_again
from app.chats.commands import read_command
from app.chats.models import AttachmentKind, Feedback, Step, Thread
from app.core.bus import publish_hint
from app.core.clock import derived_id
from app.core.db import JSON, GroupCommit, after_commit
from app.core.errors import Conflict, NotFound
from app.core.redis import parts_key
from app.core.resources import Resources
from app.events.store import record
from app.events.types import FeedbackGiven, ThreadDeleted, ThreadRenamed
from app.tasks import service as tasks
from app.tasks.models import Question, Task
from app.tasks.queue import announce
from app.turns.attaching import ResourceRef, find_attached
from app.turns.questions import tell_changed


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A message as a face received it; its ids come from the sender."""

    message_id: UUID
    thread_id: UUID
    user_id: UUID
    author: str
    text: str
    language: str = "en"
    model: str | None = None
    time_zone: str | None = None
    command: str | None = None
    """What was chosen from the menu, if it is not one of Keiko's own commands."""
    by_visitor: bool = False
    """Whether a visitor of a site says it, who has no commands, no prompts and no resources."""
    wanted: Sequence[ResourceRef] = ()
    """The resources that were attached to it."""
    attached: Sequence[NewAttachment] = ()
    """What it brings along; found when it is accepted."""
    page: JSON | None = None
    """The host page beside which it was written: `client` (the tab), `context`, `functions`."""

    @property
    def parameters(self) -> JSON:
        """What the task that answers it is given."""
        given: JSON = {"language": self.language, "model": self.model}
        if self.time_zone:
            given["time_zone"] = self.time_zone
        if self.page:
            given["page"] = self.page
        if (command := read_command(self.text)) and not self.by_visitor:
            given["command"] = command[0].value
        return given


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A message that will be answered, whatever dies meanwhile."""

    task_id: UUID
    thread_id: UUID
    message_id: UUID
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class ThreadRows:
    """Everything that the rows know of a thread."""

    thread: Thread
    steps: list[Step]
    tasks: list[Task]
    questions: list[Question]
    feedbacks: list[Feedback]
    previews: dict[UUID, list[Preview]] = field(default_factory=dict)
    """What its messages bring along, by message."""


class Turns:
    """The door for messages of one web process: those that come together commit together."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._door: GroupCommit[Incoming, Accepted] = GroupCommit(self._write)

    async def accept(self, incoming: Incoming) -> Accepted:
        """Store a message and its task. Returns once both are committed.

        Raises Invalid for a text that cannot be a message, NotFound for another user's thread.
        """
        incoming = await complete(self._resources, incoming)
        chats.check_text(incoming.text)
        return await self._door.put(incoming)

    async def _write(self, batch: list[Incoming]) -> list[Accepted | Exception]:
        first: dict[UUID, Incoming] = {}
        for incoming in batch:
            first.setdefault(incoming.message_id, incoming)
        async with self._resources.db.transaction() as session:
            fresh, own = await chats.add_messages(session, [_message(i) for i in first.values()])
            new = [incoming for id, incoming in first.items() if id in fresh]
            await tasks.create_tasks(session, [new_task(i, i.message_id) for i in new])
        await announce(self._resources.redis, [own[i.message_id] for i in new])
        await publish_hint(self._resources.redis, "thread", *{i.thread_id for i in new})
        return [self._answer(i, first[i.message_id], fresh, own) for i in batch]

    def _answer(
        self, incoming: Incoming, first: Incoming, fresh: set[UUID], own: dict[UUID, UUID]
    ) -> Accepted | Exception:
        task_id = own.get(incoming.message_id)
        same = (incoming.thread_id, incoming.user_id) == (first.thread_id, first.user_id)
        if task_id is None or not same:
            return NotFound("There is no such conversation.")
        return Accepted(
            task_id=task_id,
            thread_id=incoming.thread_id,
            message_id=incoming.message_id,
            is_new=incoming.message_id in fresh,
        )


async def complete(resources: Resources, incoming: Incoming) -> Incoming:
    """The message with all that it brings along; its text begins with the prompt's command then."""
    text = incoming.text
    if incoming.by_visitor:
        return incoming
    if incoming.command:
        text = f"/{incoming.command} {text.strip()}".strip()
    attached = await find_attached(resources, incoming.user_id, text, incoming.wanted)
    if any(each.kind is AttachmentKind.PROMPT for each in attached):
        return replace(incoming, text=text, attached=attached)
    return replace(incoming, attached=attached)


def task_id_of(message_id: UUID) -> UUID:
    """The task that answers a message that was never edited."""
    return derived_id(message_id, "task")


def _message(incoming: Incoming) -> chats.NewMessage:
    return chats.NewMessage(
        id=incoming.message_id,
        thread_id=incoming.thread_id,
        user_id=incoming.user_id,
        task_id=task_id_of(incoming.message_id),
        author=incoming.author,
        text=incoming.text,
        attached=incoming.attached,
    )


def new_task(incoming: Incoming, message_id: UUID, version: int = 0) -> tasks.NewTask:
    """The task that answers a message; each edit of the message has one of its own."""
    return tasks.NewTask(
        id=derived_id(message_id, f"task:{version}" if version else "task"),
        user_id=incoming.user_id,
        thread_id=incoming.thread_id,
        message_id=message_id,
        name=chats.name_of(incoming.text),
        parameters=incoming.parameters,
    )


async def load_thread(session: AsyncSession, user_id: UUID, thread_id: UUID) -> ThreadRows | None:
    """The rows of the user's thread; None if there is none that this user may see."""
    try:
        thread = await chats.get_thread(session, user_id, thread_id)
    except NotFound:
        return None
    of_thread = select(Task).where(Task.thread_id == thread_id)
    # Tasks before steps: a turn that is seen as ended is then seen with its answer.
    tasks_read = list(await session.scalars(of_thread.order_by(Task.created_at, Task.id)))
    steps = await chats.list_steps(session, thread_id)
    return ThreadRows(
        thread=thread,
        tasks=tasks_read,
        steps=steps,
        previews=await list_previews(session, [step.id for step in steps if brings(step)]),
        questions=list(
            await session.scalars(
                select(Question)
                .join(Task, Task.id == Question.task_id)
                .where(Task.thread_id == thread_id)
                .order_by(Question.id)
            )
        ),
        feedbacks=list(
            await session.scalars(
                select(Feedback).where(Feedback.thread_id == thread_id, Feedback.user_id == user_id)
            )
        ),
    )


async def retry_task(resources: Resources, user_id: UUID, task_id: UUID) -> None:
    """Answer a message again whose turn ended without one; Conflict for any other."""
    async with resources.db.transaction() as session:
        task = await tasks.lock_task(session, user_id, task_id)
        await tasks.requeue_task(session, task)
        await chats.remove_steps_of_tasks(session, [task.id])
        if task.message_id:
            await read_again(session, task.message_id)
        after_commit(session, lambda: resources.redis.delete(parts_key(task_id)))
    await tell_changed(resources, [task])


async def withdraw_task(resources: Resources, user_id: UUID, task_id: UUID) -> None:
    """Take back a waiting message together with its task; Conflict once it has begun."""
    async with resources.db.transaction() as session:
        task = await tasks.lock_task(session, user_id, task_id)
        await tasks.withdraw_task(session, task)
        await session.execute(delete(Step).where(Step.id == task.message_id))
    await tell_changed(resources, [task])


async def stop_task(resources: Resources, user_id: UUID, task_id: UUID) -> Task:
    """End a turn now; what it has said so far is kept. An ended one stays as it is."""
    async with resources.db.transaction() as session:
        task = await tasks.lock_task(session, user_id, task_id)
        await tasks.request_stop(session, task)
    await publish_hint(resources.redis, "stop", task.id)
    await tell_changed(resources, [task])
    return task


async def stop_thread(resources: Resources, user_id: UUID, thread_id: UUID) -> None:
    """End the turn under way in a thread.

    Waiting messages stay and get their turn; what runs in the background goes on.
    """
    async with resources.db.transaction() as session:
        await chats.get_thread(session, user_id, thread_id)
        open_tasks = await tasks.list_open_tasks(session, user_id, thread_id)
    watched = [task for task in open_tasks if not task.in_background]
    begun = [task for task in watched if task.attempts] or watched[:1]
    for task in begun:
        await stop_task(resources, user_id, task.id)


async def delete_thread(resources: Resources, user_id: UUID, thread_id: UUID) -> None:
    """Remove a thread and everything in it; what runs in it is stopped."""
    async with resources.db.transaction() as session:
        running = await tasks.list_open_tasks(session, user_id, thread_id)
        await chats.remove_thread(session, user_id, thread_id)
        record(session, ThreadDeleted(user_id=user_id, subject_id=thread_id, thread_id=thread_id))
    await publish_hint(resources.redis, "stop", *[task.id for task in running])
    await publish_hint(resources.redis, "thread", thread_id)


async def rename_thread(resources: Resources, user_id: UUID, thread_id: UUID, name: str) -> Thread:
    """Give a thread another name."""
    async with resources.db.transaction() as session:
        record(session, ThreadRenamed(user_id=user_id, subject_id=thread_id, thread_id=thread_id))
        return await chats.rename_thread(session, user_id, thread_id, name)


async def set_feedback(
    session: AsyncSession,
    user_id: UUID,
    task_id: UUID,
    *,
    value: int,
    comment: str | None,
) -> UUID:
    """Judge the answer of a turn."""
    task = await tasks.get_task(session, user_id, task_id)
    if task.thread_id is None:
        raise Conflict("Only an answer in a conversation can be judged.")
    given = FeedbackGiven(
        user_id=user_id,
        subject_id=task_id,
        task_id=task_id,
        thread_id=task.thread_id,
        value=value,
    )
    record(session, given)
    return await feedback.set_feedback(
        session,
        user_id,
        task_id,
        thread_id=task.thread_id,
        value=value,
        comment=comment,
    )
