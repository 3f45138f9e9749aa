"""The web process: pages, REST and Chainlit's sockets. It holds nothing that cannot be lost."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api import health
from app.api.feed import Feed
from app.api.readers import Readers
from app.api.router import MOUNT, build_api
from app.core.bus import Bus
from app.core.cancel import end
from app.core.http import SecurityHeaders
from app.core.listening import web_socket
from app.core.process import run_process
from app.core.redis import LIVE
from app.core.request_id import RequestId
from app.core.resources import Resources
from app.tasks.live import Live
from app.turns.service import Turns
from app.ui import chat_app, page, sign_in, threads, work
from app.ui.gate import Gate
from app.ui.guard import mount_chainlit
from app.ui.runtime import Runtime, use_runtime


class Wired:
    """Outermost: gives every request what this process has opened, as `request.state`."""

    def __init__(self, app: ASGIApp, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the state."""
        await self._app({**scope, "state": dict(self._state)}, receive, send)


def build_app(runtime: Runtime) -> ASGIApp:
    """Everything that a browser, a program or a load balancer may ask this process."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for part in (health, sign_in, threads, page, work):
        app.include_router(part.router)
    app.mount(MOUNT, build_api())
    mount_chainlit(app)
    feed = Feed(runtime.bus)
    runtime.presence.watch(feed.users)
    state = {
        "resources": runtime.resources,
        "live": runtime.live,
        "turns": runtime.turns,
        "readers": Readers(runtime.bus),
        "feed": feed,
    }
    return RequestId(Wired(SecurityHeaders(Gate(app)), state))


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
    server = Server(
        uvicorn.Config(
            build_app(runtime),
            loop="none",
            lifespan="off",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )
    async with use_runtime(runtime):
        listening = asyncio.create_task(bus.run())
        serving = asyncio.create_task(server.serve(sockets=[web_socket(resources.settings)]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving
            await end(listening)


def main() -> None:
    """Run this process until it is told to end."""
    run_process("web", serve)


__all__ = ["build_app", "chat_app", "main", "serve"]
