"""What was approved is one tool as it described itself: another of its name is not called."""

from dataclasses import replace
from pathlib import Path

from app.core.resources import Resources
from app.mcp.executor import execute
from app.mcp.policy import mark_of
from app.mcp.sessions import ToolServers
from app.tasks.models import Task
from tests.mcp.calls import append, lines


async def test_a_tool_that_changed_after_its_approval_is_not_called(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    call = replace(append(task, file), approved="as it was described before")
    outcome = await execute(resources, call, tool_servers)
    assert outcome.failed
    assert "has changed" in outcome.text
    assert lines(file) == []


async def test_a_tool_that_is_as_it_was_approved_is_called(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    tool = tool_servers.find_tool("append_line")
    assert tool is not None
    call = replace(append(task, file), approved=mark_of(tool))
    assert not (await execute(resources, call, tool_servers)).failed
    assert lines(file) == ["done"]
