"""Tool calls that happen once: intent in `tool_executions`, then the call, then the outcome.

A finished call is never repeated. One whose end nobody saw is called again if it only reads, or if
its tool does nothing twice; otherwise a person is asked, and each answer counts once.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Exists, ScalarSelect, column, exists, literal, select, table, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from app.core.clock import derived_id, new_id, now
from app.core.db import persist
from app.core.errors import Conflict, LeaseLost, Unavailable
from app.core.resources import Resources
from app.events.store import record_all
from app.events.types import ToolExecuted
from app.mcp.calls import Settlement, ToolCall, UnknownOutcome
from app.mcp.models import ExecutionStatus, McpServer, ToolExecution
from app.mcp.policy import mark_of
from app.mcp.schema import complaint
from app.mcp.server import NoAnswer, ServerStopped
from app.mcp.sessions import Progress, RemoteTool, ToolOutcome, ToolServers
from app.mcp.storable import storable

LONGEST_OUTPUT = 100_000
"""Characters of a tool's answer that are kept; more would fill a model's context."""

_tasks = table("tasks", column("id"), column("fence"), column("status"), column("user_id"))


async def execute(
    resources: Resources,
    call: ToolCall,
    servers: ToolServers,
    *,
    settled: Sequence[Settlement] = (),
    progress: Progress | None = None,
) -> ToolOutcome:
    """Make a call, or give back what came of it before.

    `settled` are all answers to questions about this call so far, oldest first. Raises
    UnknownOutcome when another answer is needed, LeaseLost when the task is another run's now.
    """
    tool = servers.find_tool(call.name, call.user_id)
    id = new_id()

    async def begin(session: AsyncSession) -> ToolExecution:
        return await _begin(session, id, call, tool, settled)

    try:
        execution = await persist(resources.db, begin)
    except Conflict as refusal:
        return ToolOutcome(str(refusal), failed=True)
    if execution.status is not ExecutionStatus.STARTED:
        return ToolOutcome(
            execution.output or "", failed=execution.status is ExecutionStatus.FAILED
        )
    began = time.monotonic()
    outcome = await _call(
        resources, call, servers, tool, read_only=execution.read_only, progress=progress
    )
    outcome = replace(outcome, milliseconds=round((time.monotonic() - began) * 1000))
    await persist(resources.db, lambda session: _finish(session, execution.id, call.fence, outcome))
    return outcome


async def refuse(
    resources: Resources, call: ToolCall, servers: ToolServers, sentence: str
) -> ToolOutcome:
    """Put a call on record that is not made, because a person or a rule forbids it."""
    end = {"status": ExecutionStatus.FAILED, "output": sentence, "completed_at": now()}
    row = _intent(new_id(), call, servers.find_tool(call.name, call.user_id), **end)
    await persist(resources.db, lambda session: session.execute(row))
    return ToolOutcome(sentence, failed=True)


async def _begin(
    session: AsyncSession,
    id: UUID,
    call: ToolCall,
    tool: RemoteTool | None,
    settled: Sequence[Settlement],
) -> ToolExecution:
    """The row of a call: finished, or started by this run, which is then the one to call."""
    await session.execute(_intent(id, call, tool))
    row = await session.scalar(
        select(ToolExecution)
        .where(
            ToolExecution.task_id == call.task_id,
            ToolExecution.tool_call_id == call.tool_call_id,
            _holds(call.task_id, call.fence),
        )
        .with_for_update(of=ToolExecution)
    )
    if row is None:
        raise LeaseLost("Another worker runs this task now.")
    if row.id == id:
        return row
    if row.tool != call.name or row.arguments != storable(call.arguments):
        raise Conflict("This call has the id of an earlier, different one. Call the tool again.")
    for answer in settled[row.answers :]:
        _settle(row, answer)
    repeatable = row.read_only or (tool is not None and tool.repeatable)
    if row.status is ExecutionStatus.STARTED and not repeatable:
        raise UnknownOutcome(call)
    if row.status in (ExecutionStatus.STARTED, ExecutionStatus.ALLOWED):
        row.status, row.fence = ExecutionStatus.STARTED, call.fence
    return row


def _intent(id: UUID, call: ToolCall, tool: RemoteTool | None, **end: object) -> Insert:
    """Writes the row of a new call, if the lease holds and there is none yet."""
    values: dict[str, Any] = {
        "id": id,
        "created_at": now(),
        "task_id": call.task_id,
        "tool_call_id": call.tool_call_id,
        "server": tool.server if tool else "",
        "tool": call.name,
        "arguments": storable(call.arguments),
        "read_only": tool is not None and tool.read_only,
        "status": ExecutionStatus.STARTED,
        "fence": call.fence,
        "answers": 0,
        **end,
    }
    columns = ToolExecution.__table__.c
    row = select(
        *(literal(value, columns[name].type) for name, value in values.items()),
        _still_there(tool.server_id if tool else None),
    )
    return (
        insert(ToolExecution)
        .from_select([*values, "server_id"], row.where(_holds(call.task_id, call.fence)))
        .on_conflict_do_nothing(index_elements=["task_id", "tool_call_id"])
    )


def _still_there(server_id: UUID | None) -> ScalarSelect[UUID]:
    """A server's id, unless it was removed meanwhile."""
    return select(McpServer.id).where(McpServer.id == server_id).scalar_subquery()


