"""What readers think of an answer: one thumb per user and turn."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.chats.models import Feedback
from app.core.clock import derived_id, now
from app.core.errors import Invalid
from app.core.sealed_types import place


async def set_feedback(
    session: AsyncSession,
    user_id: UUID,
    task_id: UUID,
    *,
    thread_id: UUID,
    value: int,
    comment: str | None,
) -> UUID:
    """Judge an answer, or judge it anew. The caller has made sure that the task is the user's."""
    if value not in (0, 1):
        raise Invalid("A judgement is 1 (good) or 0 (bad).", field="value")
    given = select(Feedback.id).where(Feedback.task_id == task_id, Feedback.user_id == user_id)
    id = await session.scalar(given) or derived_id(user_id, f"feedback:{task_id}")
    values = place(Feedback, {"value": value, "comment": comment}, id)
    statement = (
        insert(Feedback)
        .values(id=id, created_at=now(), task_id=task_id, user_id=user_id,
                thread_id=thread_id, **values)
        .on_conflict_do_update(index_elements=[Feedback.task_id, Feedback.user_id], set_=values)
        .returning(Feedback.id)
    )  # fmt: skip
    return (await session.scalars(statement)).one()


async def delete_feedback(session: AsyncSession, user_id: UUID, task_id: UUID) -> bool:
    """Take a judgement back; False if there was none."""
    gone = await session.scalars(
        delete(Feedback)
        .where(Feedback.task_id == task_id, Feedback.user_id == user_id)
        .returning(Feedback.id)
    )
    return gone.first() is not None
