"""MCP with a process of our own: one message per line, none larger than it may be.

The SDK's own way reads lines without a bound, and its time grows with the square of their length.
"""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCMessage

from app.core.cancel import end
from app.core.logs import log
from app.core.settings import foreign_environment
from app.mcp.http import LARGEST_MESSAGE
from app.mcp.words import plain_line

_GRACE_SECONDS = 2.0
_LINES_HEARD = 50
_LINE_HEARD = 500

Incoming = MemoryObjectReceiveStream[SessionMessage | Exception]
Outgoing = MemoryObjectSendStream[SessionMessage]
Hear = Callable[[str], Awaitable[None]]
"""Takes a line that is no message."""


@asynccontextmanager
async def open_process(
    name: str, command: str, args: tuple[str, ...], env: Mapping[str, str], hear: Hear
) -> AsyncIterator[tuple[Incoming, Outgoing]]:
    """Start a server, which knows no secret of ours; it ends with the session, and all it began."""
    process = await asyncio.create_subprocess_exec(
        command,
        *args,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=foreign_environment(**env),
        start_new_session=True,
        limit=LARGEST_MESSAGE,
    )
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise RuntimeError("The program was started without pipes.")
    put, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, take = anyio.create_memory_object_stream[SessionMessage](0)
    helpers = [
        asyncio.create_task(work)
        for work in (
            _read(name, process, process.stdout, put, hear),
            _write(process.stdin, take),
            _log(process.stderr, hear),
        )
    ]
    try:
        yield incoming, outgoing
    finally:
        process.stdin.close()
        await _finish(process)
        await end(*helpers)
        for stream in (put, incoming, outgoing, take):
            stream.close()


async def _read(
    name: str,
    process: Process,
    output: asyncio.StreamReader,
    put: MemoryObjectSendStream[SessionMessage | Exception],
    hear: Hear,
) -> None:
    with put, contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        while True:
            try:
                line = await output.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                log.warning("tool_server_too_loud", server=name, bytes=LARGEST_MESSAGE)
                break
            try:
                message = JSONRPCMessage.model_validate_json(line)
            except ValueError:
                await hear(_shown(line))
                continue
            await put.send(SessionMessage(message))
    _signal(process, signal.SIGKILL)
    while await output.read(64 * 1024):
        pass


async def _write(
    entry: asyncio.StreamWriter, take: MemoryObjectReceiveStream[SessionMessage]
) -> None:
    with take, contextlib.suppress(OSError):
        async for message in take:
            text = message.message.model_dump_json(by_alias=True, exclude_none=True)
            entry.write(text.encode(errors="replace") + b"\n")
            await entry.drain()


async def _log(errors: asyncio.StreamReader, hear: Hear) -> None:
    """What a server says to nobody in particular; the first lines of it are heard."""
    lines = 0
    while chunk := await errors.read(64 * 1024):
        for line in chunk.splitlines():
            lines += 1
            if lines <= _LINES_HEARD and line.strip():
                await hear(_shown(line))


def _shown(line: bytes) -> str:
    return plain_line(line[:_LINE_HEARD].decode(errors="replace"))


async def _finish(process: Process) -> None:
    """MCP 2025-11-25, stdio shutdown: its input is closed; then ask it, then end it."""
    try:
        for last_word in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_SECONDS):
                    await process.wait()
                    break
            _signal(process, last_word)
    finally:
        _signal(process, signal.SIGKILL)


def _signal(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
