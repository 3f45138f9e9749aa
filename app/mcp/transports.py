"""How a session with a server is opened: in this process, with a process of its own, over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from mcp import ClientSession, McpError
from mcp.client.session import LoggingFnT, MessageHandlerFnT
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.fastmcp import FastMCP
from mcp.shared.memory import create_connected_server_and_client_session
from mcp.types import Implementation, InitializeResult, LoggingMessageNotificationParams

from app.core.errors import AppError, Invalid
from app.core.outbound import Allowed, check_url
from app.mcp.asking import Asking, Session
from app.mcp.faults import REFUSED, leaf, sentence_of
from app.mcp.http import open_client
from app.mcp.models import Transport
from app.mcp.oauth.bearer import Sender
from app.mcp.spec import ServerSpec
from app.mcp.stdio import Incoming, Outgoing, open_process

OPEN_SECONDS = 60.0
"""A server may have to download itself before it answers for the first time."""

_US = Implementation(name="keiko", version="1")
_NAMES = {Transport.STREAMABLE_HTTP: "Streamable HTTP", Transport.SSE: "SSE"}


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A session that is ready, over which transport it goes, and why over this one."""

    session: ClientSession
    transport: Transport | None = None
    why: str = ""
    greeting: InitializeResult | None = None


@dataclass(frozen=True)
class Ears:
    """Who hears what a server says by itself: its messages, its log, and what it asks.

    Where nobody can be asked, servers are not told that they may.
    """

    message: MessageHandlerFnT
    log: LoggingFnT
    asking: Asking | None = None


Connect = Callable[[Ears], AbstractAsyncContextManager[Opened]]
"""Opens a session, ready for use."""


def in_memory(server: FastMCP[Any]) -> Connect:
    """A real session with a server object of this process."""

    @asynccontextmanager
    async def connect(ears: Ears) -> AsyncIterator[Opened]:
        async with create_connected_server_and_client_session(
            server, message_handler=ears.message, logging_callback=ears.log
        ) as session:
            yield Opened(session=session)

    return connect


def to_server(spec: ServerSpec, private: Sequence[str], sender: Sender | None = None) -> Connect:
    """The way to a server by its transport; `auto` tries, and begins with what worked last."""
    way = _Way(spec, private, sender)
    tried = _order(spec)
    worked: list[Transport] = []

    @asynccontextmanager
    async def connect(ears: Ears) -> AsyncIterator[Opened]:
        why = ""
        order = [*worked, *(each for each in tried if each not in worked)]
        for transport in order:
            begun = False
            try:
                async with _open(way, transport, ears) as (session, greeting):
                    begun, worked[:] = True, [transport]
                    why = why or _first(spec, transport)
                    yield Opened(session=session, transport=transport, why=why, greeting=greeting)
                    return
            except _NOT_THIS_WAY as error:
                if begun or transport is order[-1] or not _is_other(error):
                    raise
                reason = sentence_of(error)
                why = f"Chosen because {_NAMES[transport]} was refused: {reason}"

    return connect


@dataclass(frozen=True)
class _Way:
    """What opening a session needs to know."""

    spec: ServerSpec
    private: Sequence[str]
    sender: Sender | None


_NOT_THIS_WAY = (McpError, httpx.HTTPError, BaseExceptionGroup)


def _order(spec: ServerSpec) -> list[Transport]:
    if spec.command is not None or spec.transport is Transport.STDIO:
        return [Transport.STDIO]
    if spec.transport is not Transport.AUTO:
        return [spec.transport]
    known = [Transport.STREAMABLE_HTTP, Transport.SSE]
    return known[::-1] if spec.chosen is Transport.SSE else known


def _first(spec: ServerSpec, transport: Transport) -> str:
    if transport is Transport.STDIO:
        return "It is a program that is started here."
    if spec.transport is not Transport.AUTO:
        return f"{_NAMES[transport]} is what it was registered with."
    if spec.chosen is transport:
        return f"{_NAMES[transport]} is what worked before."
    return f"{_NAMES[transport]} was tried first and works."


def _is_other(error: BaseException) -> bool:
    """Whether the address answers, but not in this way: another transport may be understood."""
    error = leaf(error)
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code not in (401, 403, 429)
    if isinstance(error, McpError):
        text = error.error.message
        return error.error.code == REFUSED and not any(f"HTTP {n}" in text for n in (401, 403, 429))
    return not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, AppError))


@asynccontextmanager
async def _open(
    way: _Way, transport: Transport, ears: Ears
) -> AsyncIterator[tuple[ClientSession, InitializeResult]]:
    async with (
        _PIPES[transport](way, ears) as (incoming, outgoing),
        Session(
            incoming,
            outgoing,
            message_handler=ears.message,
            logging_callback=ears.log,
            elicitation_callback=ears.asking.elicit if ears.asking else None,
            list_roots_callback=ears.asking.list_roots if ears.asking else None,
            sampling_callback=ears.asking.sample if ears.asking else None,
            client_info=_US,
        ) as session,
    ):
        async with asyncio.timeout(OPEN_SECONDS):
            greeting = await session.initialize()
        yield session, greeting


@asynccontextmanager
async def _stdio(way: _Way, ears: Ears) -> AsyncIterator[tuple[Incoming, Outgoing]]:
    spec = way.spec
    if not spec.command:
        raise Invalid("Name the program that is to be started.", field="command")

    async def hear(line: str) -> None:
        await ears.log(LoggingMessageNotificationParams(level="debug", data=line))

    async with open_process(spec.name, spec.command, spec.args, spec.env, hear) as pipe:
        yield pipe


@asynccontextmanager
async def _streamable(way: _Way, ears: Ears) -> AsyncIterator[tuple[Incoming, Outgoing]]:
    spec = way.spec
    url = check_url(spec.url or "", allowed=way.private)
    asked = ears.asking.note if ears.asking else None
    async with (
        open_client(Allowed(way.private), spec.headers, asked=asked, sender=way.sender) as client,
        streamable_http_client(url, http_client=client) as (incoming, outgoing, _),
    ):
        yield incoming, outgoing


@asynccontextmanager
async def _sse(way: _Way, ears: Ears) -> AsyncIterator[tuple[Incoming, Outgoing]]:
    spec = way.spec
    url = check_url(spec.url or "", allowed=way.private)

    def client(*_: Any, **__: Any) -> httpx.AsyncClient:
        return open_client(
            Allowed(way.private), spec.headers, broken=ears.message, sender=way.sender
        )

    async with sse_client(url, httpx_client_factory=client) as pipe:
        yield pipe


_PIPES = {
    Transport.STDIO: _stdio,
    Transport.STREAMABLE_HTTP: _streamable,
    Transport.SSE: _sse,
}
