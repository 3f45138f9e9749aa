"""Servers that people register: whose they are, what may be said of them, what stays secret."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.clock import new_id
from app.core.db import Database, open_engine
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.resources import Resources
from app.core.sealed import Sealer
from app.core.sealed_types import use_sealer
from app.core.settings import Settings, ToolServerSettings
from app.mcp import registry
from app.mcp.checks import Draft
from app.mcp.listing import get_server, list_servers
from app.mcp.models import McpServer, ServerState, Transport
from app.mcp.spec import ServerSpec
from app.mcp.specs import note_state, read_specs
from app.users.models import Role, User
from tests.consumers.acting import rows
from tests.factories import MakeUser

COMMAND: dict[str, Any] = {
    "name": "clock",
    "command": "mcp-server-time",
    "env": {"TOKEN": "hunter2"},
}
ADDRESS: dict[str, Any] = {
    "name": "tracker",
    "url": "https://example.com/mcp",
    "headers": {"Authorization": "Bearer hunter2"},
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    changes = {
        "mcp_commands": ["mcp-server-time", "uvx mcp-server-git"],
        "tool_servers": [ToolServerSettings(name="House", command="house")],
    }
    return settings.model_copy(update=changes)


@pytest.fixture
async def ada(make_user: MakeUser) -> User:
    return await make_user("ada")


@pytest.fixture
async def bob(make_user: MakeUser) -> User:
    return await make_user("bob")


@pytest.fixture
async def admin(make_user: MakeUser) -> User:
    return await make_user("root", Role.ADMIN)


async def add(resources: Resources, user: User, **described: Any) -> McpServer:
    async with resources.db.transaction() as session:
        draft = Draft(**(ADDRESS | described))
        return await registry.register_server(session, resources, user.id, draft)


async def share(resources: Resources, user: User, **described: Any) -> McpServer:
    async with resources.db.transaction() as session:
        draft = Draft(**(ADDRESS | described))
        return await registry.share_server(session, resources, user.id, draft)


async def change(resources: Resources, user: User, id: UUID, **said: Any) -> McpServer:
    async with resources.db.transaction() as session:
        return await registry.change_server(session, resources, user.id, id, said)


def telling(resources: Resources, *folders: str) -> Resources:
    """The same, where servers may be told of these folders."""
    settings = resources.settings.model_copy(update={"mcp_roots": list(folders)})
    return Resources(settings, resources.db, resources.redis)


async def seen(resources: Resources, user: User) -> set[str]:
    async with resources.db.transaction() as session:
        return {server.name for server in (await list_servers(session, user.id)).items}


async def specs(resources: Resources) -> dict[str, ServerSpec]:
    async with resources.db.transaction() as session:
        return {spec.name: spec for spec in await read_specs(session, resources)}


async def state(resources: Resources, id: UUID) -> tuple[ServerState, str]:
    async with resources.db.transaction() as session:
        server = await session.get_one(McpServer, id)
        return server.state, server.state_text


async def happened(resources: Resources) -> list[Any]:
    return list(
        await rows(
            resources,
            "select payload from events where type = 'mcp.server_changed' order by seq",
        )
    )


async def test_a_server_is_its_owners_alone_and_a_shared_one_everybodys(
    resources: Resources, ada: User, bob: User, admin: User
) -> None:
    own = await add(resources, ada, name="adas")
    await share(resources, admin, name="shared")
    assert await seen(resources, ada) == {"adas", "shared"}
    assert await seen(resources, bob) == {"shared"}
    assert await seen(resources, admin) == {"shared"}
    for stranger in (bob, admin):
        async with resources.db.transaction() as session:
            with pytest.raises(NotFound):
                await get_server(session, stranger.id, own.id)
        with pytest.raises(NotFound):
            await change(resources, stranger, own.id, description="mine")
        for act in (registry.enable_server, registry.disable_server, registry.remove_server):
            with pytest.raises(NotFound):
                async with resources.db.transaction() as session:
                    await act(session, resources, stranger.id, own.id)


async def test_only_an_admin_touches_what_serves_everybody(
    resources: Resources, ada: User, admin: User
) -> None:
    with pytest.raises(Forbidden):
        await share(resources, ada)
    shared = await share(resources, admin)
    with pytest.raises(Forbidden):
        await change(resources, ada, shared.id, description="mine")
    for act in (registry.enable_server, registry.disable_server, registry.remove_server):
        with pytest.raises(Forbidden):
            async with resources.db.transaction() as session:
                await act(session, resources, ada.id, shared.id)
    await change(resources, admin, shared.id, description="ours")


async def test_a_name_is_one_among_all_that_its_user_sees(
    resources: Resources, ada: User, bob: User, admin: User
) -> None:
    await add(resources, ada, name="tracker")
    await add(resources, bob, name="tracker")
    await share(resources, admin, name="shared")
    for user, name in ((ada, "Tracker"), (ada, "shared"), (ada, "keiko"), (ada, "house")):
        with pytest.raises(Invalid) as refusal:
            await add(resources, user, name=name)
        assert refusal.value.field == "name"
    with pytest.raises(Invalid):
        await share(resources, admin, name="tracker")
    other = await add(resources, ada, name="other")
    with pytest.raises(Invalid):
        await change(resources, ada, other.id, name="shared")
    assert (await change(resources, ada, other.id, name="Other")).name == "Other"


async def test_without_an_allow_list_the_sentence_says_what_the_operator_sets(
    resources: Resources, ada: User
) -> None:
    resources.settings.mcp_commands.clear()
    with pytest.raises(Invalid, match="KEIKO_MCP_COMMANDS"):
        await add(resources, ada, url=None, headers={}, command="mcp-server-time")


async def test_behind_https_only_https_is_called_but_for_hosts_the_operator_named(
    resources: Resources, ada: User
) -> None:
    served = resources.settings.model_copy(
        update={"public_url": "https://keiko.example", "outbound_private": ["mcp", "10.0.0.0/8"]}
    )
    over = Resources(served, resources.db, resources.redis)
    with pytest.raises(Invalid, match="https://"):
        await add(over, ada, url="http://example.com/mcp")
    await add(over, ada, name="one", url="https://example.com/mcp")
    await add(over, ada, name="two", url="http://mcp:8000/mcp")
    await add(over, ada, name="three", url="http://10.1.2.3/mcp")
    await add(resources, ada, name="four", url="http://example.com/mcp")


async def test_a_beginning_of_a_command_line_may_be_allowed(
    resources: Resources, ada: User
) -> None:
    line: dict[str, Any] = {
        "url": None,
        "headers": {},
        "command": "uvx",
        "args": ["mcp-server-git", "-r", "/srv"],
    }
    made = await add(resources, ada, **line)
    assert made.transport is Transport.STDIO


async def test_secrets_are_sealed_kept_and_changed_one_by_one(
    resources: Resources, ada: User
) -> None:
    made = await add(resources, ada, headers={"A": "hunter2", "B": "hunter3"})
    [stored] = await rows(resources, "select mcp_servers::text from mcp_servers")
    assert "hunter" not in str(stored) and b"hunter".hex() not in str(stored)
    changed = await change(resources, ada, made.id, headers={"B": None, "C": "hunter4"})
    assert changed.version == made.version + 1
    assert (await specs(resources))["tracker"].headers == {"A": "hunter2", "C": "hunter4"}
    await change(resources, ada, made.id, headers={"A": None, "C": None})
    assert (await specs(resources))["tracker"].headers == {}


async def test_an_address_does_not_inherit_what_a_command_was_told(
    resources: Resources, ada: User
) -> None:
    made = await add(resources, ada, **{**COMMAND, "url": None, "headers": {}, "args": ["-v"]})
    await change(resources, ada, made.id, command=None, url="https://example.com/mcp")
    [spec] = (await specs(resources)).values()
    assert (spec.command, spec.args, spec.env, spec.transport) == (None, (), {}, Transport.AUTO)


async def test_a_description_may_change_without_a_new_session(
    resources: Resources, ada: User
) -> None:
    made = await add(resources, ada)
    await note(resources, made.id)
    changed = await change(resources, ada, made.id, description="Our tracker")
    assert (changed.version, changed.state) == (1, ServerState.CONNECTED)
    changed = await change(resources, ada, made.id, timeout_seconds=31)
    assert (changed.version, changed.state, changed.chosen) == (2, ServerState.UNKNOWN, None)


async def test_other_folders_need_no_new_session_and_only_what_is_allowed_is_told(
    resources: Resources, ada: User
) -> None:
    own = {**COMMAND, "url": None, "headers": {}}
    made = await add(resources, ada, **own)
    with pytest.raises(Invalid, match="KEIKO_MCP_ROOTS"):
        await change(resources, ada, made.id, roots=["/srv/documents"])
    resources = telling(resources, "/srv/documents")
    changed = await change(resources, ada, made.id, roots=["/srv/documents/a"])
    assert changed.version == 1
    assert (await specs(resources))[made.name].roots == ("/srv/documents/a",)
    assert await specs(telling(resources)) == {}


async def note(resources: Resources, id: UUID) -> None:
    async with resources.db.transaction() as session:
        await note_state(
            session,
            id,
            ServerState.CONNECTED,
            "It answers.",
            chosen=Transport.SSE,
            tools=[{"name": "a"}],
        )


async def test_what_a_worker_found_is_kept(resources: Resources, ada: User) -> None:
    made = await add(resources, ada)
    await note(resources, made.id)
    async with resources.db.transaction() as session:
        await note_state(session, made.id, ServerState.AWAY, "It is away.")
        await note_state(session, new_id(), ServerState.AWAY, "Removed meanwhile.")
    [spec] = (await specs(resources)).values()
    assert (spec.chosen, spec.tools) == (Transport.SSE, ({"name": "a"},))
    assert await state(resources, made.id) == (ServerState.AWAY, "It is away.")


async def test_only_enabled_servers_of_open_accounts_are_used(
    resources: Resources, ada: User, bob: User, admin: User
) -> None:
    resting = await add(resources, ada, name="resting")
    await add(resources, ada, name="used")
    await add(resources, bob, name="bobs")
    await share(resources, admin, name="shared")
    async with resources.db.transaction() as session:
        await registry.disable_server(session, resources, ada.id, resting.id)
        (await session.get_one(User, bob.id)).is_active = False
    found = await specs(resources)
    assert {name: spec.user_id for name, spec in found.items()} == {"used": ada.id, "shared": None}
    async with resources.db.transaction() as session:
        await registry.enable_server(session, resources, ada.id, resting.id)
    assert "resting" in await specs(resources)


async def test_what_the_operator_takes_back_is_used_no_more_and_says_so(
    resources: Resources, ada: User
) -> None:
    made = await add(resources, ada, **{**COMMAND, "url": None, "headers": {}})
    await add(resources, ada, name="other")
    resources.settings.mcp_commands.clear()
    assert set(await specs(resources)) == {"other"}
    found, sentence = await state(resources, made.id)
    assert found is ServerState.REFUSED and "KEIKO_MCP_COMMANDS" in sentence
    async with resources.db.transaction() as session:
        with pytest.raises(Invalid):
            await registry.enable_server(session, resources, ada.id, made.id)


async def test_without_its_key_a_server_is_left_out_until_its_secrets_are_entered_anew(
    resources: Resources, ada: User
) -> None:
    made = await add(resources, ada)
    await add(resources, ada, name="other", headers={})
    async with without_key(resources) as lost:
        assert set(await specs(lost)) == {"other"}
        assert "KEIKO_SECRET_KEY" in (await state(resources, made.id))[1]
        await change(lost, ada, made.id, description="still sealed")
        assert (await specs(resources))["tracker"].headers == ADDRESS["headers"]
        await change(lost, ada, made.id, headers={"A": "new"})
        assert (await specs(lost))["tracker"].headers == {"A": "new"}


@asynccontextmanager
async def without_key(resources: Resources) -> AsyncIterator[Resources]:
    """The same Keiko with another key."""
    engine = open_engine(str(resources.settings.database_url), pool_size=2)
    use_sealer(engine, Sealer([b"x" * 32]))
    yield Resources(resources.settings, Database(engine), resources.redis)
    await engine.dispose()


async def test_a_sealed_row_that_was_copied_to_another_does_not_open(
    resources: Resources, ada: User, bob: User
) -> None:
    made = await add(resources, ada)
    stolen = await add(resources, bob, name="mine")
    async with resources.db.transaction() as session:
        await session.execute(
            text(
                "update mcp_servers set sealed = (select sealed from mcp_servers where id = :a)"
                " where id = :b"
            ),
            {"a": made.id, "b": stolen.id},
        )
    assert set(await specs(resources)) == {"tracker"}


async def test_what_changed_is_said_and_never_a_value(resources: Resources, ada: User) -> None:
    made = await add(resources, ada)
    await change(resources, ada, made.id, headers={"Authorization": "hunter3"}, timeout_seconds=9)
    await change(resources, ada, made.id, timeout_seconds=9)
    async with resources.db.transaction() as session:
        await registry.disable_server(session, resources, ada.id, made.id)
        await registry.disable_server(session, resources, ada.id, made.id)
        await registry.enable_server(session, resources, ada.id, made.id)
        await registry.remove_server(session, resources, ada.id, made.id)
    said = await happened(resources)
    assert [each["change"] for each in said] == [
        "registered", "changed", "disabled", "enabled", "removed",
    ]  # fmt: skip
    assert said[1]["fields"] == ["headers", "timeout_seconds"]
    assert "hunter" not in str(said) and "example.com" not in str(said)
    assert await seen(resources, ada) == set()


@pytest.mark.asvs("2.3.2")
async def test_nobody_registers_without_end(
    resources: Resources, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MOST_SERVERS", 1)
    await add(resources, ada)
    with pytest.raises(Conflict):
        await add(resources, ada, name="second")
