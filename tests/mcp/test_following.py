"""A worker's servers follow the registry: whose they are, when they open, what a turn is given."""

import asyncio
from asyncio import gather
from dataclasses import replace
from typing import Any

import pytest
import structlog
from mcp.server.fastmcp import FastMCP

from app.core.bus import Bus
from app.core.clock import new_id
from app.core.db import JSON
from app.core.errors import Unavailable
from app.core.redis import server_health_key
from app.core.resources import Resources
from app.core.settings import ToolServerSettings, python
from app.mcp import sessions
from app.mcp.breaker import CircuitOpen
from app.mcp.following import Follower
from app.mcp.health import read_health, reset_breaker
from app.mcp.models import McpServer, ServerState, Transport
from app.mcp.sayings import read_lines
from app.mcp.server import NoAnswer, Server
from app.mcp.sessions import ToolServers
from tests.factories import MakeUser
from tests.fakes.http_tools import HttpTools, following, inside, spec_of, stdio_spec
from tests.fakes.tools import FAKE, until
from tests.mcp.test_hostile_servers import hostile

SECONDS = 20.0
KNOWN: JSON = {"name": "recall", "description": "Recalls.", "inputSchema": {"type": "object"}}


def names(servers: ToolServers, user_id: Any = None) -> set[str]:
    return {tool.name for tool in servers.list_tools(user_id)}


def server_of(servers: ToolServers, key: object) -> Server:
    return next(each for each in servers.list_servers() if each.key == key)


async def test_a_users_own_server_is_theirs_alone_and_opened_by_their_first_turn() -> None:
    ada, bob = new_id(), new_id()
    mine = stdio_spec(FAKE, user_id=ada)
    async with following([mine]) as servers:
        nobody = servers.version_for(bob)
        assert not server_of(servers, mine.id).keeper.is_kept
        servers.wake(ada)
        await until(lambda: servers.find_tool("append_line", ada) is not None)

        assert "append_line" not in names(servers, bob) | names(servers)
        assert servers.version_for(ada) != servers.version_for(bob) == nobody
        with pytest.raises(Unavailable, match="no tool “say”"):
            await servers.call("say", {}, timeout=SECONDS, user_id=bob)
        outcome = await servers.call("fake_clock", {}, timeout=SECONDS, user_id=ada)
        assert outcome.text == "cuckoo"


async def test_two_users_servers_with_one_name_are_kept_apart() -> None:
    ada, bob = new_id(), new_id()
    specs = [stdio_spec(FAKE, user_id=user) for user in (ada, bob)]
    async with following(specs) as servers:
        for user in (ada, bob):
            servers.wake(user)
        await until(lambda: all(servers.find_tool("process_id", u) for u in (ada, bob)))
        calls = (servers.call("process_id", {}, timeout=SECONDS, user_id=u) for u in (ada, bob))
        hers, his = await gather(*calls)

    assert hers.text != his.text


async def test_a_users_server_closes_when_nobody_uses_it_and_its_tools_stay_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada = new_id()
    mine = stdio_spec(FAKE, user_id=ada)
    async with following([mine]) as servers:
        servers.wake(ada)
        await until(lambda: servers.find_tool("append_line", ada) is not None)
        keeper = server_of(servers, mine.id).keeper
        servers.close_idle()
        assert keeper.session is not None
        monkeypatch.setattr(sessions, "IDLE_SECONDS", 0.0)
        servers.close_idle()
        await until(lambda: not keeper.is_kept)

        assert "append_line" in names(servers, ada)
        outcome = await servers.call("fake_clock", {}, timeout=SECONDS, user_id=ada)
        assert outcome.text == "cuckoo"


async def test_a_turn_begins_with_the_tools_that_were_known_last() -> None:
    gone = spec_of("gone", HttpTools("sse").url, tools=(KNOWN, {"odd": 1}))
    async with following([gone]) as servers:
        assert "recall" in names(servers)
        await until(lambda: server_of(servers, gone.id).keeper.state is ServerState.AWAY)
        assert "recall" in names(servers)


async def test_only_what_changed_is_opened_anew() -> None:
    first, second = stdio_spec(FAKE), stdio_spec(hostile("plain"))
    async with following([first, second]) as servers:
        kept, other = (server_of(servers, spec.id) for spec in (first, second))
        for server in (kept, other):
            await server.keeper.opened()
        session = kept.keeper.session
        servers.follow([replace(first, timeout_seconds=7), replace(second, version=2)])

        assert server_of(servers, first.id) is kept
        assert (kept.keeper.session, kept.spec.timeout_seconds) == (session, 7)
        assert server_of(servers, second.id) is not other
        await until(lambda: not other.keeper.is_kept)
        servers.follow([])
        assert {tool.server for tool in servers.list_tools()} == {"keiko"}


