"""The web process: pages, REST and Chainlit's sockets. It holds nothing that cannot be lost."""

import asyncio
import contextlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.api import health
from app.api.feed import Feed
from app.api.readers import Readers
from app.api.router import MOUNT, build_api, groups_of
from app.core.bus import Bus
from app.core.cancel import end
from app.core.http import SecurityHeaders
from app.core.listening import web_socket
from app.core.process import run_process
from app.core.redis import LIVE
from app.core.request_id import RequestId
from app.core.resources import Resources
from app.events.refusals import Refusals
from app.mcp_server import authorization
from app.mcp_server.answers import MCP_PATH
from app.mcp_server.entrance import Entrance
from app.mcp_server.server import build_server
from app.tasks.live import Live
from app.turns.service import Turns
from app.ui import (
    chat_app,
    consent,
    frame,
    page,
    provider_leaving,
    provider_sign_in,
    second_factor,
    security,
    server_sign_in,
    sign_in,
    threads,
    work,
)
from app.ui.gate import Gate
from app.ui.guard import mount_chainlit
from app.ui.limits import LARGEST_FRAME, Limits
from app.ui.runtime import Runtime, use_runtime


class Wired:
    """Outermost: gives every request what this process has opened, as `request.state`."""

    def __init__(self, app: ASGIApp, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the state."""
        await self._app({**scope, "state": dict(self._state)}, receive, send)


@cache
def prepare() -> tuple[FastAPI, frozenset[str]]:
    """Every address with what answers there, and the groups that requests are counted by.

    It holds nothing of a running process, so a nursery makes it once for all that it forks.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for part in (
        health,
        sign_in,
        provider_leaving,
        provider_sign_in,
        second_factor,
        security,
        consent,
        authorization,
        server_sign_in,
        threads,
        frame,
        page,
        work,
    ):
        app.include_router(part.router)
    app.router.routes.append(Route(MCP_PATH, Entrance(build_server())))
    api = build_api()
    app.mount(MOUNT, api)
    mount_chainlit(app)
    return app, groups_of(api)


def build_app(runtime: Runtime, refusals: Refusals | None = None) -> ASGIApp:
    """Everything that a browser, a program or a load balancer may ask this process."""
    app, groups = prepare()
    feed = Feed(runtime.bus)
    runtime.presence.watch(feed.users)
    state = {
        "resources": runtime.resources,
        "live": runtime.live,
        "turns": runtime.turns,
        "readers": Readers(runtime.bus),
        "feed": feed,
        "refusals": refusals,
    }
    guarded = SecurityHeaders(Gate(Limits(app, groups)))
    proxies = runtime.resources.settings.trusted_proxies
    return RequestId(ProxyHeadersMiddleware(Wired(guarded, state), proxies))  # type: ignore[arg-type]


class Server(uvicorn.Server):
    """Uvicorn, ended by whoever runs it and not by signals of its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `run_process`."""
        yield


async def serve(resources: Resources) -> None:
    """Serve until cancelled; then close the sockets, whose pages come back to the next process."""
    bus, live = Bus(resources.redis), Live(resources.redis)
    bus.subscribe(LIVE, live.heard)
    bus.on_gap(live.lost)
    runtime = Runtime(resources=resources, live=live, turns=Turns(resources), bus=bus)
    refusals = Refusals(resources.db)
    server = Server(
        uvicorn.Config(
            build_app(runtime, refusals),
            loop="none",
            lifespan="off",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_max_size=LARGEST_FRAME,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # `build_app` believes those that the operator named, not all here
            timeout_graceful_shutdown=2,
        )
    )
    async with use_runtime(runtime):
        listening = asyncio.create_task(bus.run())
        noting = asyncio.create_task(refusals.run())
        serving = asyncio.create_task(server.serve(sockets=[web_socket(resources.settings)]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving
            await end(listening)
            await end(noting)


def main() -> None:
    """Run this process until it is told to end."""
    run_process("web", serve)


__all__ = ["build_app", "chat_app", "main", "prepare", "serve"]
