"""The sessions of one worker with all MCP servers: its own, the operator's, and registered ones."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from typing import Any
from uuid import UUID

from mcp.server.fastmcp import FastMCP

from app.core.db import JSON
from app.core.errors import Unavailable
from app.core.settings import Settings
from app.mcp.caller import Caller
from app.mcp.contact import ALONE, Contact, Progress
from app.mcp.discovery import restored
from app.mcp.known import Accepted
from app.mcp.names import Names
from app.mcp.oauth.needed import SignInNeeded
from app.mcp.oauth.tokens import Tokens
from app.mcp.results import ToolOutcome
from app.mcp.senders import is_current, nothing_new, sender_of
from app.mcp.server import NoAnswer, Request, Server
from app.mcp.spec import ServerSpec, given, key_for
from app.mcp.tools import BUILT_IN, RemoteTool
from app.mcp.transports import Connect, in_memory, to_server

__all__ = [
    "BUILT_IN",
    "Contact",
    "NoAnswer",
    "Progress",
    "RemoteTool",
    "ToolOutcome",
    "ToolServers",
]

GRACE_SECONDS = 2.0
"""How long a worker's start waits for the operator's servers; later ones join when they come."""

IDLE_SECONDS = 600.0
"""How long a user's own server stays open without a call or a turn."""

_LOOK_SECONDS = 0.1

_Key = UUID | str


