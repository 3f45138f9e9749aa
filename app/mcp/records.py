"""The record of tool calls: intent before, outcome after, each only while the lease holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Exists,
    ScalarSelect,
    and_,
    column,
    exists,
    literal,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from app.core.clock import derived_id, new_id, now
from app.core.errors import Conflict, LeaseLost
from app.core.sealed_types import place
from app.events.store import record_all
from app.events.types import ToolExecuted
from app.mcp.calls import Settlement, ToolCall, UnknownOutcome
from app.mcp.models import ExecutionStatus, McpServer, ToolExecution
from app.mcp.sessions import RemoteTool, ToolOutcome
from app.mcp.storable import storable

_tasks = table("tasks", column("id"), column("fence"), column("status"), column("user_id"))


async def begin_call(
    session: AsyncSession,
    id: UUID,
    call: ToolCall,
    tool: RemoteTool | None,
    settled: Sequence[Settlement],
) -> ToolExecution:
    """The row of a call: finished, or started by this run, which is then the one to call.

    Raises UnknownOutcome when a person has to say what became of it.
    """
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


async def refuse_call(
    session: AsyncSession, call: ToolCall, tool: RemoteTool | None, sentence: str
) -> None:
    """Write that a call is not made, or not made again."""
    end = {"status": ExecutionStatus.FAILED, "output": sentence, "completed_at": now()}
    await session.execute(_intent(new_id(), call, tool, **end))
    allowed = await session.scalar(
        select(ToolExecution)
        .where(
            ToolExecution.task_id == call.task_id,
            ToolExecution.tool_call_id == call.tool_call_id,
            ToolExecution.status == ExecutionStatus.ALLOWED,
            _holds(call.task_id, call.fence),
        )
        .with_for_update(of=ToolExecution)
    )
    if allowed is not None:
        for name, value in end.items():
            setattr(allowed, name, value)


async def release_call(session: AsyncSession, call: ToolCall) -> None:
    """Write that a call waits for a person: whatever happens, it may be made again."""
    await _mark(session, call, ExecutionStatus.ALLOWED)


async def resume_call(session: AsyncSession, call: ToolCall) -> None:
    """Write that a call goes on with a person's answer: what it does now is done."""
    await _mark(session, call, ExecutionStatus.STARTED)


async def _mark(session: AsyncSession, call: ToolCall, status: ExecutionStatus) -> None:
    await session.execute(
        update(ToolExecution)
        .where(
            ToolExecution.task_id == call.task_id,
            ToolExecution.tool_call_id == call.tool_call_id,
            ToolExecution.fence == call.fence,
            ToolExecution.status.in_((ExecutionStatus.STARTED, ExecutionStatus.ALLOWED)),
        )
        .values(status=status)
    )


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
        "more": {},
        **end,
    }
    columns = ToolExecution.__table__.c
    sealed = place(ToolExecution, values)
    row = select(
        *(literal(value, columns[name].type) for name, value in sealed.items()),
        _still_there(tool.server_id if tool else None),
        _tasks.c.user_id,
    )
    return (
        insert(ToolExecution)
        .from_select([*values, "server_id", "user_id"], row.where(_held(call.task_id, call.fence)))
        .on_conflict_do_nothing(index_elements=["task_id", "tool_call_id"])
    )


def _still_there(server_id: UUID | None) -> ScalarSelect[UUID]:
    """A server's id, unless it was removed meanwhile."""
    return select(McpServer.id).where(McpServer.id == server_id).scalar_subquery()


def _holds(task_id: UUID, fence: int) -> Exists:
    return exists().where(_held(task_id, fence))


def _held(task_id: UUID, fence: int) -> ColumnElement[bool]:
    return and_(_tasks.c.id == task_id, _tasks.c.fence == fence, _tasks.c.status == "running")


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


async def finish_call(session: AsyncSession, id: UUID, fence: int, outcome: ToolOutcome) -> None:
    """Write what came of a call. Raises LeaseLost when the task is another run's now."""
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
            completed_at=at,
            milliseconds=outcome.milliseconds,
            size=outcome.size,
            **place(ToolExecution, {"output": outcome.text, "more": outcome.more}, id),
        )
        .returning(
            ToolExecution.task_id,
            ToolExecution.server,
            ToolExecution.tool,
            _tasks.c.user_id,
        )
        .execution_options(synchronize_session=False)
    )
