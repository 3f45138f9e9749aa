import asyncio
from asyncio import gather, sleep, wait_for
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from app.core.errors import Unavailable
from app.core.settings import Settings, ToolServerSettings, python
from app.mcp import keeper
from app.mcp.beginning import find_soon
from app.mcp.server import NoAnswer, Server
from app.mcp.sessions import ToolServers
from app.mcp.spec import ServerSpec
from app.mcp.transports import Ears, Opened, in_memory
from tests.fakes.tools import FAKE, open_tool_servers, until
from tools.server import build_server

SECONDS = 20.0


async def _text(tool_servers: ToolServers, tool: str, /, **arguments: object) -> str:
    outcome = await tool_servers.call(tool, dict(arguments), timeout=SECONDS)
    assert not outcome.failed, outcome.text
    return outcome.text


async def test_the_tools_of_all_servers_stand_in_one_list(tool_servers: ToolServers) -> None:
    tools = {tool.name: tool for tool in tool_servers.list_tools()}

    assert tools["clock"].server == "keiko"
    assert tools["calculator"].read_only
    assert tools["fake_clock"].server == "fake"
    assert not tools["append_line"].read_only
    assert tools["append_line"].input_schema["required"] == ["path", "text"]
    assert await _text(tool_servers, "calculator", expression="12*7+3") == "12*7+3 = 87"
    assert await _text(tool_servers, "fake_clock") == "cuckoo"


async def test_a_hundred_calls_at_once_each_get_their_own_answer(tool_servers: ToolServers) -> None:
    texts = await gather(
        *(_text(tool_servers, "calculator", expression=f"{n}*2") for n in range(100)),
        *(_text(tool_servers, "say", runtime=str(n), config={}) for n in range(100)),
    )

    assert texts == [f"{n}*2 = {n * 2}" for n in range(100)] + [f"{n} {{}}" for n in range(100)]


async def test_a_tool_that_raises_is_an_outcome_and_not_the_end_of_the_session(
    tool_servers: ToolServers,
) -> None:
    outcome = await tool_servers.call("crash", {}, timeout=SECONDS)

    assert outcome.failed
    assert "Traceback" not in outcome.text
    assert await _text(tool_servers, "fake_clock") == "cuckoo"


async def test_wrong_arguments_are_a_failed_outcome(tool_servers: ToolServers) -> None:
    outcome = await tool_servers.call("append_line", {"text": 5}, timeout=SECONDS)

    assert outcome.failed
    assert "path" in outcome.text


async def test_a_tool_that_nobody_offers_is_unavailable(tool_servers: ToolServers) -> None:
    with pytest.raises(Unavailable, match="no tool “juggle”"):
        await tool_servers.call("juggle", {}, timeout=SECONDS)


async def test_a_server_that_dies_in_a_call_is_started_anew(tool_servers: ToolServers) -> None:
    before = await _text(tool_servers, "process_id")

    with pytest.raises(NoAnswer, match="stopped during “die”"):
        await tool_servers.call("die", {}, timeout=SECONDS)

    assert await _text(tool_servers, "process_id") != before


async def test_a_server_that_died_unseen_is_started_anew_by_the_next_call(
    tool_servers: ToolServers,
) -> None:
    before = psutil.Process(int(await _text(tool_servers, "process_id")))
    before.kill()
    await asyncio.to_thread(before.wait)
    await sleep(0.5)

    assert await _text(tool_servers, "process_id") != str(before.pid)


async def test_all_calls_to_a_dying_server_end_and_the_next_ones_work(
    tool_servers: ToolServers,
) -> None:
    waiting = [
        asyncio.create_task(tool_servers.call("slow", {"seconds": 60}, timeout=SECONDS))
        for _ in range(5)
    ]
    await sleep(0.2)
    with pytest.raises(NoAnswer):
        await tool_servers.call("die", {}, timeout=SECONDS)

    ends = await gather(*waiting, return_exceptions=True)
    assert all(isinstance(end, NoAnswer) for end in ends)
    assert await _text(tool_servers, "fake_clock") == "cuckoo"
    assert await _text(tool_servers, "calculator", expression="1+1") == "1+1 = 2"


