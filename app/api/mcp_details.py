"""/mcp: what a server offers, what it wrote into its log, and what was done with its tools."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.deps import CallerNow, Storable, may
from app.api.errors import documented
from app.api.mcp import ONE, After
from app.api.mcp_bodies import ExecutionPage, ExecutionView
from app.core.db import JSON
from app.core.envelope import Success
from app.events.access import OthersDataSeen
from app.events.store import record
from app.mcp.discovery import restored
from app.mcp.executions import Wanted, list_executions
from app.mcp.listing import get_server
from app.mcp.models import Decision, ExecutionStatus
from app.mcp.policy import Rule, decide, find_rules
from app.mcp.registry import lock_to_operate
from app.mcp.sayings import Line, read_lines
from app.mcp.tools import name_tools
from app.users.permissions import Permission

router = APIRouter(prefix="/mcp", tags=["mcp"], dependencies=[may(Permission.SERVERS_READ)])


class ToolView(BaseModel):
    """A tool as its server describes it; `decision` is what becomes of a call of yours."""

    name: str
    description: str
    read_only: bool
    destructive: bool
    decision: Decision
    input_schema: JSON


@router.get(f"{ONE}/tools", operation_id="list_mcp_server_tools", responses=documented(404))
async def list_tools(server_id: UUID, caller: CallerNow) -> Success[list[ToolView]]:
    """The tools that a server offered last, with their input and what your rules say of them."""
    async with caller.transaction() as session:
        server = await get_server(session, caller.user_id, server_id)
        rules = await find_rules(session, caller.user_id, None)
    general = caller.resources.settings.tool_rules
    rules = [*(Rule(rule.pattern, Decision(rule.decision)) for rule in general), *rules]
    tools = name_tools([(server.name, server.id, restored(server.tools))])
    return Success(
        data=[
            ToolView(
                name=tool.remote_name,
                description=tool.description,
                read_only=tool.read_only,
                destructive=tool.destructive,
                decision=decide(tool, rules).decision,
                input_schema=tool.input_schema,
            )
            for tool in tools
        ]
    )


@router.get(f"{ONE}/log", operation_id="read_mcp_server_log", responses=documented(403, 404))
async def read_log(server_id: UUID, caller: CallerNow) -> Success[list[Line]]:
    """What a server that you may change wrote into its log last, latest first; kept for a day."""
    async with caller.transaction() as session:
        server = await lock_to_operate(session, caller.user_id, server_id)
        if server.user_id is None:
            caller.signed_in.require(Permission.SERVERS_OPERATE)
            record(session, OthersDataSeen(subject_id=server_id, what="a shared server's log"))
    return Success(data=await read_lines(caller.resources.redis, server_id))


@router.get("/executions", operation_id="list_mcp_executions")
async def list_own_executions(
    caller: CallerNow,
    server_id: UUID | None = None,
    tool: Annotated[Storable | None, Query(max_length=200)] = None,
    status: ExecutionStatus | None = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Success[ExecutionPage]:
    """What your tasks did with tools, latest first."""
    wanted = Wanted(server_id=server_id, tool=tool, status=status)
    async with caller.transaction() as session:
        page = await list_executions(session, caller.user_id, wanted, after=after, limit=limit)
    items = [ExecutionView.model_validate(row) for row in page.items]
    return Success(data=ExecutionPage(items=items, next_cursor=page.next_cursor))
