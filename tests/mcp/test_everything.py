"""The reference server that offers something of each kind, over each transport: all its tools."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mcp import types

from app.mcp.models import Transport
from app.mcp.probe import probe
from app.mcp.spec import ServerSpec
from tests.fakes.foreign import SECONDS, Foreign, Person, everything, opened
from tests.fakes.http_tools import inside
from tests.fakes.tools import until

TRANSPORTS = {
    "stdio": Transport.STDIO,
    "sse": Transport.SSE,
    "streamableHttp": Transport.STREAMABLE_HTTP,
}


@pytest.fixture(scope="module", params=list(TRANSPORTS))
async def way(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Transport, ServerSpec]]:
    async with everything(request.param) as spec:
        yield TRANSPORTS[request.param], spec


@pytest.fixture
async def server(way: tuple[Transport, ServerSpec]) -> AsyncIterator[Foreign]:
    async with opened(way[1]) as server:
        yield server


async def test_the_way_to_it_is_found_out(way: tuple[Transport, ServerSpec]) -> None:
    transport, spec = way

    found = await probe(spec, inside())

    assert found.transport is transport
    assert len(found.tools) >= 12


async def test_texts_and_numbers_come_back(server: Foreign) -> None:
    assert await server.text("echo", {"message": "hello"}) == "Echo: hello"
    assert "is 5" in await server.text("get-sum", {"a": 2, "b": 3})
    assert "PATH" in json.loads(await server.text("get-env"))


async def test_structured_content_comes_back(server: Foreign) -> None:
    told = await server.text("get-structured-content", {"location": "Chicago"})

    assert set(json.loads(told)) == {"temperature", "conditions", "humidity"}


async def test_pictures_links_and_resources_come_back(server: Foreign) -> None:
    picture = await server.text("get-tiny-image")
    noted = await server.text("get-annotated-message", {"messageType": "error"})
    links = await server.text("get-resource-links", {"count": 3})
    reference = {"resourceType": "Text", "resourceId": 1}
    embedded = await server.text("get-resource-reference", reference)
    packed = {"name": "a.gz", "data": "data:text/plain,hello", "outputType": "resource"}

    assert "image/png" in picture
    assert "Error" in noted
    assert links.count("demo://") == 3
    assert "Resource 1" in embedded
    assert "application/gzip" in await server.text("gzip-file-as-resource", packed)


async def test_switches_are_turned_on_and_off(server: Foreign) -> None:
    for tool in ("toggle-simulated-logging", "toggle-subscriber-updates"):
        assert "Started" in await server.text(tool)
        assert "Stopped" in await server.text(tool)


async def test_a_long_call_tells_how_far_it_is(server: Foreign) -> None:
    told: list[tuple[float, float | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total))

    steps = {"duration": 0.4, "steps": 4}
    outcome = await server.call("trigger-long-running-operation", steps, progress=hear)

    assert "completed" in outcome.text
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


async def test_a_form_is_filled_in_by_a_person(server: Foreign) -> None:
    person = Person(name="Ada Lovelace", check=True)

    told = await server.text("trigger-elicitation-request", person=person)

    fields = {field["name"]: field for field in person.asked[0]["fields"]}
    assert fields["integer"]["type"] == "integer"
    assert fields["titledSingleSelectEnum"]["choices"][0] == {
        "value": "hero-1",
        "title": "Superman",
    }
    assert "Ada Lovelace" in told
    assert "Monica" in told


async def test_it_may_use_the_model_and_learns_of_folders(server: Foreign) -> None:
    person = Person()
    asked = {"prompt": "Which sea is deepest?", "maxTokens": 20}

    told = await server.text("trigger-sampling-request", asked, person=person)
    folders = await server.text("get-roots-list", person=person)

    assert "Which sea is deepest?" in person.asked[0]["messages"][0]["text"]
    assert person.asked[0]["max_tokens"] == 20
    assert "I am a model." in told
    assert "root" in folders


async def test_what_takes_long_is_followed_as_a_task_of_the_server(server: Foreign) -> None:
    said: list[str | None] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        said.append(message)

    query = {"topic": "the sea"}
    outcome = await server.call("simulate-research-query", query, progress=hear)

    assert not outcome.failed
    assert "the sea" in outcome.text
    assert "Gathering sources..." in said
    assert len(said) >= 3


async def test_what_takes_long_may_ask_on_its_way(server: Foreign) -> None:
    person = Person(interpretation="snake")

    query = {"topic": "python", "ambiguous": True}
    told = await server.text("simulate-research-query", query, person=person)

    assert person.asked[0]["fields"][0]["name"] == "interpretation"
    assert "snake" in told


async def test_what_takes_long_is_cancelled_when_nobody_waits_for_it(server: Foreign) -> None:
    begun = asyncio.Event()

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        begun.set()

    query = {"topic": "the sky"}
    call = asyncio.create_task(server.call("simulate-research-query", query, progress=hear))
    async with asyncio.timeout(SECONDS):
        await begun.wait()
    call.cancel()
    await asyncio.wait([call])

    opened = next(each for each in server.servers.list_servers() if each.spec.id)
    session = await opened.keeper.opened()
    async with asyncio.timeout(SECONDS):
        while True:
            listed = await session.send_request(
                types.ClientRequest(types.ListTasksRequest()), types.ListTasksResult
            )
            if "cancelled" in [task.status for task in listed.tasks]:
                break
            await asyncio.sleep(0.1)


async def test_the_model_is_lent_to_it_with_consent(server: Foreign) -> None:
    person = Person()

    told = await server.text(
        "trigger-sampling-request", {"prompt": "Who are you?", "maxTokens": 50}, person=person
    )

    assert "Who are you?" in str(person.asked[0])
    assert "I am a model." in told


@pytest.mark.parametrize("is_refused_first", [False, True])
async def test_a_person_is_sent_to_a_page(server: Foreign, *, is_refused_first: bool) -> None:
    person = Person()
    page = {"url": "https://example.org/pay", "errorPath": is_refused_first}

    told = await server.text("trigger-url-elicitation", page, person=person)

    assert [asked["url"] for asked in person.asked][-1] == "https://example.org/pay"
    assert "completed" in told


async def test_it_may_know_of_folders(server: Foreign) -> None:
    assert "roots" in await server.text("get-roots-list")


async def test_each_of_its_tools_is_called_by_these_tests(server: Foreign) -> None:
    await until(lambda: server.servers.find_tool("echo") is not None)

    offered = {tool.remote_name for tool in server.servers.list_tools() if tool.server_id}

    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in offered if f'"{name}"' not in source] == []
