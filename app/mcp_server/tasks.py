"""Background tasks, for others: begin one, look how far it is, read what it brought, end it."""

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.chats.models import StepKind
from app.chats.service import list_task_steps
from app.mcp_server.offered import (
    LONGEST_PART,
    Call,
    Cursor,
    Limit,
    NextCursor,
    Offered,
    Storable,
    Takes,
)
from app.oauth.models import Scope
from app.tasks.listing import TaskFilter, TaskState
from app.tasks.listing import list_tasks as read_tasks
from app.tasks.models import Task, TaskStatus
from app.tasks.service import get_task as read_task
from app.turns import background
from app.turns.service import stop_task

MOST_SECONDS = 50
"""How long one call waits at most: less than any proxy does."""

LOOK_SECONDS = 0.5

TaskId = Annotated[UUID, Field(description="`id` of a task.")]


class TaskShown(BaseModel):
    """A task: work that Keiko does for its user."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str | None
    status: TaskStatus
    progress: Annotated[int | None, Field(description="Per cent.")]
    step: Annotated[str | None, Field(description="What it does just now.")]
    error: str | None
    created_at: datetime
    completed_at: datetime | None
    url: Annotated[str | None, Field(description="Where the user sees it.")] = None


class Tasks(BaseModel):
    """One page, latest first."""

    tasks: list[TaskShown]
    next_cursor: NextCursor


class TaskResult(TaskShown):
    """A task with its answer."""

    answer: Annotated[
        str | None, Field(description="What it brought, as Markdown; null while there is nothing.")
    ]
    next_offset: Annotated[
        int | None, Field(description="Give it as `offset` for the rest; null at the end.")
    ]


class ListTasks(Takes):
    """Which tasks are wanted."""

    state: Annotated[TaskState | None, Field(description="Only these; all if it is left out.")] = (
        None
    )
    search: Annotated[Storable | None, Field(max_length=200, description="Part of the name.")] = (
        None
    )
    cursor: Cursor = None
    limit: Limit = 20


class GetTask(Takes):
    """Which task, from which character of its answer on, and how long it is waited for."""

    task_id: TaskId
    offset: Annotated[int, Field(ge=0)] = 0
    wait_seconds: Annotated[
        int, Field(ge=0, le=MOST_SECONDS, description="Wait so long for its end, if it is open.")
    ] = 0


class StartTask(Takes):
    """What is to be done."""

    text: Annotated[
        Storable,
        Field(
            min_length=1,
            max_length=100_000,
            description="What to do, complete: whoever does it sees nothing else.",
        ),
    ]
    name: Annotated[Storable | None, Field(max_length=255, description="For lists.")] = None
    not_before: Annotated[
        AwareDatetime | None, Field(description="When to begin, if later (ISO 8601 with offset).")
    ] = None
    key: Annotated[
        Storable | None,
        Field(max_length=200, description="The same key starts the same task only once."),
    ] = None


class TaskOnly(Takes):
    """Which task."""

    task_id: TaskId


def _shown(call: Call, task: Task) -> TaskShown:
    url = call.link(task.thread_id) if task.thread_id else None
    return TaskShown.model_validate(task).model_copy(update={"url": url})


async def _list(call: Call, wanted: ListTasks) -> Tasks:
    which = TaskFilter(state=wanted.state, search=wanted.search)
    async with call.transaction() as session:
        page = await read_tasks(
            session, call.user_id, which, after=wanted.cursor, limit=wanted.limit
        )
    return Tasks(tasks=[_shown(call, task) for task in page.items], next_cursor=page.next_cursor)


async def _get(call: Call, wanted: GetTask) -> TaskResult:
    task = await _wait(call, wanted)
    async with call.transaction() as session:
        steps = await list_task_steps(session, task.id)
    text = next((s.output for s in steps if s.kind is StepKind.ASSISTANT_MESSAGE), None)
    end = wanted.offset + LONGEST_PART
    return TaskResult(
        **_shown(call, task).model_dump(),
        answer=text[wanted.offset : end] if text is not None else None,
        next_offset=end if text is not None and len(text) > end else None,
    )


async def _wait(call: Call, wanted: GetTask) -> Task:
    """The task once it has ended or needs a person, or the time is up; tells how far it is."""
    loop = asyncio.get_running_loop()
    deadline, told = loop.time() + wanted.wait_seconds, (-1, "")
    while True:
        async with call.transaction() as session:
            task = await read_task(session, call.user_id, wanted.task_id)
        how_far = (max(task.progress or 0, told[0]), task.step or "")
        if wanted.wait_seconds and how_far != told:
            await call.tell(*how_far)
            told = how_far
        if not task.is_open or task.status is TaskStatus.WAITING or loop.time() >= deadline:
            return task
        await asyncio.sleep(LOOK_SECONDS)


async def _start(call: Call, wanted: StartTask) -> TaskShown:
    background.check_future(wanted.not_before)
    request = background.TaskRequest(
        text=wanted.text,
        name=" ".join((wanted.name or "").split()) or None,
        language=call.language,
        not_before=wanted.not_before,
        labels={"connected_app": call.guest.name},
        key=f"app:{call.guest.grant_id}:{wanted.key}" if wanted.key else None,
    )
    started = await background.start_task(call.resources, call.user_id, request)
    async with call.transaction() as session:
        return _shown(call, await read_task(session, call.user_id, started.task_id))


async def _cancel(call: Call, wanted: TaskOnly) -> TaskShown:
    return _shown(call, await stop_task(call.resources, call.user_id, wanted.task_id))


TOOLS = (
    Offered(
        name="list_tasks",
        title="List tasks",
        description="Tell which tasks the user has in Keiko, how far they are and how they ended.",
        takes=ListTasks,
        gives=Tasks,
        scope=Scope.READ,
        work=_list,
    ),
    Offered(
        name="get_task",
        title="Read a task",
        description=(
            "Tell how far a task is; once it is done, with its answer. With wait_seconds it waits"
            " for the end, which is better than asking again and again."
        ),
        takes=GetTask,
        gives=TaskResult,
        scope=Scope.READ,
        work=_get,
    ),
    Offered(
        name="start_task",
        title="Start a background task",
        description=(
            "Have Keiko do work in the background, with the user's own tools there. It may take"
            " minutes and may ask the user first; look with get_task."
        ),
        takes=StartTask,
        gives=TaskShown,
        scope=Scope.WRITE,
        work=_start,
        repeatable=False,
        reaches_out=True,
    ),
    Offered(
        name="cancel_task",
        title="Cancel a task",
        description="End a task of the user's now. What it has done so far is kept.",
        takes=TaskOnly,
        gives=TaskShown,
        scope=Scope.WRITE,
        work=_cancel,
        ends=True,
    ),
)
