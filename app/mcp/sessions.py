"""The sessions of one worker with all MCP servers: its own one and those of the operator."""

import asyncio
import contextlib
from collections.abc import Hashable
from typing import Any
from uuid import UUID

from mcp.server.fastmcp import FastMCP

from app.core.db import JSON
from app.core.errors import Unavailable
from app.core.settings import Settings
from app.mcp.caller import Caller
from app.mcp.results import ToolOutcome
from app.mcp.server import NoAnswer, Server
from app.mcp.tools import BUILT_IN, RemoteTool, name_tools
from app.mcp.transports import Connect, in_memory, over_stdio

__all__ = ["BUILT_IN", "NoAnswer", "RemoteTool", "ToolOutcome", "ToolServers"]

GRACE_SECONDS = 2.0
"""How long a worker's start waits for the operator's servers; later ones join when they come."""


class ToolServers:
    """All servers of one worker, opened once. `built_in` is the server object of `tools/`.

    A user is given the shared servers and their own, and nobody else's.
    """

    def __init__(self, settings: Settings, built_in: FastMCP[Any]) -> None:
        self._version = 0
        self._tools: dict[str, RemoteTool] = {}
        self._servers: dict[str, Server] = {}
        self._add(BUILT_IN, in_memory(built_in))
        for server in settings.tool_servers:
            self._add(server.name, over_stdio(server))

    async def start(self) -> None:
        """Open all sessions. Waits for the built-in server, and a moment for the others."""
        for server in self._servers.values():
            server.start()
        await self._servers[BUILT_IN].opened()
        others = [server.opened() for name, server in self._servers.items() if name != BUILT_IN]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await asyncio.gather(*others)

    async def stop(self) -> None:
        """Close all sessions and end all processes of servers."""
        await asyncio.gather(*(server.stop() for server in self._servers.values()))

    def list_tools(self, user_id: UUID | None = None) -> list[RemoteTool]:
        """Every tool that a user's servers have offered, also of one that is away for now."""
        return list(self._tools.values())

    def find_tool(self, tool_name: str, user_id: UUID | None = None) -> RemoteTool | None:
        """The tool that the model of this user calls by this name."""
        return self._tools.get(tool_name)

    def version_for(self, user_id: UUID | None = None) -> Hashable:
        """The same for as long as `list_tools` gives this user the same tools."""
        return self._version

    async def call(
        self,
        tool_name: str,
        arguments: JSON,
        *,
        timeout: float,
        caller: Caller | None = None,
        user_id: UUID | None = None,
    ) -> ToolOutcome:
        """Call a tool once and wait `timeout` seconds for its answer.

        Only the built-in server is told who calls.

        Raises NoAnswer when the call may have been carried out, Unavailable when it was not.
        """
        tool = self.find_tool(tool_name, user_id)
        if tool is None:
            raise Unavailable(f"There is no tool “{tool_name}” at the moment.")
        meta = caller.as_meta() if caller and tool.server == BUILT_IN else None
        return await self._servers[tool.server].call(
            tool.remote_name, arguments, timeout, meta=meta
        )

    def _add(self, name: str, connect: Connect) -> None:
        if name in self._servers:
            raise RuntimeError(f"KEIKO_TOOL_SERVERS: “{name}” is the name of another server.")
        self._servers[name] = Server(name, connect, self._renew)

    def _renew(self) -> None:
        offered = [(server.name, None, server.tools) for server in self._servers.values()]
        self._tools = {tool.name: tool for tool in name_tools(offered)}
        self._version += 1
