"""What the tests of the executor do: make calls, and be killed in them."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.core.resources import Resources
from app.mcp.calls import ToolCall
from app.mcp.executor import execute
from app.mcp.models import ToolExecution
from app.mcp.sessions import ToolServers
from app.tasks.models import Task
from tests.fakes.tools import until


def append(task: Task, file: Path, text: str = "done", delay: float = 0) -> ToolCall:
    arguments = {"path": str(file), "text": text, "delay_seconds": delay}
    return call_of(task, "append_line", arguments)


def call_of(task: Task, name: str, arguments: dict[str, object], id: str = "call-1") -> ToolCall:
    return ToolCall(task_id=task.id, fence=1, tool_call_id=id, name=name, arguments=arguments)


async def claim_again(resources: Resources, call: ToolCall) -> ToolCall:
    """What another worker, which claims the task, would call."""
    async with resources.db.transaction() as session:
        fence = await session.scalar(
            update(Task)
            .where(Task.id == call.task_id)
            .values(fence=Task.fence + 1)
            .returning(Task.fence)
        )
    assert fence is not None
    return replace(call, fence=fence)


async def interrupted(resources: Resources, call: ToolCall, tool_servers: ToolServers) -> None:
    """A worker that dies between the call and its answer."""
    running = asyncio.create_task(execute(resources, call, tool_servers))
    path = Path(str(call.arguments["path"]))
    await until(lambda: bool(lines(path)))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


async def row(resources: Resources) -> ToolExecution:
    async with resources.db.transaction() as session:
        return (await session.scalars(select(ToolExecution))).one()
