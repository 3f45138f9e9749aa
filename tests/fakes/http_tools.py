"""`tool_server.py` over HTTP, as a process of its own that can be killed and started again."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from app.core.clock import new_id
from app.core.settings import Settings, ToolServerSettings, python
from app.mcp.models import Transport
from app.mcp.sessions import ToolServers
from app.mcp.spec import ServerSpec
from tools.server import build_server

PATHS = {"sse": "/sse", "streamable-http": "/mcp"}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class HttpTools:
    """A server at a port that stays the same over all its lives."""

    def __init__(self, kind: str, module: str = "tool_server") -> None:
        self.kind = kind
        self.module = module
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATHS[self.kind]}"

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            python(), "-m", f"tests.fakes.{self.module}", self.kind, str(self.port)
        )
        async with asyncio.timeout(30):
            while not await listens(self.port):
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def http_tools(kind: str, module: str = "tool_server") -> AsyncIterator[HttpTools]:
    server = HttpTools(kind, module)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


def spec_of(name: str, url: str, *, user_id: UUID | None = None, **more: object) -> ServerSpec:
    plain: dict[str, object] = {"id": new_id(), "transport": Transport.AUTO, "timeout_seconds": 20}
    return ServerSpec(name=name, url=url, user_id=user_id, **{**plain, **more})  # type: ignore[arg-type]


def stdio_spec(server: ToolServerSettings, **more: object) -> ServerSpec:
    plain: dict[str, object] = {"id": new_id(), "timeout_seconds": 20}
    return ServerSpec(
        name=server.name,
        command=server.command,
        args=tuple(server.args),
        **{**plain, **more},  # type: ignore[arg-type]
    )


def inside() -> Settings:
    """Settings that let servers of this machine be called."""
    return Settings(_env_file=None, outbound_private=["127.0.0.1"])


@asynccontextmanager
async def following(
    specs: Sequence[ServerSpec], settings: Settings | None = None
) -> AsyncIterator[ToolServers]:
    """The built-in server and registered ones."""
    opened = ToolServers(settings or inside(), built_in=build_server())
    opened.follow(specs)
    await opened.start()
    try:
        yield opened
    finally:
        await opened.stop()
