"""Say a message differently: its thread goes on from there as if it had always said so."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.chats import service as chats
from app.chats.attachments import replace_prompt
from app.chats.index import vector
from app.chats.models import Feedback, Step, StepKind
from app.core.bus import publish_hint
from app.core.clock import now
from app.core.errors import NotFound
from app.core.resources import Resources
from app.tasks import service as tasks
from app.tasks.models import Task
from app.tasks.queue import announce
from app.turns.service import Accepted, Incoming, complete, new_task


async def edit_message(resources: Resources, incoming: Incoming) -> Accepted:
    """Say it differently: what came after the message is removed, and it is answered anew."""
    incoming = await complete(resources, incoming)
    chats.check_text(incoming.text)
    async with resources.db.transaction() as session:
        await chats.get_thread(session, incoming.user_id, incoming.thread_id)
        message = await session.scalar(
            select(Step)
            .where(
                Step.id == incoming.message_id,
                Step.thread_id == incoming.thread_id,
                Step.kind == StepKind.USER_MESSAGE,
            )
            .with_for_update()
        )
        if message is None:
            raise NotFound("There is no such message.")
        stopped = await _remove_turns_from(session, incoming, message)
        version = int(message.details.get("version", 0)) + 1
        kept = await replace_prompt(session, message.id, incoming.attached)
        message.output, message.details = (
            incoming.text,
            {**message.details, "version": version, "attachments": kept},
        )
        message.search = vector(session, incoming.user_id, incoming.text)
        message.created_at = message.ended_at = now()
        task = new_task(incoming, message.id, version)
        message.task_id = task.id
        await session.flush()
        await tasks.create_tasks(session, [task])
    await publish_hint(resources.redis, "stop", *stopped)
    await announce(resources.redis, [task.id])
    await publish_hint(resources.redis, "thread", incoming.thread_id)
    return Accepted(
        task_id=task.id,
        thread_id=incoming.thread_id,
        message_id=message.id,
        is_new=True,
    )


async def _remove_turns_from(
    session: AsyncSession, incoming: Incoming, message: Step
) -> list[UUID]:
    """Remove the turns of `message` and of all later ones. Returns their task ids."""
    messages = select(Step.id).where(
        Step.thread_id == incoming.thread_id,
        Step.kind == StepKind.USER_MESSAGE,
        Step.created_at >= message.created_at,
    )
    gone = list(
        await session.scalars(
            delete(Task)
            .where(Task.thread_id == incoming.thread_id, Task.message_id.in_(messages))
            .returning(Task.id)
        )
    )
    await chats.remove_steps_of_tasks(session, gone)
    await session.execute(
        delete(Step).where(
            Step.thread_id == incoming.thread_id,
            Step.id != message.id,
            Step.created_at >= message.created_at,
        )
    )
    await session.execute(delete(Feedback).where(Feedback.task_id.in_(gone)))
    return gone
