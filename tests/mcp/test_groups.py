"""A worker lets those use a group's server who are in the group, and nobody else."""

from dataclasses import replace

import pytest

from app.core.clock import new_id
from app.core.errors import Unavailable
from app.core.resources import Resources
from app.core.settings import python
from app.mcp.checks import Draft
from app.mcp.registry import share_server
from app.mcp.sessions import ToolServers
from app.mcp.specs import read_specs
from app.users.groups import set_members
from app.users.models import Role
from app.users.service import disable_user
from tests.factories import MakeUser
from tests.fakes.http_tools import following, stdio_spec
from tests.fakes.tools import FAKE, until
from tests.users.grouping import make_group

SECONDS = 20.0


async def uses(servers: ToolServers, user_id: object) -> bool:
    """Whether a user is offered the tool, and may call it."""
    assert user_id is None or hasattr(user_id, "hex")
    offered = any(tool.remote_name == "clock" and tool.server == "fake"
                  for tool in servers.list_tools(user_id))  # type: ignore[arg-type]  # fmt: skip
    try:
        outcome = await servers.call("fake_clock", {}, timeout=SECONDS, user_id=user_id)  # type: ignore[arg-type]
    except Unavailable:
        assert not offered
        return False
    assert offered
    return outcome.text == "cuckoo"


async def test_members_use_it_from_when_they_join_until_they_leave_in_one_session() -> None:
    ada, bob = new_id(), new_id()
    spec = replace(stdio_spec(FAKE), members=frozenset([ada]))
    async with following([spec]) as servers:
        await until(lambda: servers.find_tool("append_line", ada) is not None)
        process = (await servers.call("process_id", {}, timeout=SECONDS, user_id=ada)).text
        assert await uses(servers, ada)
        assert not await uses(servers, bob)
        assert not await uses(servers, None)
        before = servers.version_for(ada), servers.version_for(bob)
        servers.follow([replace(spec, members=frozenset([bob]))])
        assert not await uses(servers, ada)
        assert await uses(servers, bob)
        assert servers.version_for(ada) != before[0]
        assert servers.version_for(bob) != before[1]
        again = await servers.call("process_id", {}, timeout=SECONDS, user_id=bob)
        assert again.text == process


async def test_who_has_nothing_of_their_own_shares_one_list_with_all_others() -> None:
    ada, bob, eve = new_id(), new_id(), new_id()
    spec = replace(stdio_spec(FAKE), members=frozenset([ada]))
    async with following([spec]) as servers:
        assert servers.version_for(bob) == servers.version_for(eve) == servers.version_for(None)
        assert servers.version_for(ada) != servers.version_for(bob)


async def test_what_a_worker_reads_names_the_members_whose_accounts_are_open(
    resources: Resources, make_user: MakeUser
) -> None:
    root = await make_user("root", role=Role.ADMIN)
    ada, bob = await make_user("ada"), await make_user("bob")
    group_id = await make_group(resources, "Research", "ada", "bob")
    resources.settings.mcp_commands = [python()]
    async with resources.db.transaction() as session:
        draft = Draft(name="tools", command=python(), args=["-m", "tests.fakes.tool_server"])
        await share_server(session, resources, root.id, draft, group_id=group_id)
        await disable_user(session, resources, bob.id)
    async with resources.db.transaction() as session:
        (spec,) = await read_specs(session, resources)
    assert spec.members == frozenset([ada.id])
    assert spec.serves(ada.id)
    assert not any(spec.serves(user) for user in (root.id, bob.id, None))
    async with resources.db.transaction() as session:
        await set_members(session, resources, root.id, group_id, [])
        (spec,) = await read_specs(session, resources)
    assert spec.members == frozenset()


@pytest.mark.parametrize("members", [None, frozenset()])
def test_a_users_own_server_serves_its_owner_whatever_else(members: object) -> None:
    ada = new_id()
    spec = replace(stdio_spec(FAKE, user_id=ada), members=members)  # type: ignore[arg-type]
    assert spec.serves(ada)
    assert not spec.serves(new_id())
    assert not spec.serves(None)
