"""Whose call a server asks about: a person is asked about their own, and about nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from app.core.clock import new_id
from app.core.db import JSON
from app.core.settings import ToolServerSettings, python
from app.mcp.calls import AnswerNeeded
from app.mcp.contact import Contact, Sample, Wish
from app.mcp.server import NoAnswer
from app.mcp.sessions import ToolOutcome, ToolServers
from app.mcp.spec import ServerSpec
from tests.fakes.http_tools import following, http_tools, spec_of, stdio_spec
from tests.fakes.tools import until

ASKING = ToolServerSettings(
    name="asking", command=python(), args=["-m", "tests.fakes.asking_server"]
)
WAYS = ["stdio", "sse", "streamable-http"]


class Person:
    """Somebody with calls: what they were asked, and what they say to it."""

    def __init__(self, servers: ToolServers) -> None:
        self.id = new_id()
        self.servers = servers
        self.asked: list[str] = []
        self.thinks = asyncio.Event()
        self.thinks.set()
        self.open: AnswerNeeded | None = None
        self.given_up: AnswerNeeded | None = None

    async def ask(self, content: JSON) -> JSON:
        self.asked.append(content["message"])
        await self.thinks.wait()
        return {"action": "accept", "content": {"name": "Ada"}}

    async def sample(self, content: JSON, wish: Wish) -> Sample:
        self.asked.append(content["messages"][0]["text"])
        return Sample(text="I am a model.", model="scripted")

    async def call(self, tool: str, seconds: float = 20, **arguments: object) -> ToolOutcome:
        return await self.servers.call(
            tool, arguments, timeout=seconds, user_id=self.id, contact=Contact(asker=self)
        )

    async def greet(self, word: str) -> str:
        return (await self.call("greet", word=word)).text


@asynccontextmanager
async def server_over(way: str, **more: object) -> AsyncIterator[ServerSpec]:
    if way == "stdio":
        yield stdio_spec(ASKING, **more)
        return
    async with http_tools(way, "asking_server") as remote:
        yield spec_of("asking", remote.url)


@pytest.fixture(params=WAYS)
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[ToolServers]:
    """One server, for everybody."""
    async with server_over(request.param) as spec, following([spec]) as servers:
        await until(lambda: servers.find_tool("greet") is not None)
        yield servers


async def test_a_person_is_asked_and_their_answer_reaches_the_tool(shared: ToolServers) -> None:
    ada = Person(shared)

    assert await ada.greet("Hello") == "Hello, Ada!"

    assert ada.asked == ["Hello whom?"]


async def test_two_users_at_once_are_asked_each_about_their_own_call(shared: ToolServers) -> None:
    ada, bob = Person(shared), Person(shared)

    await asyncio.gather(ada.greet("Hello"), bob.greet("Good day"))  # one may be refused, once
    said = await asyncio.gather(ada.greet("Hello"), bob.greet("Good day"))

    assert list(said) == ["Hello, Ada!", "Good day, Ada!"]
    assert set(ada.asked) == {"Hello whom?"}
    assert set(bob.asked) == {"Good day whom?"}


async def test_nobody_else_waits_while_a_person_thinks(shared: ToolServers) -> None:
    ada, bob = Person(shared), Person(shared)
    ada.thinks.clear()
    greeting = asyncio.create_task(ada.greet("Hello"))
    await until(lambda: bool(ada.asked))

    assert (await bob.call("ready")).text == "ready"
    assert (await ada.call("ready")).text == "ready"

    ada.thinks.set()
    assert await greeting == "Hello, Ada!"


async def test_what_a_call_asks_that_nobody_awaits_any_more_is_shown_to_nobody() -> None:
    async with server_over("stdio") as spec, following([spec]) as servers:
        await until(lambda: servers.find_tool("later") is not None)
        ada, bob = Person(servers), Person(servers)
        waiting = asyncio.create_task(ada.call("later", delay=0.5))
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert "Nobody can be asked" in await bob.greet("Good day")
        assert await bob.greet("Good day") == "Good day, Ada!"
        assert set(bob.asked) == {"Good day whom?"}
        assert ada.asked == []


async def test_the_time_of_a_call_stands_still_while_a_person_is_asked() -> None:
    async with server_over("stdio", timeout_seconds=1) as spec, following([spec]) as servers:
        await until(lambda: servers.find_tool("greet") is not None)
        ada = Person(servers)
        ada.thinks.clear()
        greeting = asyncio.create_task(ada.greet("Hello"))
        await until(lambda: bool(ada.asked))
        with pytest.raises(NoAnswer):
            await ada.call("later", delay=30)
        assert not greeting.done()
        ada.thinks.set()
        assert await greeting == "Hello, Ada!"


async def test_where_nobody_can_be_asked_a_server_is_told_so(shared: ToolServers) -> None:
    outcome = await shared.call("greet", {}, timeout=20, user_id=new_id())

    assert outcome.failed
    assert "Nobody can be asked" in outcome.text


async def test_a_schema_that_is_no_form_is_refused_to_the_server(shared: ToolServers) -> None:
    ada = Person(shared)
    nested = {"type": "object", "properties": {"deep": {"type": "object"}}}

    outcome = await ada.call("form", schema=nested)

    assert outcome.failed
    assert "“deep” is none of string, number" in outcome.text
    assert ada.asked == []


async def test_a_server_is_told_of_its_folders_and_when_they_change() -> None:
    async with server_over("stdio", roots=("/srv/a folder",)) as spec, following([spec]) as servers:
        await until(lambda: servers.find_tool("folders") is not None)
        ada = Person(servers)
        assert (await ada.call("folders")).text == "0 file:///srv/a%20folder"

        servers.follow([replace(spec, roots=("/srv/b", "/srv/c"))])

        said = "1 file:///srv/b file:///srv/c"
        async with asyncio.timeout(20):
            while (await ada.call("folders")).text != said:
                await asyncio.sleep(0.05)


async def test_a_server_without_folders_is_told_so(shared: ToolServers) -> None:
    assert (await Person(shared).call("folders")).text == "0"
