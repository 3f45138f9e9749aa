"""How a session with a server is opened: in this process, or with a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.client.session import MessageHandlerFnT
from mcp.server.fastmcp import FastMCP
from mcp.shared.memory import create_connected_server_and_client_session

from app.core.settings import ToolServerSettings, foreign_environment

OPEN_SECONDS = 60.0
"""A server may have to download itself before it answers for the first time."""

Connect = Callable[[MessageHandlerFnT], AbstractAsyncContextManager[ClientSession]]
"""Opens a session, ready for use, that gives the server's own messages to a handler."""


def in_memory(server: FastMCP[Any]) -> Connect:
    """A real session with a server object of this process."""

    def connect(hear: MessageHandlerFnT) -> AbstractAsyncContextManager[ClientSession]:
        return create_connected_server_and_client_session(server, message_handler=hear)

    return connect


def over_stdio(server: ToolServerSettings) -> Connect:
    """Starts the server; it lives as long as its session and knows no secret of ours."""

    @asynccontextmanager
    async def connect(hear: MessageHandlerFnT) -> AsyncIterator[ClientSession]:
        parameters = StdioServerParameters(
            command=server.command, args=server.args, env=foreign_environment(**server.env)
        )
        async with (
            stdio_client(parameters) as (read, write),
            ClientSession(read, write, message_handler=hear) as session,
        ):
            async with asyncio.timeout(OPEN_SECONDS):
                await session.initialize()
            yield session

    return connect