def _holds(task_id: UUID, fence: int) -> Exists:
    return exists().where(
        _tasks.c.id == task_id, _tasks.c.fence == fence, _tasks.c.status == "running"
    )


def _settle(row: ToolExecution, answer: Settlement) -> None:
    row.answers += 1
    match answer:
        case Settlement.REPEAT:
            row.status = ExecutionStatus.ALLOWED
            return
        case Settlement.HAPPENED:
            row.status = ExecutionStatus.COMPLETED
            row.output = "The user says that this was carried out. Its result is not known."
        case Settlement.SKIP:
            row.status = ExecutionStatus.FAILED
            row.output = "The user does not want this to be tried again. Whether it was carried out"
            row.output += " before is not known."
    row.completed_at = now()


async def _call(
    resources: Resources,
    call: ToolCall,
    servers: ToolServers,
    tool: RemoteTool | None,
    *,
    read_only: bool,
    progress: Progress | None,
) -> ToolOutcome:
    if tool is not None and (wrong := complaint(tool.input_schema, call.arguments)):
        return ToolOutcome(f"“{call.name}” was not called. {wrong}", failed=True)
    repeatable = tool is not None and tool.repeatable
    again = (NoAnswer,) if repeatable else (ServerStopped,) if read_only else ()
    try:
        outcome = await _answer(resources, call, servers, again=again, progress=progress)
    except NoAnswer as error:
        if not read_only:
            raise UnknownOutcome(call) from error
        outcome = ToolOutcome(str(error), failed=True)
    except Unavailable as error:
        outcome = ToolOutcome(str(error), failed=True)
    text = storable(outcome.text)
    return replace(outcome, text=_shortened(text), size=len(text.encode()))


async def _answer(
    resources: Resources,
    call: ToolCall,
    servers: ToolServers,
    *,
    again: tuple[type[NoAnswer], ...],
    progress: Progress | None,
) -> ToolOutcome:
    """One call; a second one if the first met what `again` names."""

    async def once() -> ToolOutcome:
        tool = servers.find_tool(call.name, call.user_id)
        if tool is not None and call.approved not in (None, mark_of(tool)):
            return ToolOutcome(f"“{call.name}” has changed; it was not called.", failed=True)
        seconds = resources.settings.tool_timeout_seconds
        return await servers.call(
            call.name,
            call.arguments,
            timeout=seconds,
            caller=call.caller,
            user_id=call.user_id,
            progress=progress,
        )

    try:
        return await once()
    except again:
        return await once()


async def _finish(session: AsyncSession, id: UUID, fence: int, outcome: ToolOutcome) -> None:
    status = ExecutionStatus.FAILED if outcome.failed else ExecutionStatus.COMPLETED
    at = now()
    written = (await session.execute(_finished(id, fence, status, outcome, at))).one_or_none()
    if written is None:
        raise LeaseLost("Another worker runs this task now.")
    event = ToolExecuted(
        event_id=derived_id(id, f"executed:{fence}"),
        user_id=written.user_id,
        subject_id=written.task_id,
        causation_id=written.task_id,
        task_id=written.task_id,
        server=written.server,
        tool=written.tool,
        milliseconds=outcome.milliseconds,
        success=not outcome.failed,
    )
    await record_all(session, [event])


def _finished(
    id: UUID, fence: int, status: ExecutionStatus, outcome: ToolOutcome, at: datetime
) -> ReturningUpdate[Any]:
    """Writes the end of a call, if the lease holds."""
    return (
        update(ToolExecution)
        .where(
            ToolExecution.id == id,
            ToolExecution.fence == fence,
            ToolExecution.task_id == _tasks.c.id,
            _tasks.c.fence == fence,
            _tasks.c.status == "running",
        )
        .values(
            status=status,
            output=outcome.text,
            completed_at=at,
            milliseconds=outcome.milliseconds,
            size=outcome.size,
        )
        .returning(
            ToolExecution.task_id,
            ToolExecution.server,
            ToolExecution.tool,
            _tasks.c.user_id,
        )
        .execution_options(synchronize_session=False)
    )


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_OUTPUT:
        return text
    return f"{text[:LONGEST_OUTPUT]}\n[Cut here: the tool answered {len(text):,} characters.]"
