"""Servers over Streamable HTTP and SSE: found by trying, watched, opened anew."""

import asyncio
from asyncio import gather
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.errors import Invalid, Unavailable
from app.core.settings import Settings
from app.mcp.models import ServerState, Transport
from app.mcp.oauth.needed import SignInNeeded
from app.mcp.probe import probe
from app.mcp.server import NoAnswer, Server
from app.mcp.sessions import ToolServers
from tests.fakes.hostile_http import hostile_http
from tests.fakes.http_tools import HttpTools, following, free_port, http_tools, inside, spec_of
from tests.fakes.tools import until

SECONDS = 20.0
KINDS = {"streamable-http": Transport.STREAMABLE_HTTP, "sse": Transport.SSE}


@pytest.fixture(params=KINDS)
async def remote(request: pytest.FixtureRequest) -> AsyncIterator[HttpTools]:
    async with http_tools(request.param) as server:
        yield server


async def _opened(servers: ToolServers) -> Server:
    server = next(each for each in servers.list_servers() if each.spec.id is not None)
    await server.keeper.opened()
    return server


async def _text(servers: ToolServers, tool: str, /, **arguments: object) -> str:
    outcome = await servers.call(tool, dict(arguments), timeout=SECONDS)
    assert not outcome.failed, outcome.text
    return outcome.text


async def test_the_transport_is_found_by_trying_and_a_sentence_says_why(
    remote: HttpTools,
) -> None:
    found = await probe(spec_of("there", remote.url), inside())

    assert found.transport is KINDS[remote.kind]
    assert found.server_name == "fake"
    assert "append_line" in {tool.name for tool in found.tools}
    assert found.why == (
        "Streamable HTTP was tried first and works."
        if remote.kind != "sse"
        else "Chosen because Streamable HTTP was refused: It answers HTTP 405."
    )


async def test_what_worked_is_tried_first_the_next_time(remote: HttpTools) -> None:
    chosen = KINDS[remote.kind]
    found = await probe(spec_of("there", remote.url, chosen=chosen), inside())

    assert found.transport is chosen
    assert "is what worked before" in found.why


async def test_fifty_calls_at_once_each_get_their_own_answer(remote: HttpTools) -> None:
    async with following([spec_of("there", remote.url)]) as servers:
        await _opened(servers)
        texts = await gather(*(_text(servers, "say", runtime=str(n), config={}) for n in range(50)))

    assert texts == [f"{n} {{}}" for n in range(50)]


async def test_a_server_that_dies_in_a_call_ends_it_at_once_and_is_found_again(
    remote: HttpTools, tmp_path: Path
) -> None:
    async with following([spec_of("there", remote.url, timeout_seconds=300)]) as servers:
        await _opened(servers)
        with pytest.raises(NoAnswer):
            await asyncio.wait_for(
                servers.call("die", {"path": str(tmp_path / "line")}, timeout=SECONDS), 30
            )
        await remote.kill()
        await remote.start()

        assert await _text(servers, "there_clock") == "cuckoo"
    assert (tmp_path / "line").read_text(encoding="utf-8") == "died\n"


async def test_a_restarted_server_is_called_once_in_a_new_session(
    remote: HttpTools, tmp_path: Path
) -> None:
    async with following([spec_of("there", remote.url)]) as servers:
        await _opened(servers)
        await remote.kill()
        await remote.start()
        await _text(servers, "append_line", path=str(tmp_path / "lines"), text="once")

    assert (tmp_path / "lines").read_text(encoding="utf-8") == "once\n"


async def test_a_cancelled_call_is_cancelled_at_its_server(
    remote: HttpTools, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    async with following([spec_of("there", remote.url, timeout_seconds=0.5)]) as servers:
        await _opened(servers)
        with pytest.raises(NoAnswer, match="within 0.5 seconds"):
            await servers.call("slow", {"seconds": 60, "told": str(told)}, timeout=SECONDS)
        await until(told.exists)


async def test_an_address_inside_is_refused_with_a_sentence(remote: HttpTools) -> None:
    closed = Settings(_env_file=None)
    with pytest.raises(Invalid, match="inside this network"):
        await probe(spec_of("there", remote.url), closed)
    with pytest.raises((Invalid, Unavailable), match="inside this network"):
        await probe(spec_of("there", remote.url.replace("127.0.0.1", "localhost")), closed)


async def test_who_does_not_listen_is_said_in_a_sentence_and_tried_again() -> None:
    server = HttpTools("streamable-http")
    async with following([spec_of("later", server.url)]) as servers:
        [spec] = [each for each in servers.list_servers() if each.spec.id]
        await until(lambda: spec.keeper.state is ServerState.AWAY)
        assert "Nobody listens" in spec.keeper.sentence
        await server.start()
        try:
            await until(lambda: servers.find_tool("append_line") is not None)
        finally:
            await server.kill()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/404", "no MCP server at this address"),
        ("/500", "HTTP 500"),
        ("/redirect", "sends us elsewhere"),
        ("/html", "text/html"),
        ("/json", "not MCP"),
        ("/large", "more than 8 MB"),
        ("/packed", "not MCP"),
    ],
)
async def test_what_is_no_server_is_said_in_a_sentence(path: str, sentence: str) -> None:
    async with hostile_http() as (url, seen):
        with pytest.raises(Unavailable, match=sentence):
            await probe(spec_of("odd", url + path, transport=Transport.STREAMABLE_HTTP), inside())

    assert "/elsewhere" not in seen


async def test_that_somebody_has_to_sign_in_is_said_in_a_sentence() -> None:
    async with hostile_http() as (url, _):
        with pytest.raises(SignInNeeded, match="wants you to sign in"):
            await probe(spec_of("odd", f"{url}/401"), inside())
        said = {"Authorization": "Bearer mine"}
        with pytest.raises(Unavailable, match="check the headers"):
            await probe(spec_of("odd", f"{url}/401", headers=said), inside())


async def test_nobody_at_an_address_is_said_in_a_sentence() -> None:
    url = f"http://127.0.0.1:{free_port()}/mcp"
    with pytest.raises(Unavailable, match="“gone” cannot be used. Nobody listens"):
        await probe(spec_of("gone", url), inside())


async def test_a_program_that_is_not_there_is_said_in_a_sentence() -> None:
    spec = spec_of("gone", "", command="/nonexistent/program", transport=Transport.STDIO)
    with pytest.raises(Unavailable, match="“/nonexistent/program” was not found"):
        await probe(spec, inside())


async def test_a_program_that_ends_at_once_is_said_in_a_sentence() -> None:
    spec = spec_of("short", "", command="/bin/true", transport=Transport.STDIO)
    with pytest.raises(Unavailable, match="“short” cannot be used. It ended before"):
        await probe(spec, inside())
