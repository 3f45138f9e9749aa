"""An MCP server that takes the tokens of a sign-in provider, and says whose it was shown."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from mcp.server.fastmcp import Context, FastMCP
from mcp.types import ToolAnnotations
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.fakes.provider import LyingProvider

NOBODY = "nobody"


@dataclass
class LentTools:
    """A server, and what it was shown."""

    url: str
    provider: LyingProvider
    seen: list[str] = field(default_factory=list)
    """Every token that came, good or not; `nobody` where none came."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Whose token came with a call, and what was said in it."""
    void: set[str] = field(default_factory=set)
    """Tokens that it does not take, whatever the provider says."""
    takes_none: bool = False
    hold: asyncio.Event | None = None
    """Set, a call waits for it."""

    @property
    def host(self) -> str:
        return self.url.split("/")[2]

    def owner_of(self, header: str | None) -> str | None:
        token = (header or "").removeprefix("Bearer ")
        if self.takes_none or token in self.void:
            return None
        return self.provider.tokens.get(token)


def build_tools(lent: LentTools) -> FastMCP[None]:
    """Tools that know whose token they were shown."""
    server: FastMCP[None] = FastMCP("accounts")

    @server.tool(annotations=ToolAnnotations(readOnlyHint=True))
    async def whose_token(said: str, ctx: Context) -> str:  # type: ignore[type-arg]
        """Says whose token it was shown."""
        request = ctx.request_context.request
        owner = lent.owner_of(request.headers.get("authorization") if request else None)
        if lent.hold is not None:
            await lent.hold.wait()
        lent.calls.append((owner or NOBODY, said))
        return f"The token is {owner}'s."

    return server


class _Guard:
    def __init__(self, app: ASGIApp, lent: LentTools) -> None:
        self._app = app
        self._lent = lent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            header = Request(scope).headers.get("authorization")
            self._lent.seen.append((header or NOBODY).removeprefix("Bearer "))
            if self._lent.owner_of(header) is None:
                challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
                await JSONResponse({}, 401, challenge)(scope, receive, send)
                return
        await self._app(scope, receive, send)


@asynccontextmanager
async def lent_tools(provider: LyingProvider) -> AsyncIterator[LentTools]:
    """Such a server, on a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    lent = LentTools(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", provider)
    tools = build_tools(lent)
    inner = Mount("/", tools.streamable_http_app())
    app = Starlette(routes=[inner], lifespan=lambda _: tools.session_manager.run())
    config = uvicorn.Config(_Guard(app, lent), log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))
    try:
        async with asyncio.timeout(20):
            while not server.started:
                await asyncio.sleep(0.01)
        yield lent
    finally:
        server.should_exit = True
        await serving