async def test_a_call_that_takes_too_long_is_given_up_and_its_server_told(
    tool_servers: ToolServers, tmp_path: Path
) -> None:
    told = tmp_path / "told"

    with pytest.raises(NoAnswer, match="did not answer within 0.3 seconds"):
        await tool_servers.call("slow", {"seconds": 60, "told": str(told)}, timeout=0.3)

    await until(told.exists)
    assert await _text(tool_servers, "fake_clock") == "cuckoo"


async def test_a_cancelled_call_is_cancelled_at_its_server_and_only_there(
    tool_servers: ToolServers, tmp_path: Path
) -> None:
    told, untold = tmp_path / "told", tmp_path / "untold"
    calls = [
        asyncio.create_task(
            tool_servers.call("slow", {"seconds": 1.5, "told": str(path)}, timeout=SECONDS)
        )
        for path in (untold, told)
    ]
    await sleep(0.3)
    calls[1].cancel()

    with pytest.raises(asyncio.CancelledError):
        await calls[1]
    await until(told.exists)
    assert (await calls[0]).text == "Waited 1.5 seconds."
    assert not untold.exists()


async def test_a_dead_server_delays_neither_the_start_nor_the_others() -> None:
    broken = ToolServerSettings(name="broken", command="/nonexistent/program")
    mute = ToolServerSettings(name="mute", command=python(), args=["-c", "input()"])
    async with open_tool_servers(broken, mute, FAKE) as servers:
        assert await wait_for(_text(servers, "calculator", expression="2*3"), 15) == "2*3 = 6"
        await until(lambda: servers.find_tool("append_line") is not None)
        assert await _text(servers, "fake_clock") == "cuckoo"


async def test_a_new_tool_is_offered_as_soon_as_its_server_says_so(
    tool_servers: ToolServers,
) -> None:
    before = tool_servers.version_for()

    await _text(tool_servers, "learn", name="anna")
    await until(lambda: tool_servers.find_tool("anna") is not None)

    assert tool_servers.version_for() != before
    assert await _text(tool_servers, "anna") == "I am anna."


async def test_the_servers_end_with_their_sessions() -> None:
    async with open_tool_servers(FAKE) as servers:
        await until(lambda: servers.find_tool("process_id") is not None)
        process = psutil.Process(int(await _text(servers, "process_id")))

    assert not process.is_running()


async def test_a_server_that_is_only_being_opened_is_left_without_waiting_to_cut_it_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper, "_STOP_SECONDS", 3 * SECONDS)
    opening, is_left = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def slowly(ears: Ears) -> AsyncIterator[Opened]:
        opening.set()
        await is_left.wait()
        async with in_memory(build_server())(ears) as opened:
            yield opened

    server = Server(ServerSpec(name="slow"), slowly, changed=lambda _: None, noted=lambda _: None)
    server.keeper.start()
    await opening.wait()
    leaving = asyncio.create_task(server.keeper.stop())
    await sleep(0)
    is_left.set()
    async with asyncio.timeout(2 * SECONDS):
        await leaving
    assert not server.keeper.is_kept


@pytest.mark.asvs("13.3.1")
async def test_the_operators_servers_know_no_secret_of_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KEIKO_MODEL_KEY", "hush-hush")
    seen = tmp_path / "environment"
    script = f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ))); input()"
    server = ToolServerSettings(
        name="nosy", command=python(), args=["-c", script], env={"OWN": "value"}
    )
    async with open_tool_servers(server):
        await until(seen.exists)

    environment = seen.read_text(encoding="utf-8")
    assert "hush-hush" not in environment
    assert "'OWN': 'value'" in environment


def test_two_servers_with_one_name_are_refused_at_the_start() -> None:
    settings = Settings(_env_file=None, tool_servers=[FAKE, FAKE])

    with pytest.raises(RuntimeError, match="KEIKO_TOOL_SERVERS: “fake”"):
        ToolServers(settings, built_in=build_server())


async def test_a_call_made_again_waits_for_a_server_that_is_only_being_opened() -> None:
    servers = ToolServers(Settings(_env_file=None, tool_servers=[FAKE]), built_in=build_server())
    try:
        assert servers.find_tool("append_line") is None
        assert await find_soon(servers, "append_line", None) is not None
        assert await find_soon(servers, "nonsense", None) is None
    finally:
        await servers.stop()
