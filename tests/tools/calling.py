"""Calls of built-in tools on behalf of somebody, as the worker makes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from mcp import ClientSession
from mcp.shared.memory import create_connected_server_and_client_session
from mcp.types import TextContent

from app.core.resources import Resources
from app.mcp.caller import Caller
from app.tasks.models import Task, TaskStatus
from tools.server import build_server


@dataclass
class Assistant:
    """Somebody's running turn, in which tools are called; each call has an id of its own."""

    resources: Resources
    task: Task
    language: str = "en"
    time_zone: str | None = "Europe/Berlin"
    failed: bool = field(default=False, init=False)

    async def call(self, tool: str, /, *, id: str | None = None, **arguments: object) -> str:
        """What the tool answers; `failed` tells whether it refused."""
        caller = Caller(
            user_id=self.task.user_id,
            task_id=self.task.id,
            tool_call_id=id or str(uuid4()),
            language=self.language,
            time_zone=self.time_zone,
        )
        async with open_tools(self.resources) as session:
            result = await session.call_tool(tool, dict(arguments), meta=caller.as_meta())
        self.failed = bool(result.isError)
        [block] = result.content
        assert isinstance(block, TextContent)
        return block.text


@asynccontextmanager
async def open_tools(resources: Resources | None) -> AsyncIterator[ClientSession]:
    """A session with the built-in server."""
    async with create_connected_server_and_client_session(build_server(resources)) as session:
        yield session


async def running_task(resources: Resources, user_id: UUID, **more: object) -> Task:
    """A turn of that user's which is under way."""
    async with resources.db.transaction() as session:
        task = Task(user_id=user_id, status=TaskStatus.RUNNING, fence=1, **more)
        session.add(task)
    return task
