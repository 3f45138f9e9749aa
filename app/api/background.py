"""/tasks: work in the background, begun, listed, changed, moved, paused and read."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.api.deps import Body, Caller, CallerNow, Id, Storable, may
from app.api.errors import documented
from app.api.spending import spend_message
from app.api.tasks import TaskView, view_task
from app.chats.models import StepKind
from app.chats.service import list_task_steps
from app.core.db import JSON
from app.core.envelope import Success
from app.core.errors import Conflict, Invalid
from app.tasks import dependencies, kinds, listing
from app.tasks import service as tasks
from app.tasks.listing import TaskFilter, TaskState
from app.tasks.models import Task, TaskPriority
from app.turns import background
from app.turns.background import TaskRequest
from app.users.permissions import Permission

router = APIRouter(
    prefix="/tasks",
    tags=["tasks"],
    dependencies=[may(Permission.TASKS_READ, to_write=Permission.TASKS_WRITE)],
)

Moment = Annotated[AwareDatetime, Field(strict=False)]
"""A moment with its offset from UTC."""


class ListedTask(TaskView):
    """A task in a list; `question_id` is what it waits for."""

    question_id: UUID | None = None


class TaskQuery(BaseModel):
    """Which tasks are wanted."""

    model_config = ConfigDict(extra="forbid")

    state: TaskState | None = None
    tag: Annotated[Storable | None, Field(max_length=kinds.LONGEST_TAG)] = None
    search: Annotated[Storable | None, Field(max_length=200, description="Part of the name.")] = (
        None
    )
    schedule_id: UUID | None = None
    parent_id: UUID | None = None
    archived: Annotated[
        bool, Field(description="Also what ended too long ago to stand in the list.")
    ] = False
    after: Annotated[
        Storable | None, Field(max_length=500, description="`next_cursor` of the page before.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


class TaskPage(BaseModel):
    """One page, latest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[ListedTask]
    next_cursor: str | None


class NewTask(Body):
    """What is to be done."""

    text: Annotated[Storable, Field(description="What to do, in plain words.")]
    name: Storable | None = None
    description: Storable | None = None
    kind: str = "agent_execution"
    model: Storable | None = None
    priority: Annotated[TaskPriority, Field(strict=False)] = TaskPriority.NORMAL
    tags: list[Storable] = []
    labels: dict[Storable, Storable] = {}
    details: dict[Storable, Storable] = {}
    parameters: JSON = {}
    not_before: Moment | None = None
    delay_seconds: Annotated[int | None, Field(ge=0, le=31_536_000)] = None
    start_until: Moment | None = None
    timeout_seconds: int | None = None
    max_retries: int = 3
    depends_on: Annotated[list[Id], Field(max_length=50)] = []
    parent_id: Id | None = None


class StartedTask(TaskView):
    """The task; `is_duplicate` says that the same key had started it before."""

    is_duplicate: bool


class TaskChange(Body):
    """What is to be different; what is left out stays."""

    name: Storable | None = None
    description: Storable | None = None
    priority: Annotated[TaskPriority | None, Field(strict=False)] = None
    tags: list[Storable] | None = None
    labels: dict[Storable, Storable] | None = None
    depends_on: Annotated[list[Id] | None, Field(max_length=50)] = None


class Result(BaseModel):
    """What a task brought."""

    task_id: UUID
    text: str
    is_error: bool
    created_at: datetime


