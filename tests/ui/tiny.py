"""A tiny page with our script, and a server that says to it exactly what a test wants.

The page stands in for Chainlit's bundle: it opens a socket as socket.io does, writes down what
it is given, and sends what it is told. Both ends, and the browser between them, are real.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from string import Template
from typing import Any

from aiohttp import WSMsgType, web
from playwright.async_api import Page

from app.ui.page import prepare

USER = "7b0e8f9c-0000-4000-8000-00000000ada0"
SESSION = "5e550000-0000-4000-8000-000000000001"

_HTML = Template("""<!doctype html><title>Tiny</title><script src="/page.js"></script>
<body><div id="root"><div id="thread-history"></div><textarea id="chat-input"></textarea></div>
<script>
  window.given = [];
  window.open_ = async (threadId = "", sessionId = "$session") => {
    await (await fetch("/user")).json();
    const socket = (window.socket = new WebSocket(`ws://${location.host}/ws/socket.io/?EIO=4`));
    socket.onmessage = ({ data }) => {
      if (data.startsWith("0")) socket.send("40" + JSON.stringify({ sessionId, threadId }));
      if (data.startsWith("40")) socket.send('42["connection_successful"]');
      if (data.startsWith("42")) window.given.push(JSON.parse(data.slice(2)));
    };
    await new Promise((done) => (socket.onopen = done));
  };
  window.say = (name, data) => socket.send("42" + JSON.stringify([name, data]));
  window.write = (id, output, name = "$user") => {
    const shown = document.createElement("div");
    shown.className = "step";
    shown.innerHTML = `<div id="step-${id}"></div>`;
    document.getElementById("root").append(shown);
    say("client_message", { message: { id, name, output, threadId: "" }, fileReferences: [] });
  };
</script>""").safe_substitute(user=USER, session=SESSION)


@dataclass
class Tiny:
    """The server's end: what was said to it, and a mouth."""

    url: str = ""
    user: str = USER
    user_status: list[int] = field(default_factory=list)
    auth: list[dict[str, Any]] = field(default_factory=list)
    heard: list[tuple[str, Any]] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    answer: Callable[[str, Any], tuple[str, Any] | None] = lambda name, data: None

    async def say(self, name: str, data: Any) -> None:
        """Say an event on the newest socket."""
        await self.sockets[-1].send_str("42" + json.dumps([name, data]))

    def messages(self) -> list[str]:
        """The texts that were sent, in order, as often as they came."""
        return [data["message"]["output"] for name, data in self.heard if name == "client_message"]

    async def handle_socket(self, request: web.Request) -> web.WebSocketResponse:
        """One socket, from its opening to its end."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_str('0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}')
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._take(socket, message.data)
        return socket

    async def _take(self, socket: web.WebSocketResponse, frame: str) -> None:
        if frame.startswith("40"):
            self.auth.append(json.loads(frame[2:]))
            await socket.send_str('40{"sid":"y"}')
        elif frame.startswith("42"):
            name, *data = json.loads(frame[2:])
            self.heard.append((name, data[0] if data else None))
            if said := self.answer(name, data[0] if data else None):
                await self.say(*said)

    async def handle_user(self, request: web.Request) -> web.Response:
        """Who is signed in; first, the failures that the test has prepared."""
        status = self.user_status.pop(0) if self.user_status else 200
        return web.json_response({"identifier": self.user}, status=status)


async def _page(request: web.Request) -> web.Response:
    return web.Response(text=_HTML, content_type="text/html")


async def _script(request: web.Request) -> web.Response:
    return web.Response(body=prepare().script, content_type="text/javascript")


@asynccontextmanager
async def open_tiny() -> AsyncIterator[Tiny]:
    """The server, until the end of the block."""
    tiny, app = Tiny(), web.Application()
    app.router.add_get("/page.js", _script)
    app.router.add_get("/ws/socket.io/", tiny.handle_socket)
    app.router.add_get("/user", tiny.handle_user)
    app.router.add_get("/{anywhere:.*}", _page)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    tiny.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield tiny
    finally:
        await runner.cleanup()


async def given(page: Page, name: str) -> list[Any]:
    """What the page was given of this event."""
    events: list[list[Any]] = await page.evaluate("window.given")
    return [data for event, *data in events if event == name]
