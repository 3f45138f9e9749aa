"""Tools that a worker does not know yet: it begins, or their server was registered just now."""

import asyncio
import contextlib
from uuid import UUID

from app.core.errors import Unavailable
from app.mcp.models import ServerState
from app.mcp.sessions import RemoteTool, ToolServers

_WAIT_SECONDS = 20.0


async def find_soon(servers: ToolServers, name: str, user_id: UUID | None) -> RemoteTool | None:
    """The tool of that name, also if its server is only being opened: a call may be made again."""
    if found := servers.find_tool(name, user_id):
        return found
    await servers.look_again()
    if found := servers.find_tool(name, user_id):
        return found
    with contextlib.suppress(TimeoutError, Unavailable):
        async with asyncio.timeout(_WAIT_SECONDS):
            for server in servers.list_servers():
                if server.spec.id is None and server.keeper.state is ServerState.UNKNOWN:
                    await server.keeper.opened()
    return servers.find_tool(name, user_id)
