"""Signing in to a server, and calling it as who is signed in."""

import pytest

from app.core.resources import Resources
from app.mcp.models import McpServer, ServerState
from app.mcp.oauth.needed import SignInNeeded
from tests.factories import MakeUser
from tests.fakes.guarded_tools import Guarded
from tests.fakes.tools import until
from tests.mcp.signing import at_work, register, sign_in


async def test_who_has_signed_in_calls_a_server_that_refuses_everybody_else(
    here: Resources, guarded: Guarded, make_user: MakeUser
) -> None:
    ada, bob = await make_user("ada"), await make_user("bob")
    row = await register(here, guarded.url)
    async with at_work(here) as worker:
        [server] = [s for s in worker.servers.list_servers() if s.spec.id]
        await until(lambda: server.keeper.state is ServerState.SIGN_IN)
        await worker.look()
        async with here.db.transaction() as session:
            kept = await session.get_one(McpServer, row.id)
        assert (kept.state, kept.wants_sign_in) == (ServerState.SIGN_IN, True)

        done = await sign_in(here, ada.id, row.id)
        assert (done.server_id, done.server_name) == (row.id, "notes")
        await worker.look()
        await worker.knows("whoami", ada.id)
        assert (await worker.call("whoami", ada.id)).text == "You are ada@there."

        await worker.look()
        await worker.look()
        with pytest.raises(SignInNeeded):
            await worker.call("whoami", bob.id)
        guarded.authority.who = "bob@there"
        await sign_in(here, bob.id, row.id)
        assert (await worker.call("whoami", bob.id)).text == "You are bob@there."
        assert (await worker.call("whoami", ada.id)).text == "You are ada@there."
