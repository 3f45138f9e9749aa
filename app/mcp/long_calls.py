"""Calls that a server carries out as a task of its own: begun, followed, fetched.

MCP 2025-11-25, tasks. Later revisions make an extension of them, and the SDK drops them in its
version 2: all that is known of them stands here.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine

import anyio
from mcp import ClientSession, McpError, types

from app.mcp.asking import UnderWay
from app.mcp.contact import Progress

_KEPT_SECONDS = 300.0
"""How long a server is to keep the outcome, beyond the time that the call may take."""

LONGEST_SECONDS = 3600.0
"""How long a server may take for a task."""

_SHORTEST_LOOK, _LONGEST_LOOK = 0.5, 10.0
_TELL_SECONDS = 2.0

Later = Callable[[Coroutine[None, None, None]], None]
"""Has something done that nobody waits for."""


def is_long(tool: types.Tool) -> bool:
    """Whether a tool can be called as a task only."""
    return tool.execution is not None and tool.execution.taskSupport == types.TASK_REQUIRED


async def call_long(
    sent: UnderWay,
    call: types.CallToolRequestParams,
    seconds: float,
    *,
    progress: Progress | None,
    later: Later,
) -> types.CallToolResult:
    """Have a tool called as a task, and wait for its outcome; given up, the task is cancelled."""
    session = sent.session
    call.task = types.TaskMetadata(ttl=int((seconds + _KEPT_SECONDS) * 1000))
    begun = await session.send_request(
        types.ClientRequest(types.CallToolRequest(params=call)), types.CreateTaskResult
    )
    task = begun.task
    following = asyncio.create_task(_follow(session, task, progress))
    try:
        sent.number = session._request_id  # what the server asks now comes with this request
        wanted = types.GetTaskPayloadRequestParams(taskId=task.taskId)
        return await session.send_request(
            types.ClientRequest(types.GetTaskPayloadRequest(params=wanted)), types.CallToolResult
        )
    except asyncio.CancelledError:
        later(_cancel(session, task.taskId))
        raise
    finally:
        following.cancel()


async def _follow(session: ClientSession, task: types.Task, progress: Progress | None) -> None:
    """Say in words how far a task is, as often as its server wants to be asked."""
    said, wanted = None, types.GetTaskRequestParams(taskId=task.taskId)
    pause = min(max((task.pollInterval or 1000) / 1000, _SHORTEST_LOOK), _LONGEST_LOOK)
    with contextlib.suppress(McpError, anyio.ClosedResourceError, anyio.BrokenResourceError):
        for step in range(1, 1_000_000):
            found = await session.send_request(
                types.ClientRequest(types.GetTaskRequest(params=wanted)), types.GetTaskResult
            )
            if progress is not None and found.statusMessage not in (None, said):
                said = found.statusMessage
                await progress(step, None, said)
            await asyncio.sleep(pause)


async def _cancel(session: ClientSession, task_id: str) -> None:
    with contextlib.suppress(
        TimeoutError, McpError, anyio.ClosedResourceError, anyio.BrokenResourceError
    ):
        async with asyncio.timeout(_TELL_SECONDS):
            wanted = types.CancelTaskRequestParams(taskId=task_id)
            await session.send_request(
                types.ClientRequest(types.CancelTaskRequest(params=wanted)), types.CancelTaskResult
            )
