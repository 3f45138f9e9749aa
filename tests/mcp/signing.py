"""What the tests of sign-ins do: register a server, sign somebody in, call as them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
from mcp.server.fastmcp import FastMCP

from app.core.resources import Resources
from app.mcp.following import Follower
from app.mcp.models import McpServer
from app.mcp.oauth import flow
from app.mcp.oauth.pending import Begun
from app.mcp.oauth.tokens import Tokens
from app.mcp.results import ToolOutcome
from app.mcp.sealing import seal_secrets
from app.mcp.sessions import ToolServers
from tests.fakes.guarded_tools import walk
from tests.fakes.tools import until

CALLBACK = "http://keiko.test/oauth/mcp/callback"
SECONDS = 20.0


def inside(resources: Resources, **more: Any) -> Resources:
    """The same, where servers of this machine may be called."""
    changes = {"outbound_private": ["127.0.0.1"], **more}
    return replace(resources, settings=resources.settings.model_copy(update=changes))


async def register(resources: Resources, url: str, **more: Any) -> McpServer:
    """A server, as a row; for everybody, unless said otherwise."""
    secrets = more.pop("secrets", {})
    row = McpServer(name="notes", url=url, **more)
    async with resources.db.transaction() as session:
        session.add(row)
        await session.flush()
        seal_secrets(resources, row, secrets)
    return row


async def begin(resources: Resources, user_id: UUID, server_id: UUID) -> Begun:
    """Begin to sign in."""
    return await flow.begin(resources, user_id, server_id, redirect_uri=CALLBACK, back="")


async def come_back(resources: Resources, user_id: UUID, url: httpx.URL) -> flow.Finished:
    """What the callback does with the address that somebody was sent back to."""
    said = {name: url.params.get(name) for name in ("code", "error", "iss")}
    return await flow.finish(resources, user_id, flow.Returned(state=url.params["state"], **said))


async def sign_in(resources: Resources, user_id: UUID, server_id: UUID) -> flow.Finished:
    """The whole way."""
    begun = await begin(resources, user_id, server_id)
    return await come_back(resources, user_id, await walk(begun.address))


@dataclass
class AtWork:
    """A worker's servers, and what it knows of the registry."""

    servers: ToolServers
    follower: Follower

    async def look(self) -> None:
        """Write what was found, and read the registry."""
        await self.follower._write_states()
        await self.follower.read()

    async def call(self, tool: str, user_id: UUID, **arguments: object) -> ToolOutcome:
        """Call a tool in somebody's name."""
        return await self.servers.call(tool, dict(arguments), timeout=SECONDS, user_id=user_id)

    async def knows(self, tool: str, user_id: UUID) -> None:
        """Wait until somebody is offered a tool."""
        self.servers.wake(user_id)
        await until(lambda: self.servers.find_tool(tool, user_id) is not None)


@asynccontextmanager
async def at_work(resources: Resources) -> AsyncIterator[AtWork]:
    """A worker that has read the registry."""
    servers = ToolServers(resources.settings, FastMCP("keiko"), Tokens(resources))
    follower = Follower(resources, servers)
    await follower.read()
    await servers.start()
    try:
        yield AtWork(servers, follower)
    finally:
        await servers.stop()
