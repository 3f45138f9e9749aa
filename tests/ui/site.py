"""A web process with the gate, the login and Chainlit, and a browser's way to talk to it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

import aiohttp
import uvicorn
from chainlit.server import sio
from fastapi import Depends, FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.bus import Bus
from app.core.redis import HINTS
from app.core.resources import Resources
from app.ui import files, second_factor, security, sign_in
from app.ui.gate import Gate
from app.ui.guard import mount_chainlit
from app.ui.sockets import OpenSockets
from app.users.models import User
from app.users.signed_in import SignedIn
from tests.users.people import open_session

Json = dict[str, Any]


@dataclass
class Site:
    """A running web process; `client` has no cookies of its own."""

    url: str
    resources: Resources
    client: aiohttp.ClientSession
    sockets: OpenSockets

    async def cookie(self, user: User) -> dict[str, str]:
        """The headers of a browser in which `user` is signed in."""
        return {"Cookie": f"keiko_session={await open_session(self.resources, user)}"}

    async def open_socket(
        self, headers: dict[str, str], **options: Any
    ) -> aiohttp.ClientWebSocketResponse:
        """A socket of Chainlit's page, with its session and origin; raises if it is refused."""
        address = f"{self.url}/ws/socket.io/?EIO=4&transport=websocket"
        ws: aiohttp.ClientWebSocketResponse = await self.client.ws_connect(
            address, headers={"Origin": self.url, **headers}, **options
        )
        assert (await ws.receive_str(timeout=10)).startswith("0{")
        page = {"clientType": "webapp", "sessionId": str(uuid4()), "userEnv": "{}"}
        await ws.send_str("40" + json.dumps(page))
        assert (await ws.receive_str(timeout=10)).startswith("40{")
        return ws


async def _somebody_listens(resources: Resources) -> None:
    for _ in range(500):
        if (await resources.redis.pubsub_numsub(HINTS))[0][1]:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("The bus did not subscribe.")


class _Wired:
    def __init__(self, app: ASGIApp, state: Json) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "state": dict(self._state)}, receive, send)


def _build(resources: Resources) -> ASGIApp:
    app = FastAPI(openapi_url=None)
    app.include_router(sign_in.router)
    app.include_router(second_factor.router)
    app.include_router(security.router)

    @app.api_route("/probe", methods=["GET", "POST", "PUT", "DELETE"])
    async def probe(request: Request) -> Json:
        signed_in = request.state.signed_in
        return {
            "who": signed_in.username if signed_in else None,
            "headers": dict(request.headers),
            "size": len(await request.body()),
        }

    @app.get("/thread/{thread_id}")
    async def thread(signed_in: Annotated[SignedIn, Depends(sign_in.require_page_session)]) -> Json:
        return {"who": signed_in.username}

    app.include_router(files.router)
    mount_chainlit(app)
    return _Wired(Gate(app), {"resources": resources})


@asynccontextmanager
async def open_site(resources: Resources) -> AsyncIterator[Site]:
    """The process, served until the end of the block."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            _build(resources), ws="websockets-sansio", lifespan="off", log_config=None
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        bus, sockets = Bus(resources.redis), OpenSockets(sio, resources)
        sockets.listen(bus)
        await server.startup(sockets=[listener])
        work = [asyncio.create_task(w) for w in (server.main_loop(), bus.run(), sockets.run())]
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            await _somebody_listens(resources)
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
                yield Site(url, resources, client, sockets)
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await server.shutdown(sockets=[listener])