@pytest.mark.asvs("16.5.2")
async def test_five_failed_calls_open_the_breaker_and_the_next_is_refused_at_once() -> None:
    spec = stdio_spec(hostile("plain"), timeout_seconds=0.2)
    async with following([spec]) as servers:
        await server_of(servers, spec.id).keeper.opened()
        for _ in range(5):
            with pytest.raises(NoAnswer):
                await servers.call("mute", {}, timeout=SECONDS)
        with pytest.raises(CircuitOpen, match="tried again in"):
            await servers.call("rude", {}, timeout=SECONDS)
        servers.reset(spec.key)
        assert not (await servers.call("rude", {}, timeout=SECONDS)).failed


async def test_a_tool_that_fails_is_no_failure_of_its_server() -> None:
    async with following([stdio_spec(FAKE)]) as servers:
        await until(lambda: servers.find_tool("crash") is not None)
        for _ in range(8):
            assert (await servers.call("crash", {}, timeout=SECONDS)).failed


@pytest.fixture
async def followed(resources: Resources) -> Any:
    servers = ToolServers(inside(), built_in=FastMCP("keiko"))
    settings = resources.settings.model_copy(
        update={"outbound_private": ["127.0.0.1"], "mcp_commands": [python()]}
    )
    follower = Follower(replace(resources, settings=settings), servers)
    bus = Bus(resources.redis)
    follower.listen(bus)
    await servers.start()
    works = [asyncio.create_task(work) for work in (bus.run(), follower.run())]
    yield servers
    for work in works:
        work.cancel()
    await asyncio.wait(works)
    await servers.stop()


async def add(resources: Resources, server: ToolServerSettings, **more: Any) -> McpServer:
    row = McpServer(name=server.name, command=server.command, args=server.args, **more)
    async with resources.db.transaction() as session:
        session.add(row)
    return row


async def test_what_is_registered_is_opened_and_what_was_found_is_written_back(
    resources: Resources, followed: ToolServers, make_user: MakeUser
) -> None:
    row = await add(resources, FAKE)
    await reset_breaker(resources.redis, row.id)
    followed.noted(followed.list_servers()[0])
    await until(lambda: followed.find_tool("append_line") is not None)

    async with asyncio.timeout(20):
        while True:
            async with resources.db.transaction() as session:
                kept = await session.get_one(McpServer, row.id)
            health = await resources.redis.get(server_health_key(row.id))
            if kept.state is ServerState.CONNECTED and kept.tools and health:
                break
            await asyncio.sleep(0.05)
    assert kept.chosen is Transport.STDIO
    assert kept.state_text == "It is a program that is started here."
    assert "append_line" in {tool["name"] for tool in kept.tools}
    health_now = await read_health(resources.redis, [row.id], new_id())
    assert health_now[row.id].breaker == "closed"


async def test_what_a_server_logs_can_be_read_where_no_session_is(
    resources: Resources, followed: ToolServers
) -> None:
    row = await add(resources, FAKE)
    followed.noted(followed.list_servers()[0])
    await until(lambda: followed.find_tool("count") is not None)
    await followed.call("count", {"to": 3}, timeout=SECONDS)
    async with asyncio.timeout(20):
        while len(lines := await read_lines(resources.redis, row.id)) < 3:
            await asyncio.sleep(0.05)
    assert [line.text for line in lines] == ["counted 3", "counted 2", "counted 1"]


@pytest.mark.asvs("16.2.5")
async def test_what_a_server_writes_is_for_who_looks_after_it_and_in_no_log_of_ours(
    resources: Resources, followed: ToolServers
) -> None:
    said = "print('to the wrong pipe'); print('the letter reads: dear Ada', file=sys.stderr)"
    program = f"import sys, time; {said}; sys.stdout.flush(); time.sleep(60)"
    noisy = ToolServerSettings(name="noisy", command=python(), args=["-c", program])
    with structlog.testing.capture_logs() as logged:
        row = await add(resources, noisy)
        followed.noted(followed.list_servers()[0])
        await until(lambda: any(each.key == row.id for each in followed.list_servers()))
        async with asyncio.timeout(20):
            while len(lines := await read_lines(resources.redis, row.id)) < 2:
                await asyncio.sleep(0.05)
    assert {line.text for line in lines} == {"to the wrong pipe", "the letter reads: dear Ada"}
    assert [each["length"] for each in logged if each["event"] == "tool_server_said"]
    assert "dear Ada" not in repr(logged)
    assert "wrong pipe" not in repr(logged)


async def test_a_hint_resets_the_breaker_of_a_server(
    resources: Resources, followed: ToolServers
) -> None:
    row = await add(resources, FAKE)
    followed.noted(followed.list_servers()[0])
    await until(lambda: any(each.key == row.id for each in followed.list_servers()))
    breaker = server_of(followed, row.id).breaker
    for _ in range(5):
        breaker.enter()
        breaker.leave(failed=True)
    async with asyncio.timeout(20):
        while breaker.seconds_left():
            await reset_breaker(resources.redis, row.id)
            await asyncio.sleep(0.05)
    breaker.enter()
