"""Servers that nobody here wrote, as their own instructions start them, and a way to call them."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core.db import JSON
from app.core.settings import ToolServerSettings, python
from app.mcp.calls import AnswerNeeded
from app.mcp.contact import Contact, Progress, Sample, Wish
from app.mcp.results import ToolOutcome
from app.mcp.sessions import ToolServers
from app.mcp.spec import ServerSpec
from tests.fakes.http_tools import following, free_port, listens, spec_of, stdio_spec
from tests.fakes.tools import until
from tests.node_packages import node, script

SECONDS = 60.0
_PATHS = {"sse": "/sse", "streamableHttp": "/mcp"}


def python_server(module: str, *arguments: str) -> ServerSpec:
    """A server from Python's registry, as its own script starts it."""
    code = f"from {module} import main; main()"
    name = module.removeprefix("mcp_server_")
    return stdio_spec(
        ToolServerSettings(name=name, command=python(), args=["-c", code, *arguments])
    )


def node_server(package: str, *arguments: str, **env: str) -> ServerSpec:
    """A server from Node's registry, over stdio."""
    file = script(f"@modelcontextprotocol/server-{package}", "dist/index.js")
    return stdio_spec(
        ToolServerSettings(name=package, command=node(), args=[file, *arguments], env=env)
    )


@asynccontextmanager
async def everything(transport: str) -> AsyncIterator[ServerSpec]:
    """The server that offers something of each kind: `stdio`, `sse` or `streamableHttp`."""
    if transport == "stdio":
        yield node_server("everything")
        return
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        node(),
        script("@modelcontextprotocol/server-everything", "dist/index.js"),
        transport,
        env={**os.environ, "PORT": str(port)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SECONDS):
            while not await listens(port):
                await asyncio.sleep(0.05)
        yield spec_of("everything", f"http://127.0.0.1:{port}{_PATHS[transport]}")
    finally:
        process.kill()
        await process.wait()


class Person:
    """Says yes to whatever a server asks, with what it proposes, but for `entered`."""

    def __init__(self, **entered: object) -> None:
        self.entered = entered
        self.asked: list[JSON] = []
        self.open: AnswerNeeded | None = None
        self.given_up: AnswerNeeded | None = None

    async def ask(self, content: JSON) -> JSON:
        self.asked.append(content)
        fields = content.get("fields", [])
        proposed = {each["name"]: each["default"] for each in fields if "default" in each}
        named = {each["name"] for each in fields}
        entered = {name: value for name, value in self.entered.items() if name in named}
        return {"action": "accept", "content": {**proposed, **entered}}

    async def sample(self, content: JSON, wish: Wish) -> Sample:
        self.asked.append(content)
        return Sample(text="I am a model.", model="scripted")


class Foreign:
    """One open server; a tool is called by its own name, as soon as it is offered."""

    def __init__(self, servers: ToolServers) -> None:
        self.servers = servers

    async def call(
        self,
        tool: str,
        arguments: JSON | None = None,
        *,
        progress: Progress | None = None,
        person: Person | None = None,
    ) -> ToolOutcome:
        await until(lambda: self.servers.find_tool(tool) is not None)
        contact = Contact(progress=progress, asker=person)
        return await self.servers.call(tool, arguments or {}, timeout=SECONDS, contact=contact)

    async def text(
        self, tool: str, arguments: JSON | None = None, *, person: Person | None = None
    ) -> str:
        outcome = await self.call(tool, arguments, person=person)
        assert not outcome.failed, outcome.text
        return outcome.text


@asynccontextmanager
async def opened(spec: ServerSpec) -> AsyncIterator[Foreign]:
    async with following([spec]) as servers:
        yield Foreign(servers)
