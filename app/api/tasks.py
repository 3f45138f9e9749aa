"""/tasks: a turn as a task, and what its owner may do with it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, computed_field

from app.api.deps import Body, Caller, CallerNow, Storable, may
from app.api.errors import documented
from app.api.spending import spend_message
from app.chats import feedback
from app.core.db import JSON
from app.core.envelope import Success
from app.tasks.models import Task, TaskPriority, TaskStatus
from app.tasks.service import get_task
from app.turns import service as turns
from app.users.permissions import Permission

router = APIRouter(
    prefix="/tasks",
    tags=["tasks"],
    responses=documented(404),
    dependencies=[may(Permission.TASKS_READ, to_write=Permission.TASKS_WRITE)],
)


class TaskView(BaseModel):
    """A task: the work of answering one message, watched or in the background."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    thread_id: UUID | None
    message_id: UUID | None
    parent_id: UUID | None
    schedule_id: UUID | None
    kind: str
    name: str | None
    description: str | None
    status: TaskStatus
    priority: TaskPriority
    in_background: bool
    tags: list[str]
    labels: dict[str, str]
    details: dict[str, str]
    attempts: int
    retries: int
    max_retries: int
    timeout_seconds: int | None
    progress: Annotated[int | None, Field(description="Per cent.")]
    step: Annotated[str | None, Field(description="What it does just now.")]
    not_before: datetime | None
    start_until: datetime | None
    error_code: str | None
    error: str | None
    usage: JSON
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @computed_field(description="Tokens read and written so far.")  # type: ignore[prop-decorator]
    @property
    def tokens(self) -> int:
        """What all calls of the model add up to."""
        return sum(int(self.usage.get(name, 0)) for name in ("input_tokens", "output_tokens"))


class Judgement(Body):
    """What a reader thinks of an answer."""

    value: Annotated[int, Field(ge=0, le=1, description="1 is good, 0 is bad.")]
    comment: Annotated[Storable | None, Field(max_length=2000)] = None


class JudgementView(BaseModel):
    """A judgement as it is kept."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    task_id: UUID
    value: int
    comment: str | None


class Removed(BaseModel):
    """What is gone now; false if it was not there."""

    removed: bool


async def view_task(caller: Caller, task_id: UUID) -> Success[TaskView]:
    """The task as its row stands now."""
    async with caller.transaction() as session:
        task: Task = await get_task(session, caller.user_id, task_id)
        return Success(data=TaskView.model_validate(task))


@router.get("/{task_id}", operation_id="get_task")
async def read_task(task_id: UUID, caller: CallerNow) -> Success[TaskView]:
    """One turn: how far it is, and how it ended."""
    return await view_task(caller, task_id)


@router.post("/{task_id}/stop", operation_id="stop_task")
async def stop_task(task_id: UUID, caller: CallerNow) -> Success[TaskView]:
    """End a turn now; what it has said so far is kept. An ended one stays as it is."""
    await turns.stop_task(caller.resources, caller.user_id, task_id)
    return await view_task(caller, task_id)


@router.post("/{task_id}/retry", operation_id="retry_task", responses=documented(409))
async def retry_task(task_id: UUID, caller: CallerNow) -> Success[TaskView]:
    """Answer again, after a turn that ended without an answer."""
    await spend_message(caller, lambda: turns.retry_task(caller.resources, caller.user_id, task_id))
    return await view_task(caller, task_id)


@router.post("/{task_id}/withdraw", operation_id="withdraw_task", responses=documented(409))
async def withdraw_task(task_id: UUID, caller: CallerNow) -> Success[Removed]:
    """Take back a message that waits behind another turn."""
    await turns.withdraw_task(caller.resources, caller.user_id, task_id)
    return Success(data=Removed(removed=True))


@router.put("/{task_id}/feedback", operation_id="set_feedback", responses=documented(409))
async def set_feedback(
    task_id: UUID, judgement: Judgement, caller: CallerNow
) -> Success[JudgementView]:
    """Judge the answer of a turn, or judge it anew."""
    async with caller.transaction() as session:
        id = await turns.set_feedback(
            session,
            caller.user_id,
            task_id,
            value=judgement.value,
            comment=judgement.comment,
        )
    view = JudgementView(id=id, task_id=task_id, value=judgement.value, comment=judgement.comment)
    return Success(data=view)


@router.delete("/{task_id}/feedback", operation_id="delete_feedback")
async def delete_feedback(task_id: UUID, caller: CallerNow) -> Success[Removed]:
    """Take a judgement back."""
    async with caller.transaction() as session:
        await get_task(session, caller.user_id, task_id)
        removed = await feedback.delete_feedback(session, caller.user_id, task_id)
    return Success(data=Removed(removed=removed))
