"""Streamable HTTP without a session: each request is answered by itself, by any web process.

MCP 2025-11-25, transports. The answer is JSON; a server that tells something meanwhile streams.
"""

from typing import Any

import anyio
from anyio.abc import TaskStatus
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import StreamableHTTPServerTransport
from starlette.types import Message, Receive, Scope, Send


async def answer_once(
    server: Server[Any, Any], scope: Scope, body: bytes, send: Send, *, streams: bool = False
) -> None:
    """Have `server` answer one request, whose body was read before."""
    transport = StreamableHTTPServerTransport(
        mcp_session_id=None, is_json_response_enabled=not streams
    )

    async def run(*, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        async with transport.connect() as (incoming, outgoing):
            task_status.started()
            options = server.create_initialization_options()
            await server.run(incoming, outgoing, options, stateless=True)

    async with anyio.create_task_group() as tasks:
        await tasks.start(run)
        try:
            await transport.handle_request(scope, _again(body), send)
        finally:
            with anyio.CancelScope(shield=True):
                await transport.terminate()
            tasks.cancel_scope.cancel()


def _again(body: bytes) -> Receive:
    """A `receive` that gives a body that was read before, and then waits for ever."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await anyio.sleep_forever()
        raise AssertionError

    return receive
