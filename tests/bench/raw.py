"""MCP with nothing around it: one request written, one answer read. What a server itself takes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

Call = Callable[[str, dict[str, Any]], Awaitable[None]]
"""Calls a tool and waits for its answer."""

_HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "raw", "version": "1"},
}
_TYPES = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def _line(method: str, params: dict[str, Any], number: int | None = None) -> bytes:
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    return orjson.dumps(message if number is None else {**message, "id": number})


@asynccontextmanager
async def raw_stdio(*command: str) -> AsyncIterator[Call]:
    """A process of the server, by lines."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert child.stdin is not None
    assert child.stdout is not None
    numbers = iter(range(1, 1_000_000))

    async def ask(method: str, params: dict[str, Any]) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(_line(method, params, next(numbers)) + b"\n")
        await child.stdout.readline()

    try:
        await ask("initialize", _HELLO)
        child.stdin.write(_line("notifications/initialized", {}) + b"\n")
        yield lambda tool, arguments: ask("tools/call", {"name": tool, "arguments": arguments})
    finally:
        child.kill()
        await child.wait()


@asynccontextmanager
async def raw_http(url: str) -> AsyncIterator[Call]:
    """One connection, kept."""
    numbers = iter(range(1, 1_000_000))
    async with aiohttp.ClientSession(headers=_TYPES) as http:

        async def ask(method: str, params: dict[str, Any], number: int | None) -> str:
            async with http.post(url, data=_line(method, params, number)) as answer:
                answer.raise_for_status()
                await answer.read()
                return answer.headers.get("mcp-session-id", "")

        http.headers["mcp-session-id"] = await ask("initialize", _HELLO, next(numbers))
        await ask("notifications/initialized", {}, None)

        async def call(tool: str, arguments: dict[str, Any]) -> None:
            await ask("tools/call", {"name": tool, "arguments": arguments}, next(numbers))

        yield call
