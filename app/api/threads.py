"""/threads: conversations, listed, searched, read, renamed, stopped and removed."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, CallerNow, Storable, may
from app.api.errors import documented
from app.api.questions import QuestionView
from app.api.stream import files_of
from app.api.tasks import JudgementView, TaskView
from app.chats.models import Step, StepKind
from app.chats.service import LONGEST_NAME, list_threads
from app.core.envelope import Success
from app.core.errors import NotFound
from app.turns import service as turns
from app.turns.service import ThreadRows
from app.users.permissions import Permission

router = APIRouter(
    prefix="/threads",
    tags=["threads"],
    dependencies=[may(Permission.CHATS_READ, to_write=Permission.CHATS_WRITE)],
)


class ThreadView(BaseModel):
    """A conversation in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    created_at: datetime
    updated_at: datetime


class ThreadPage(BaseModel):
    """One page, latest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[ThreadView]
    next_cursor: str | None


class MessageView(BaseModel):
    """Something that was said."""

    id: UUID
    task_id: UUID | None
    role: Literal["user", "assistant"]
    author: str
    text: str
    is_error: bool
    created_at: datetime


class BroughtFile(BaseModel):
    """A file that a tool call brought; `kind` is its media type, its bytes stand at `url`."""

    id: UUID
    name: str
    kind: str
    size: int
    url: str


class BroughtLink(BaseModel):
    """A link that a tool call brought; `uri` is null where a person cannot go."""

    uri: str | None
    name: str
    description: str


class ToolCallView(BaseModel):
    """Something that was done with a tool; `arguments` is JSON text."""

    id: UUID
    task_id: UUID | None
    name: str
    arguments: str
    output: str
    failed: bool
    files: list[BroughtFile]
    links: list[BroughtLink]
    created_at: datetime
    ended_at: datetime | None


class ThreadDetail(ThreadView):
    """A conversation with everything in it, oldest first."""

    messages: list[MessageView]
    tool_calls: list[ToolCallView]
    tasks: list[TaskView]
    questions: list[QuestionView]
    feedbacks: list[JudgementView]


class NewName(Body):
    """What a conversation shall be called."""

    name: Annotated[Storable, Field(min_length=1, max_length=LONGEST_NAME)]


class Stopped(BaseModel):
    """The conversation in which nothing runs any more."""

    thread_id: UUID


class Deleted(BaseModel):
    """The conversation that is gone."""

    thread_id: UUID


def _message(step: Step) -> MessageView:
    return MessageView(
        id=step.id,
        task_id=step.task_id,
        role="user" if step.kind is StepKind.USER_MESSAGE else "assistant",
        author=step.name,
        text=step.output,
        is_error=step.is_error,
        created_at=step.created_at,
    )


def _tool_call(step: Step) -> ToolCallView:
    return ToolCallView(
        id=step.id,
        task_id=step.task_id,
        name=step.name,
        arguments=step.input,
        output=step.output,
        failed=step.is_error,
        files=[BroughtFile.model_validate(file) for file in files_of(step.details)],
        links=[BroughtLink.model_validate(link) for link in step.details.get("links") or ()],
        created_at=step.created_at,
        ended_at=step.ended_at,
    )


def _detail(rows: ThreadRows) -> ThreadDetail:
    tools = [step for step in rows.steps if step.kind is StepKind.TOOL]
    messages = [step for step in rows.steps if step.kind is not StepKind.TOOL]
    return ThreadDetail(
        **ThreadView.model_validate(rows.thread).model_dump(),
        messages=[_message(step) for step in messages],
        tool_calls=[_tool_call(step) for step in tools],
        tasks=[TaskView.model_validate(task) for task in rows.tasks],
        questions=[QuestionView.model_validate(question) for question in rows.questions],
        feedbacks=[JudgementView.model_validate(feedback) for feedback in rows.feedbacks],
    )


@router.get("", operation_id="list_threads")
async def list_own_threads(
    caller: CallerNow,
    search: Annotated[
        Storable | None, Query(max_length=500, description="Words in titles and messages.")
    ] = None,
    after: Annotated[
        Storable | None, Query(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Success[ThreadPage]:
    """Your conversations, latest first, or those in which all words of `search` occur."""
    async with caller.transaction() as session:
        page = await list_threads(session, caller.user_id, search=search, after=after, limit=limit)
    items = [ThreadView.model_validate(thread) for thread in page.items]
    return Success(data=ThreadPage(items=items, next_cursor=page.next_cursor))


@router.get("/{thread_id}", operation_id="get_thread", responses=documented(404))
async def read_thread(thread_id: UUID, caller: CallerNow) -> Success[ThreadDetail]:
    """One conversation with its messages, tool calls, turns, questions and judgements."""
    async with caller.transaction() as session:
        rows = await turns.load_thread(session, caller.user_id, thread_id)
    if rows is None:
        raise NotFound("There is no such conversation.")
    return Success(data=_detail(rows))


@router.patch("/{thread_id}", operation_id="rename_thread", responses=documented(404))
async def rename_thread(thread_id: UUID, new: NewName, caller: CallerNow) -> Success[ThreadView]:
    """Give a conversation another name."""
    thread = await turns.rename_thread(caller.resources, caller.user_id, thread_id, new.name)
    return Success(data=ThreadView.model_validate(thread))


@router.delete("/{thread_id}", operation_id="delete_thread", responses=documented(404))
async def delete_thread(thread_id: UUID, caller: CallerNow) -> Success[Deleted]:
    """Remove a conversation and everything in it; what runs in it is stopped."""
    await turns.delete_thread(caller.resources, caller.user_id, thread_id)
    return Success(data=Deleted(thread_id=thread_id))


@router.post("/{thread_id}/stop", operation_id="stop_thread", responses=documented(404))
async def stop_thread(thread_id: UUID, caller: CallerNow) -> Success[Stopped]:
    """End what runs in a conversation now; messages that wait get their turn."""
    await turns.stop_thread(caller.resources, caller.user_id, thread_id)
    return Success(data=Stopped(thread_id=thread_id))
