"""Sessions with the built-in server and with `tool_server.py`, as a worker opens them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.core.settings import Settings, ToolServerSettings, python
from app.mcp.sessions import ToolServers
from tools.server import build_server

FAKE = ToolServerSettings(name="fake", command=python(), args=["-m", "tests.fakes.tool_server"])

RICH = ToolServerSettings(name="rich", command=python(), args=["-m", "tests.fakes.rich_server"])


@asynccontextmanager
async def open_tool_servers(*servers: ToolServerSettings) -> AsyncIterator[ToolServers]:
    """The built-in server and `servers`, all of them ready."""
    settings = Settings(_env_file=None, tool_servers=list(servers))
    opened = ToolServers(settings, built_in=build_server())
    await opened.start()
    try:
        yield opened
    finally:
        await opened.stop()


@asynccontextmanager
async def open_fake_tools() -> AsyncIterator[ToolServers]:
    """The built-in server and the fake one, whose tools are offered already."""
    async with open_tool_servers(FAKE) as opened:
        await until(lambda: opened.find_tool("append_line") is not None)
        yield opened


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.02)
