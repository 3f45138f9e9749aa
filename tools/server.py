"""The server object and the table of its tools."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp.server.fastmcp import FastMCP
from mcp.types import ToolAnnotations

from app.core.resources import Resources
from tools.calculator import calculator
from tools.clock import clock
from tools.files import read_result
from tools.memory import forget, recall, remember
from tools.schedules import change_schedule, list_schedules, remind, schedule
from tools.tasks import cancel_task, list_tasks, report_progress, start_task

ANYWHERE = (clock, calculator)
"""Tools that only look, at nothing of anybody's: any MCP client may have them."""

LOOKING = (list_tasks, list_schedules, read_result, recall)
"""Tools that look at what a user has: called again whenever their answer was lost."""

ONCE = (start_task, report_progress, schedule, remind, remember)
"""Tools that change something, and nothing more however often the same call is made."""

ENDING = (cancel_task, change_schedule, forget)
"""The same, of those that end something."""

_LOOKS = ToolAnnotations(readOnlyHint=True, openWorldHint=False)
_ONCE = ToolAnnotations(
    readOnlyHint=False, destructiveHint=False, idempotentHint=True, openWorldHint=False
)
_ENDS = _ONCE.model_copy(update={"destructiveHint": True})


def build_server(resources: Resources | None = None) -> FastMCP[Resources | None]:
    """A new server with every built-in tool; without `resources`, those that need none.

    Configure the logs first: FastMCP touches them too.
    """

    @asynccontextmanager
    async def lifespan(_: FastMCP[Resources | None]) -> AsyncIterator[Resources | None]:
        yield resources

    server = FastMCP("keiko", log_level="WARNING", lifespan=lifespan)
    for tool in ANYWHERE:
        server.add_tool(tool, annotations=_LOOKS)
    if resources is None:
        return server
    for table, annotations in ((LOOKING, _LOOKS), (ONCE, _ONCE), (ENDING, _ENDS)):
        for each in table:
            server.add_tool(each, annotations=annotations)
    return server