class ToolServers:
    """All servers of one worker, each opened once. `built_in` is the server object of `tools/`.

    A user is given the shared servers, those of their groups, and their own. A turn is given what
    they offered last: it waits for none of them. `noted` is told of a server that was found
    otherwise than before, `said` of each line that one wants logged, `completed` of an elicitation
    that its person has completed on a page; `look_again` reads the registry before somebody is
    sent to sign in.
    """

    def __init__(
        self, settings: Settings, built_in: FastMCP[Any], tokens: Tokens | None = None
    ) -> None:
        self._private = settings.outbound_private
        self._tokens = tokens
        self.look_again: Callable[[], Awaitable[None]] = nothing_new
        self.noted: Callable[[Server], None] = lambda server: None
        self.said: Callable[[Server, str, str], None] = lambda server, level, text: None
        self.completed: Callable[[ServerSpec, str], None] = lambda server, id: None
        self._servers: dict[_Key, Server] = {}
        self._names = Names()
        self._closing: set[asyncio.Task[None]] = set()
        self._started = False
        self._add(ServerSpec(name=BUILT_IN), in_memory(built_in))
        for each in settings.tool_servers:
            if each.name in self._servers:
                raise RuntimeError(
                    f"KEIKO_TOOL_SERVERS: “{each.name}” is the name of another server."
                )
            spec = given(each)
            self._add(spec, to_server(spec, self._private))

    async def start(self) -> None:
        """Open all sessions. Waits for the built-in server, and a moment for the others."""
        self._started = True
        shared = [
            server
            for server in self._servers.values()
            if server.spec.user_id is None and not server.spec.is_closed
        ]
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
        for server in list(self._servers.values()):
            if server.spec.id is not None and server.key not in wanted:
                self._remove(server)
        for key, spec in wanted.items():
            known = self._servers.get(key)
            if known is not None and known.spec.is_reached_like(spec):
                self._change(known, spec)
                continue
            if known is not None and known.spec.version == spec.version:
                self._replace(known)
            elif known is not None:
                self._remove(known)
            server = self._add(spec, to_server(spec, self._private, sender_of(spec, self._tokens)))
            self._remember(server)
            if self._started and spec.user_id is None and not spec.is_closed:
                server.keeper.start()

    def _change(self, server: Server, spec: ServerSpec) -> None:
        """The same session serves on, perhaps other people."""
        if server.spec.members != spec.members:
            self._names.renew(server)
            server.spec = spec
            self._names.renew(server)
        server.spec = spec
        server.offer_roots(spec.roots)
        self._remember(server)

    def wake(self, user_id: UUID) -> None:
        """A turn of this user begins: their own servers are opened. Never waits."""
        for server in self._servers.values():
            if server.spec.user_id == user_id and not server.spec.is_closed:
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
        for server in self._servers.values():
            if key in (server.key, server.spec.id):
                server.breaker.reset()

    def list_tools(self, user_id: UUID | None = None) -> list[RemoteTool]:
        """Every tool that a user's servers have offered, also of one that is away for now.

        As models are told of them: what a changed one says waits until it is accepted.
        """
        return self._names.told(user_id)

    def know(self, accepted: Accepted) -> None:
        """Tell which versions of the registered servers' tools were accepted."""
        self._names.know(accepted)

    def find_tool(self, tool_name: str, user_id: UUID | None = None) -> RemoteTool | None:
        """The tool that the model of this user calls by this name."""
        return self._names.of(user_id).get(tool_name)

    def version_for(self, user_id: UUID | None = None) -> Hashable:
        """The same for as long as `list_tools` gives this user the same tools."""
        return self._names.version_for(user_id)

    async def call(
        self,
        tool_name: str,
        arguments: JSON,
        *,
        timeout: float,
        caller: Caller | None = None,
        user_id: UUID | None = None,
        contact: Contact = ALONE,
    ) -> ToolOutcome:
        """Call a tool once and wait for its answer, as long as its server or `timeout` says.

        Only the built-in server is told who calls. `contact` hears and asks meanwhile.

        Raises NoAnswer when the call may have been carried out, Unavailable when it was not,
        AnswerNeeded when it is to be made again after a person's answer, SignInNeeded when it was
        not because this user has to sign in first.
        """
        tool = self.find_tool(tool_name, user_id)
        if tool is None:
            raise Unavailable(f"There is no tool “{tool_name}” at the moment.")
        server = await self._server_for(tool, user_id)
        told = caller if tool.server_id is None and tool.server == BUILT_IN else None
        return await server.call(
            Request(
                tool=tool.remote_name,
                arguments=arguments,
                seconds=server.seconds_for(is_long=tool.is_long, usual=timeout),
                meta=told.as_meta() if told else None,
                user_id=user_id,
                contact=contact,
                is_long=tool.is_long,
            )
        )

    async def _server_for(self, tool: RemoteTool, user_id: UUID | None) -> Server:
        if server := await self.find_server(tool.server_id, user_id, named=tool.server):
            return server
        raise Unavailable(f"There is no tool “{tool.name}” at the moment.")

    async def find_server(
        self, server_id: UUID | None, user_id: UUID | None, *, named: str = ""
    ) -> Server | None:
        """A server that serves this user, as they are signed in to it. Raises SignInNeeded."""
        server = self._find_server(server_id, user_id, named)
        spec = server and server.spec
        if spec and spec.is_personal and not await is_current(spec, self._tokens):
            await self.look_again()
            server = self._find_server(server_id, user_id, named)
        if server and server.spec.is_closed:
            raise SignInNeeded
        return server

    def provider_of(self, server_id: UUID | None, user_id: UUID | None) -> str | None:
        """With accounts at which sign-in provider a server works, if it does."""
        found = self._find_server(server_id, user_id, "")
        return found.spec.provider if found else None

    def _find_server(
        self, server_id: UUID | None, user_id: UUID | None, named: str
    ) -> Server | None:
        own = self._servers.get(key_for(server_id, user_id))
        server = own or self._servers.get(server_id or named)
        return server if server and server.spec.serves(user_id) else None

    def _add(self, spec: ServerSpec, connect: Connect) -> Server:
        server = Server(spec, connect, changed=self._offer, noted=lambda it: self.noted(it))
        server.asking.private = self._private
        server.asking.completed = lambda id: self.completed(server.spec, id)
        server.keeper.said = lambda level, text: self.said(server, level, text)
        self._servers[spec.key] = server
        self._sort()
        self._names.renew(server)
        return server

    def _sort(self) -> None:
        """A name belongs to the settings' servers first, then to shared ones, then to a user's."""

        def rank(server: Server) -> tuple[bool, bool]:
            spec = server.spec
            return spec.id is not None, spec.user_id is not None and not spec.is_shared

        ordered = sorted(self._servers.values(), key=rank)
        self._servers = {server.key: server for server in ordered}
        self._names.use(self._servers)

    def _remove(self, server: Server) -> None:
        del self._servers[server.key]
        self._close(server)
        self._names.renew(server)

    def _replace(self, server: Server) -> None:
        """Its user has signed in anew: calls that are under way may end, new ones go elsewhere."""
        del self._servers[server.key]
        self._see_off(self._close_when_done(server))

    async def _close_when_done(self, server: Server) -> None:
        late = time.monotonic() + server.spec.timeout_seconds
        while server.keeper.is_busy and self._started and time.monotonic() < late:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)
        await server.keeper.stop()

    def _close(self, server: Server) -> None:
        self._see_off(server.keeper.stop())

    def _see_off(self, closing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _remember(self, server: Server) -> None:
        """Offer what the server offered last, for as long as there is no session to ask."""
        if server.keeper.session is not None or not (tools := restored(server.spec.tools)):
            return
        if tools != server.keeper.tools:
            server.keeper.tools = tools
            self._names.renew(server)

    def _offer(self, server: Server) -> None:
        self._names.renew(server)
        self.noted(server)
