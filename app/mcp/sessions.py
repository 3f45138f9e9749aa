"""The sessions of one worker with all MCP servers: its own, the operator's, and registered ones."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any
from uuid import UUID

from mcp.server.fastmcp import FastMCP

from app.core.db import JSON
from app.core.errors import Unavailable
from app.core.settings import Settings
from app.mcp.caller import Caller
from app.mcp.discovery import restored
from app.mcp.results import ToolOutcome
from app.mcp.server import NoAnswer, Progress, Request, Server
from app.mcp.spec import ServerSpec
from app.mcp.tools import BUILT_IN, RemoteTool, name_tools
from app.mcp.transports import Connect, in_memory, to_server

__all__ = ["BUILT_IN", "NoAnswer", "Progress", "RemoteTool", "ToolOutcome", "ToolServers"]

GRACE_SECONDS = 2.0
"""How long a worker's start waits for the operator's servers; later ones join when they come."""

IDLE_SECONDS = 600.0
"""How long a user's own server stays open without a call or a turn."""

_Key = UUID | str


class ToolServers:
    """All servers of one worker, each opened once. `built_in` is the server object of `tools/`.

    A user is given the shared servers and their own, and nobody else's. A turn is given what
    they offered last: it waits for none of them. `noted` is told of a server that was found
    otherwise than before.
    """

    def __init__(
        self,
        settings: Settings,
        built_in: FastMCP[Any],
    ) -> None:
        self._private = settings.outbound_private
        self.noted: Callable[[Server], None] = lambda server: None
        self._servers: dict[_Key, Server] = {}
        self._named: dict[UUID | None, dict[str, RemoteTool]] = {}
        self._versions: dict[UUID | None, int] = {None: 0}
        self._closing: set[asyncio.Task[None]] = set()
        self._started = False
        self._add(ServerSpec(name=BUILT_IN), in_memory(built_in))
        for each in settings.tool_servers:
            if each.name in self._servers:
                raise RuntimeError(
                    f"KEIKO_TOOL_SERVERS: “{each.name}” is the name of another server."
                )
            spec = ServerSpec(
                name=each.name, command=each.command, args=tuple(each.args), env=each.env
            )
            self._add(spec, to_server(spec, self._private))

    async def start(self) -> None:
        """Open all sessions. Waits for the built-in server, and a moment for the others."""
        self._started = True
        shared = [server for server in self._servers.values() if server.spec.user_id is None]
        for server in shared:
            server.keeper.start()
        await self._servers[BUILT_IN].keeper.opened()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await asyncio.gather(
                    *(server.keeper.opened() for server in shared if server.spec.id is None)
                )

    async def stop(self) -> None:
        """Close all sessions and end all processes of servers."""
        self._started = False
        await asyncio.gather(
            *self._closing, *(server.keeper.stop() for server in self._servers.values())
        )

    def list_servers(self) -> list[Server]:
        """All servers, those of the settings first."""
        return list(self._servers.values())

    def follow(self, specs: Sequence[ServerSpec]) -> None:
        """Have the registered servers be these: open, re-open and close only what changed."""
        wanted = {spec.key: spec for spec in specs if spec.id is not None}
        for server in [each for each in self._servers.values() if each.spec.id is not None]:
            if server.key not in wanted:
                self._remove(server)
        for key, spec in wanted.items():
            known = self._servers.get(key)
            if known is not None and known.spec.version == spec.version:
                known.spec = spec
                self._remember(known)
                continue
            if known is not None:
                self._remove(known)
            server = self._add(spec, to_server(spec, self._private))
            self._remember(server)
            if self._started and spec.user_id is None:
                server.keeper.start()

    def wake(self, user_id: UUID) -> None:
        """A turn of this user begins: their own servers are opened. Never waits."""
        for server in self._servers.values():
            if server.spec.user_id == user_id:
                server.keeper.start()

    def close_idle(self) -> None:
        """Close users' own servers that nobody has used for a while; their tools stay known."""
        late = time.monotonic() - IDLE_SECONDS
        for server in self._servers.values():
            keeper = server.keeper
            mine = server.spec.user_id is not None
            if mine and keeper.is_kept and not keeper.is_busy and keeper.used_at < late:
                self._close(server)

    def reset(self, key: _Key) -> None:
        """Let a server be called again at once, whatever went wrong before."""
        if (server := self._servers.get(key)) is not None:
            server.breaker.reset()

    def list_tools(self, user_id: UUID | None = None) -> list[RemoteTool]:
        """Every tool that a user's servers have offered, also of one that is away for now."""
        return list(self._tools_of(user_id).values())

    def find_tool(self, tool_name: str, user_id: UUID | None = None) -> RemoteTool | None:
        """The tool that the model of this user calls by this name."""
        return self._tools_of(user_id).get(tool_name)

    def version_for(self, user_id: UUID | None = None) -> Hashable:
        """The same for as long as `list_tools` gives this user the same tools."""
        owner = self._owner(user_id)
        return (self._versions[None], owner, self._versions.get(owner, 0))

    async def call(
        self,
        tool_name: str,
        arguments: JSON,
        *,
        timeout: float,
        caller: Caller | None = None,
        user_id: UUID | None = None,
        progress: Progress | None = None,
    ) -> ToolOutcome:
        """Call a tool once and wait for its answer, as long as its server or `timeout` says.

        Only the built-in server is told who calls.

        Raises NoAnswer when the call may have been carried out, Unavailable when it was not.
        """
        tool = self.find_tool(tool_name, user_id)
        if tool is None:
            raise Unavailable(f"There is no tool “{tool_name}” at the moment.")
        server = self._servers[tool.server_id or tool.server]
        told = caller if tool.server_id is None and tool.server == BUILT_IN else None
        return await server.call(
            Request(
                tool=tool.remote_name,
                arguments=arguments,
                seconds=timeout if tool.server_id is None else server.spec.timeout_seconds,
                meta=told.as_meta() if told else None,
                progress=progress,
            )
        )

    def _owner(self, user_id: UUID | None) -> UUID | None:
        """The user, if they have servers of their own; all others share one list of tools."""
        own = user_id is not None and any(
            server.spec.user_id == user_id for server in self._servers.values()
        )
        return user_id if own else None

    def _tools_of(self, user_id: UUID | None) -> dict[str, RemoteTool]:
        owner = self._owner(user_id)
        if owner not in self._named:
            offered = [
                (server.spec.name, server.spec.id, server.keeper.tools)
                for server in self._servers.values()
                if server.spec.user_id in (None, owner)
            ]
            self._named[owner] = {tool.name: tool for tool in name_tools(offered)}
        return self._named[owner]

    def _add(self, spec: ServerSpec, connect: Connect) -> Server:
        server = Server(spec, connect, changed=self._offer, noted=self._tell)
        self._servers[spec.key] = server
        self._sort()
        self._renew(server)
        return server

    def _sort(self) -> None:
        """A name belongs to the settings' servers first, then to shared ones, then to a user's."""

        def rank(server: Server) -> tuple[bool, bool]:
            return server.spec.id is not None, server.spec.user_id is not None

        ordered = sorted(self._servers.values(), key=rank)
        self._servers = {server.key: server for server in ordered}

    def _remove(self, server: Server) -> None:
        del self._servers[server.key]
        self._close(server)
        self._renew(server)

    def _close(self, server: Server) -> None:
        task = asyncio.create_task(server.keeper.stop())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _remember(self, server: Server) -> None:
        """Offer what the server offered last, for as long as there is no session to ask."""
        if server.keeper.session is not None or not (tools := restored(server.spec.tools)):
            return
        if tools != server.keeper.tools:
            server.keeper.tools = tools
            self._renew(server)

    def _offer(self, server: Server) -> None:
        self._renew(server)
        self.noted(server)

    def _tell(self, server: Server) -> None:
        self.noted(server)

    def _renew(self, server: Server) -> None:
        owner = server.spec.user_id
        self._versions[owner] = self._versions.get(owner, 0) + 1
        if owner is None:
            self._named.clear()
        else:
            self._named.pop(owner, None)
