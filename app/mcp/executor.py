"""Tool calls that happen once: intent in `tool_executions`, then the call, then the outcome.

A finished call is never repeated. One whose end nobody saw is called again if it only reads, or if
its tool does nothing twice; otherwise a person is asked, and each answer counts once.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id
from app.core.db import JSON, persist
from app.core.errors import Conflict, Unavailable
from app.core.resources import Resources
from app.mcp.calls import AnswerNeeded, Settlement, ToolCall, UnknownOutcome
from app.mcp.contact import ALONE, Contact
from app.mcp.keeping import Cut, Keeping
from app.mcp.models import ExecutionStatus, ToolExecution
from app.mcp.oauth.needed import SignInNeeded
from app.mcp.offered import Tools
from app.mcp.policy import mark_of
from app.mcp.records import begin_call, finish_call, refuse_call, release_call
from app.mcp.schema import complaint
from app.mcp.server import NoAnswer, ServerStopped
from app.mcp.sessions import RemoteTool, ToolOutcome


async def execute(
    resources: Resources,
    call: ToolCall,
    servers: Tools,
    *,
    settled: Sequence[Settlement] = (),
    contact: Contact = ALONE,
    keeping: Keeping | None = None,
) -> ToolOutcome:
    """Make a call, or give back what came of it before.

    `settled` says what became of earlier tries, oldest first; `keeping` keeps what is more than
    text. Raises AnswerNeeded when a person has to do something, LeaseLost when the task is another
    run's now.
    """
    tool = servers.find_tool(call.name, call.user_id)
    id = new_id()

    async def begin(session: AsyncSession) -> ToolExecution:
        return await begin_call(session, id, call, tool, settled)

    try:
        execution = await persist(resources.db, begin)
    except Conflict as refusal:
        return ToolOutcome(str(refusal), failed=True)
    if execution.status is not ExecutionStatus.STARTED:
        return _recorded(execution)
    began = time.monotonic()
    try:
        outcome = await _call(
            resources,
            call,
            servers,
            tool,
            read_only=execution.read_only,
            contact=contact,
        )
    except UnknownOutcome:
        raise
    except AnswerNeeded:
        await persist(resources.db, lambda session: release_call(session, call))
        raise
    outcome = replace(outcome, milliseconds=round((time.monotonic() - began) * 1000))
    return await _finish(resources, call, execution.id, outcome, keeping or Cut())


async def _finish(
    resources: Resources, call: ToolCall, id: UUID, outcome: ToolOutcome, keeping: Keeping
) -> ToolOutcome:
    """The outcome as it is on record now, together with what it brought."""
    kept = await keeping.keep(call, id, outcome)

    async def finish(session: AsyncSession) -> None:
        await finish_call(session, id, call.fence, kept)
        await keeping.record(session, call, kept)

    await persist(resources.db, finish)
    return kept


def _recorded(execution: ToolExecution) -> ToolOutcome:
    failed = execution.status is ExecutionStatus.FAILED
    return ToolOutcome(execution.output or "", failed=failed, more=execution.more)


async def refuse(
    resources: Resources, call: ToolCall, servers: Tools, sentence: str
) -> ToolOutcome:
    """Put a call on record that is not made, because a person or a rule forbids it."""
    tool = servers.find_tool(call.name, call.user_id)
    await persist(resources.db, lambda session: refuse_call(session, call, tool, sentence))
    return ToolOutcome(sentence, failed=True)


async def _call(
    resources: Resources,
    call: ToolCall,
    servers: Tools,
    tool: RemoteTool | None,
    *,
    read_only: bool,
    contact: Contact,
) -> ToolOutcome:
    if tool is not None and (wrong := complaint(tool.input_schema, call.arguments)):
        return ToolOutcome(f"“{call.name}” was not called. {wrong}", failed=True)
    repeatable = tool is not None and tool.repeatable
    again = (NoAnswer,) if repeatable else (ServerStopped,) if read_only else ()
    try:
        outcome = await _answer(resources, call, servers, again=again, contact=contact)
    except NoAnswer as error:
        if not read_only:
            raise UnknownOutcome(call) from error
        outcome = ToolOutcome(str(error), failed=True)
    except SignInNeeded as needed:
        provider = servers.provider_of(tool.server_id, call.user_id) if tool else None
        raise _sign_in(call, tool, needed, provider) from needed
    except Unavailable as error:
        outcome = ToolOutcome(str(error), failed=True)
    return outcome


def _sign_in(
    call: ToolCall, tool: RemoteTool | None, needed: SignInNeeded, provider: str | None
) -> AnswerNeeded:
    """The user has to sign in before the call can be made; it surely was not."""
    content: JSON = {
        "kind": "sign_in",
        "tool_call_id": call.tool_call_id,
        "tool": tool.remote_name if tool else call.name,
        "server": tool.server if tool else "",
        "server_id": str(tool.server_id) if tool else None,
        "scopes": needed.scopes,
        "provider": provider,
        "arguments": call.arguments,
    }
    return AnswerNeeded("Its user has to sign in to the server first.", content)


async def _answer(
    resources: Resources,
    call: ToolCall,
    servers: Tools,
    *,
    again: tuple[type[NoAnswer], ...],
    contact: Contact,
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
            contact=contact,
        )

    try:
        return await once()
    except again:
        return await once()
