"""Servers that mean harm: the worker lives on, and the others are not delayed."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool

from app.core.settings import ToolServerSettings, python
from app.mcp.discovery import MOST_TOOLS
from app.mcp.models import ServerState
from app.mcp.server import NoAnswer, Server
from app.mcp.sessions import ToolServers
from app.orchestrator.toolbox import toolbox
from tests.fakes.tools import FAKE, open_tool_servers

SECONDS = 20.0


def hostile(mode: str) -> ToolServerSettings:
    arguments = ["-m", "tests.fakes.hostile_server", mode]
    return ToolServerSettings(name=mode, command=python(), args=arguments)


@pytest.fixture(scope="module")
async def servers() -> AsyncIterator[ToolServers]:
    modes = ("plain", "many", "endless", "schemas", "rude", "noise", "deaf")
    async with open_tool_servers(*map(hostile, modes), FAKE) as opened:
        for mode in (*modes[:-1], "fake"):
            await found(opened, mode).keeper.opened()
        yield opened


def found(servers: ToolServers, name: str) -> Server:
    return next(each for each in servers.list_servers() if each.spec.name == name)


def offered(servers: ToolServers, name: str) -> set[str]:
    return {tool.remote_name for tool in servers.list_tools() if tool.server == name}


async def others_answer(servers: ToolServers) -> None:
    """A call to another server takes its usual time."""
    outcome = await servers.call("fake_clock", {}, timeout=SECONDS)
    assert outcome.text == "cuckoo"


async def test_a_call_that_is_never_answered_ends_and_delays_no_other(
    servers: ToolServers,
) -> None:
    call = asyncio.create_task(servers.call("mute", {}, timeout=2))
    await others_answer(servers)

    assert not call.done()
    with pytest.raises(NoAnswer, match="“mute” did not answer within 2 seconds"):
        await call


async def test_a_server_that_never_greets_offers_nothing_and_delays_no_other(
    servers: ToolServers,
) -> None:
    assert offered(servers, "deaf") == set()
    await others_answer(servers)


async def test_a_hundred_megabytes_are_not_read(servers: ToolServers) -> None:
    call = asyncio.create_task(servers.call("loud", {}, timeout=60))
    await others_answer(servers)

    with pytest.raises(NoAnswer, match="stopped during “loud”"):
        await call
    await others_answer(servers)
    assert (await servers.call("unreadable", {}, timeout=SECONDS)).failed


async def test_an_answer_that_is_no_mcp_is_a_failed_outcome(servers: ToolServers) -> None:
    outcome = await servers.call("unreadable", {}, timeout=SECONDS)

    assert (outcome.failed, outcome.text) == (True, "“unreadable” answered something unreadable.")


async def test_of_ten_thousand_tools_the_first_are_used_and_a_sentence_says_so(
    servers: ToolServers,
) -> None:
    assert len(found(servers, "many").keeper.tools) == MOST_TOOLS
    assert "more tools than can be used; the first 500" in found(servers, "many").keeper.sentence


async def test_a_list_of_tools_without_an_end_is_read_to_a_bound(servers: ToolServers) -> None:
    keeper = found(servers, "endless").keeper

    assert keeper.state is ServerState.CONNECTED
    assert "does not end" in keeper.sentence
    assert len(keeper.tools) == 200


async def test_a_schema_that_never_ends_is_left_out_and_the_others_reach_the_model(
    servers: ToolServers,
) -> None:
    keeper = found(servers, "schemas").keeper

    assert {tool.name for tool in keeper.tools} == {"away", "gone", "slow", "node", "vast"}
    assert "“bomb”, “huge”" in keeper.sentence
    mine = [tool for tool in servers.list_tools() if tool.server == "schemas"]
    for tool in toolbox(mine):
        assert msgspec.json.encode(convert_to_openai_tool(tool)["function"]["parameters"])


async def test_a_tool_named_like_anothers_does_not_take_its_place(servers: ToolServers) -> None:
    clock = servers.find_tool("clock")

    assert clock is not None and clock.server == "keiko"
    assert {"clock", "mute"} <= offered(servers, "rude")
    mute = servers.find_tool("mute")
    assert mute is not None and mute.server == "plain"


@pytest.mark.asvs("1.3.3")
async def test_descriptions_carry_neither_markup_nor_commands_to_a_screen(
    servers: ToolServers,
) -> None:
    tool = next(t for t in servers.list_tools() if t.server == "rude" and t.remote_name == "rude")

    assert tool.description == "Reads red txet."


@pytest.mark.asvs("1.3.3")
async def test_answers_carry_no_commands_to_a_screen(servers: ToolServers) -> None:
    outcome = await servers.call("rude", {}, timeout=SECONDS)

    assert outcome.text == "<script>alert(1)</script>\ncleared\nab"


async def test_what_a_server_writes_beside_the_protocol_disturbs_nothing(
    servers: ToolServers,
) -> None:
    assert found(servers, "noise").keeper.state is ServerState.CONNECTED
