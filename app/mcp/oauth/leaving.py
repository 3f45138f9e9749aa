"""Signing out: forgotten here in any case, and where the sign-in was, if it takes that."""

import contextlib
from uuid import UUID

from app.core.errors import NotFound, Unavailable
from app.core.resources import Resources
from app.mcp.happenings import say_changed
from app.mcp.listing import get_server
from app.mcp.oauth.credentials import find_credential, forget, open_tokens
from app.mcp.oauth.grants import Kept, revoke
from app.mcp.oauth.wire import open_wire


async def sign_out(resources: Resources, user_id: UUID, server_id: UUID) -> bool:
    """Forget a user's sign-in; whether the authorization server has forgotten it too.

    A lent account stays its user's, and nobody is told. Raises NotFound where there is none.
    """
    async with resources.db.transaction() as session:
        server = await get_server(session, user_id, server_id)
        row = await find_credential(session, server_id, user_id)
        if row is None:
            raise NotFound("You are not signed in to this server.")
        kept: Kept | None = None
        if row.identity_id is None:
            with contextlib.suppress(Unavailable):
                kept = open_tokens(resources, row)
        await forget(session, resources, row)
        say_changed(session, server, user_id, "signed_out")
    if kept is None:
        return False
    async with open_wire(resources.settings) as wire:
        return await revoke(wire, kept)