class Change(BaseModel):
    """Something that happened to a task: its type, when, and which columns it changed."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    type: str
    occurred_at: datetime
    payload: JSON


@router.get("", operation_id="list_tasks")
async def list_own_tasks(
    caller: CallerNow, query: Annotated[TaskQuery, Query()]
) -> Success[TaskPage]:
    """Your tasks, latest first. Chat turns are among them while they are under way."""
    wanted = TaskFilter(**query.model_dump(exclude={"after", "limit"}))
    async with caller.transaction() as session:
        page = await listing.list_tasks(
            session, caller.user_id, wanted, after=query.after, limit=query.limit
        )
        questions = await listing.open_questions_of(session, page.items)
    items = [
        ListedTask.model_validate(task).model_copy(update={"question_id": questions.get(task.id)})
        for task in page.items
    ]
    return Success(data=TaskPage(items=items, next_cursor=page.next_cursor))


@router.post("", operation_id="start_task", status_code=201, responses=documented(409, 429))
async def start_task(
    new: NewTask,
    caller: CallerNow,
    idempotency_key: Annotated[
        Storable | None,
        Header(max_length=200, description="The same key starts the same task only once."),
    ] = None,
) -> Success[StartedTask]:
    """Begin work in the background, now or at a later time."""
    request = _request(new, caller, idempotency_key)
    background.check_future(new.not_before)
    started = await spend_message(
        caller, lambda: background.start_task(caller.resources, caller.user_id, request)
    )
    task = (await view_task(caller, started.task_id)).data
    return Success(data=StartedTask(**task.model_dump(), is_duplicate=not started.is_new))


def _request(new: NewTask, caller: Caller, key: str | None) -> TaskRequest:
    if new.not_before is not None and new.delay_seconds is not None:
        raise Invalid("Give a moment or a delay, not both.", field="delay_seconds")
    given = new.model_dump(exclude={"delay_seconds", "tags", "depends_on"})
    return TaskRequest(
        **given | {"not_before": background.after_delay(new.delay_seconds) or new.not_before},
        tags=tuple(new.tags),
        depends_on=tuple(new.depends_on),
        language=caller.language,
        key=key,
    )


@router.patch("/{task_id}", operation_id="change_task", responses=documented(404, 409))
async def change_task(task_id: UUID, change: TaskChange, caller: CallerNow) -> Success[TaskView]:
    """Rename a task, or change its priority, tags, labels, or what it waits for."""
    async with caller.transaction() as session:
        task = await tasks.lock_task(session, caller.user_id, task_id)
        if change.depends_on is not None:
            await dependencies.set_dependencies(session, task, change.depends_on)
        _apply(task, change)
        if change.priority is not None:
            await tasks.change_priority(session, task, change.priority)
    return await view_task(caller, task_id)


def _apply(task: Task, change: TaskChange) -> None:
    if change.name is not None:
        kinds.check_name(change.name)
        task.name = change.name
    if change.description is not None:
        kinds.check_description(change.description)
        task.description = change.description
    if change.tags is not None:
        kinds.check_tags(change.tags)
        task.tags = change.tags
    if change.labels is not None:
        kinds.check_labels(change.labels)
        task.labels = change.labels


@router.post("/{task_id}/background", operation_id="move_task_to_background",
             responses=documented(404, 409))  # fmt: skip
async def move_to_background(task_id: UUID, caller: CallerNow) -> Success[TaskView]:
    """Let a turn go on unwatched; its conversation is free for the next question."""
    await background.move_to_background(caller.resources, caller.user_id, task_id)
    return await view_task(caller, task_id)


@router.post("/{task_id}/foreground", operation_id="bring_task_to_front",
             responses=documented(404, 409))  # fmt: skip
async def bring_to_front(task_id: UUID, caller: CallerNow) -> Success[TaskView]:
    """Let a background task be its conversation's present turn again."""
    await background.bring_to_front(caller.resources, caller.user_id, task_id)
    return await view_task(caller, task_id)


@router.post("/{task_id}/pause", operation_id="pause_task", responses=documented(404, 409))
async def pause_task(task_id: UUID, caller: CallerNow) -> Success[TaskView]:
    """Let a task rest: at once if it waits, else within seconds."""
    await background.pause_task(caller.resources, caller.user_id, task_id)
    return await view_task(caller, task_id)


@router.post("/{task_id}/resume", operation_id="resume_task", responses=documented(404, 409))
async def resume_task(task_id: UUID, caller: CallerNow) -> Success[TaskView]:
    """Let a paused task go on where it was."""
    await background.resume_task(caller.resources, caller.user_id, task_id)
    return await view_task(caller, task_id)


@router.post("/{task_id}/run-again", operation_id="run_task_again", status_code=201,
             responses=documented(404, 409))  # fmt: skip
async def run_again(task_id: UUID, caller: CallerNow) -> Success[TaskView]:
    """The same once more, as a new task; answers with that one."""
    started = await spend_message(
        caller, lambda: background.run_again(caller.resources, caller.user_id, task_id)
    )
    return await view_task(caller, started.task_id)


@router.get("/{task_id}/result", operation_id="get_task_result", response_model=Success[Result],
            responses=documented(404, 409))  # fmt: skip
async def read_result(
    task_id: UUID, caller: CallerNow, download: bool = False
) -> Success[Result] | Response:
    """What a task brought; with `download`, as a Markdown file."""
    async with caller.transaction() as session:
        task = await tasks.get_task(session, caller.user_id, task_id)
        steps = await list_task_steps(session, task_id)
    answer = next((s for s in steps if s.kind is StepKind.ASSISTANT_MESSAGE), None)
    if answer is None:
        raise Conflict("This task has no result yet.")
    if download:
        return Response(
            f"# {task.name or 'Keiko'}\n\n{answer.output}\n",
            media_type="text/markdown; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="task-{task_id}.md"'},
        )
    return Success(
        data=Result(
            task_id=task_id,
            text=answer.output,
            is_error=answer.is_error,
            created_at=answer.created_at,
        )
    )


@router.get("/{task_id}/changes", operation_id="list_task_changes", responses=documented(404))
async def read_changes(task_id: UUID, caller: CallerNow) -> Success[list[Change]]:
    """Everything that happened to a task, oldest first."""
    async with caller.transaction() as session:
        task = await tasks.get_task(session, caller.user_id, task_id)
        changes = await listing.list_changes(session, task)
    return Success(data=[Change.model_validate(change) for change in changes])
