"""An MCP server behind a sign-in, with the authorization server that it names, on one port."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import uvicorn
from mcp.server.fastmcp import Context, FastMCP
from mcp.types import ToolAnnotations
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.fakes.authority import Authority

READS = ToolAnnotations(readOnlyHint=True)


@dataclass
class Guarded:
    """A server, its authority, and what was done with it: who called which tool."""

    url: str
    authority: Authority
    calls: list[tuple[str, str]] = field(default_factory=list)
    refused: int = 0
    needs: dict[str, list[str]] = field(default_factory=dict)
    """The scopes that a tool wants beyond those that come with every sign-in."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What it says of itself besides the usual; None takes a thing away."""
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether the tool that thinks has thought enough."""
    challenge: str = ""
    """What stands in its refusals besides where its metadata are."""

    @property
    def host(self) -> str:
        return self.url.split("/")[2]

    async def describe(self, request: Request) -> Response:
        said = {
            "resource": self.url,
            "authorization_servers": [f"{self.authority.url}/as"],
            "scopes_supported": ["notes"],
            **self.metadata,
        }
        return JSONResponse({key: value for key, value in said.items() if value is not None})


def build_tools(guarded: Guarded) -> FastMCP[None]:
    """Tools that know who calls them."""
    server: FastMCP[None] = FastMCP("notes", stateless_http=False)

    def who(ctx: Context) -> str:  # type: ignore[type-arg]
        request = ctx.request_context.request
        assert request is not None
        grant = guarded.authority.grant_of(request.headers["authorization"])
        return grant.who if grant else "nobody"

    @server.tool(annotations=READS)
    async def whoami(ctx: Context) -> str:  # type: ignore[type-arg]
        """Says who is signed in."""
        guarded.calls.append((who(ctx), "whoami"))
        await ctx.info(f"{who(ctx)} asked who they are")
        return f"You are {who(ctx)}."

    @server.tool()
    async def write_note(text: str, ctx: Context) -> str:  # type: ignore[type-arg]
        """Writes a note."""
        guarded.calls.append((who(ctx), f"write_note {text}"))
        return f"Written for {who(ctx)}."

    @server.tool()
    async def think(ctx: Context) -> str:  # type: ignore[type-arg]
        """Thinks until it may answer."""
        guarded.calls.append((who(ctx), "think"))
        await guarded.may_answer.wait()
        return "Thought."

    return server


class _Guard:
    """Lets nobody to the tools who is not signed in."""

    def __init__(self, app: ASGIApp, guarded: Guarded) -> None:
        self._app = app
        self._guarded = guarded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/mcp":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        refusal = self._refusal(request, body)
        if refusal is not None:
            self._guarded.refused += 1
            await refusal(scope, receive, send)
            return
        first = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return first.pop() if first else await receive()

        await self._app(scope, again, send)

    def _refusal(self, request: Request, body: bytes) -> Response | None:
        guarded = self._guarded
        where = f"{guarded.authority.url}/.well-known/oauth-protected-resource/mcp"
        grant = guarded.authority.grant_of(request.headers.get("authorization", ""))
        said = f'Bearer resource_metadata="{where}"{guarded.challenge}'
        if grant is None:
            return JSONResponse({}, 401, {"WWW-Authenticate": said})
        message = orjson.loads(body) if body else {}
        wanted = guarded.needs.get(message.get("params", {}).get("name", ""), [])
        if message.get("method") == "tools/call" and not set(wanted) <= set(grant.scopes):
            said = f'Bearer error="insufficient_scope", scope="{" ".join(wanted)}"'
            return JSONResponse({}, 403, {"WWW-Authenticate": said})
        return None


@asynccontextmanager
async def guarded_tools() -> AsyncIterator[Guarded]:
    """Such a server, on a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    root = f"http://127.0.0.1:{listener.getsockname()[1]}"
    guarded = Guarded(f"{root}/mcp", Authority(url=root))
    tools = build_tools(guarded)
    inner = tools.streamable_http_app()
    metadata = Route("/.well-known/oauth-protected-resource/mcp", guarded.describe)
    routes = [*guarded.authority.routes(), metadata, Mount("/", inner)]
    app = _Guard(Starlette(routes=routes, lifespan=lambda _: tools.session_manager.run()), guarded)
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))
    try:
        async with asyncio.timeout(20):
            while not server.started:
                await asyncio.sleep(0.01)
        yield guarded
    finally:
        server.should_exit = True
        await serving


async def walk(address: str) -> httpx.URL:
    """Go where a person is sent to sign in; gives back where they are sent next."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(address)
    assert answer.is_redirect, answer.text
    return httpx.URL(answer.headers["location"])
