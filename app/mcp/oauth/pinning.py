"""Whom a client id and secret that were entered by hand are for: whom they were used with first.

It is the server that names its authorization server. One that names another one later would be
given the secret of the first.
"""

from uuid import UUID

from app.core.errors import Unavailable
from app.core.resources import Resources
from app.mcp.models import McpServer
from app.mcp.oauth.discovery import host_of, same_issuer
from app.mcp.sealing import find_pinned, keep_pinned, open_secrets


async def pin(resources: Resources, server_id: UUID, issuer: str) -> None:
    """Note who a server's secret is about to be used with.

    Raises Unavailable where that is somebody else than before.
    """
    async with resources.db.transaction() as session:
        server = await session.get(McpServer, server_id, with_for_update=True)
        if server is None:
            return
        if not open_secrets(resources, server)["oauth"].get("client_secret"):
            return
        known = find_pinned(resources, server)
        if known is None:
            keep_pinned(resources, server, issuer)
        elif not same_issuer(known, issuer):
            raise Unavailable(
                f"It has its sign-in at {host_of(issuer)} now, and not at {host_of(known)} any "
                "more. If that is right, enter client id and secret anew."
            )
