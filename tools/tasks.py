"""Background tasks, as a model handles them for its user: begin, look, end, tell how far.

Every call may be made again after a crash: what it makes is named by the call itself.
"""

import contextlib
from typing import Annotated, Literal
from uuid import UUID

from mcp.types import CallToolResult
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import persist
from app.core.errors import NotFound
from app.tasks.listing import TaskFilter, TaskState
from app.tasks.listing import list_tasks as read_tasks
from app.tasks.models import Task, TaskPriority
from app.tasks.rest import note_progress
from app.tasks.service import get_task, list_open_tasks
from app.turns import background
from app.turns.service import stop_task
from tools.moments import find_moment, zone_of
from tools.runtime import Acting, Refused, act
from tools.sentences import link, moment_in, state_of

_MOST = 20
_OPEN = (TaskState.RUNNING, TaskState.WAITING, TaskState.SCHEDULED)


async def start_task(
    text: Annotated[
        str, Field(description="What to do, complete: whoever does it sees nothing else.")
    ],
    name: Annotated[str, Field(description="A short name for lists.", max_length=255)],
    priority: TaskPriority = TaskPriority.NORMAL,
    not_before: Annotated[
        str | None,
        Field(description="When to begin, if later: as “in 2 hours” or 2026-12-24T18:00."),
    ] = None,
) -> CallToolResult:
    """Have work done in the background, in a conversation of its own, while the user goes on.

    Use it for what takes minutes, or when the user asks for it. Do not use it for what you can
    answer now. The user is told when it is done; do not wait for it.
    """

    async def work(who: Acting) -> str:
        zone = await zone_of(who)
        begin = await find_moment(who, not_before, zone) if not_before else None
        background.check_future(begin)
        caller = who.caller
        request = background.TaskRequest(
            text=text,
            name=" ".join(name.split())[:255] or None,
            language=caller.language,
            model=caller.model,
            priority=priority,
            not_before=begin,
            parameters={"time_zone": zone.key},
            parent_id=caller.task_id,
            key=caller.key,
        )
        started = await background.start_task(who.resources, caller.user_id, request)
        task = link(request.name or text, f"/thread/{started.thread_id}")
        if begin is None:
            return who.say("started", task=task)
        return who.say("started_later", task=task, moment=moment_in(begin, zone, caller.language))

    return await act(work)


async def list_tasks(
    state: Annotated[
        Literal["open", "running", "waiting", "scheduled", "finished"],
        Field(description="Which ones; `open` are all that have not ended."),
    ] = "open",
) -> CallToolResult:
    """Tell which tasks the user has, how far they are and how they ended."""

    async def work(who: Acting) -> str:
        states = _OPEN if state == "open" else (TaskState(state),)
        found = [task for each in states for task in await _list(who, TaskFilter(state=each))]
        others = [task for task in found if task.id != who.caller.task_id][:_MOST]
        if not others:
            return who.say("nothing_open" if state != "finished" else "no_tasks")
        return who.say("tasks", lines=_lines(who, others))

    return await act(work)


async def cancel_task(
    task: Annotated[str, Field(description="Its id, the id of its conversation, or its name.")],
) -> CallToolResult:
    """End a task of the user's now. What it has done so far is kept."""

    async def work(who: Acting) -> str:
        wanted = await _find(who, task.strip())
        shown = _shown(who, wanted)
        if not wanted.is_open:
            return who.say("ended_before", task=shown)
        stopped = await stop_task(who.resources, who.caller.user_id, wanted.id)
        return who.say("cancelling" if stopped.is_open else "cancelled", task=shown)

    return await act(work)


async def report_progress(
    percent: Annotated[int, Field(ge=0, le=100)],
    step: Annotated[str, Field(description="What you do just now, in a few words.")] = "",
) -> CallToolResult:
    """Show the user how far this long task is. Use it between the steps of a background task."""

    async def work(who: Acting) -> str:
        async def write(session: AsyncSession) -> None:
            present = await get_task(session, who.caller.user_id, who.caller.task_id)
            await note_progress(session, present, progress=percent, step=step[:200] or None)

        await persist(who.resources.db, write)
        return who.say("progress", percent=percent)

    return await act(work)


async def _list(who: Acting, wanted: TaskFilter) -> list[Task]:
    async def read(session: AsyncSession) -> list[Task]:
        page = await read_tasks(session, who.caller.user_id, wanted, after=None, limit=_MOST)
        return page.items

    return await persist(who.resources.db, read)


async def _find(who: Acting, wanted: str) -> Task:
    """The task that is meant; also one that was stopped lately, for the call may be repeated."""
    if id := _as_id(wanted):
        return await _find_by_id(who, id)
    by_name = TaskFilter(search=wanted)
    found = [task for task in await _list(who, by_name) if task.id != who.caller.task_id]
    for group in ([t for t in found if t.is_open], [t for t in found if t.stop_requested_at]):
        exact = [t for t in group if (t.name or "").casefold() == wanted.casefold()]
        if len(matches := exact or group) == 1 or (matches and not matches[0].is_open):
            return matches[0]
        if matches:
            raise Refused(who.say("many", wanted=wanted, lines=_lines(who, matches)))
    raise Refused(who.say("no_task", wanted=wanted))


async def _find_by_id(who: Acting, id: UUID) -> Task:
    async def read(session: AsyncSession) -> Task | None:
        user_id = who.caller.user_id
        for task in await list_open_tasks(session, user_id, id):
            if task.in_background:
                return task
        with contextlib.suppress(NotFound):
            return await get_task(session, user_id, id)
        return None

    task = await persist(who.resources.db, read)
    if task is None or task.id == who.caller.task_id:
        raise Refused(who.say("no_task", wanted=id))
    return task


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _lines(who: Acting, tasks: list[Task]) -> str:
    return "\n".join(f"- {_line(who, task)}" for task in tasks)


def _line(who: Acting, task: Task) -> str:
    parts = [state_of(task.status.value, who.caller.language)]
    if task.is_open and task.progress is not None:
        parts.append(f"{task.progress} %")
    if task.is_open and task.step:
        parts.append(task.step)
    return f"{_shown(who, task)}: {', '.join(parts)}"


def _shown(who: Acting, task: Task) -> str:
    name = task.name or who.say("chat_answer")
    return link(name, f"/thread/{task.thread_id}") if task.thread_id else f"**{name}**"
