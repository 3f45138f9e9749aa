"""A page without a browser: speaks Chainlit's socket protocol as Keiko's page does.

    async with ChatClient("http://127.0.0.1:8000") as page:
        await page.login("ada", "a long password")
        await page.connect()
        answer = await page.ask("What is 6 * 7?")

Like the page, it keeps a message until the server says that it is stored, sends what is left
again after each `connect`, and holds exactly the steps that a reader would see.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import aiohttp
import socketio  # type: ignore[import-untyped]

Shape = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """Something that the server sent, and when (seconds of the monotonic clock)."""

    at: float
    name: str
    data: Any


@dataclass(frozen=True)
class Answer:
    """A turn that has ended, as its reader sees it."""

    text: str
    tools: list[Shape]
    is_error: bool
    run: Shape
    seconds: float
    first_text_seconds: float | None


@dataclass
class Shown:
    """What the page shows: steps and elements by id, in the order of their arrival."""

    steps: dict[str, Shape] = field(default_factory=dict)
    elements: dict[str, Shape] = field(default_factory=dict)
    busy: bool = False
    thread_id: str | None = None

    def take(self, name: str, data: Any) -> None:
        """Apply an event as Chainlit's page does: an upsert by id."""
        if name in ("task_start", "task_end"):
            self.busy = name == "task_start"
        elif name == "first_interaction":
            self.thread_id = data["thread_id"]
        elif name == "resume_thread":
            self._resume(data)
        elif name == "element":
            self.elements[data["id"]] = data
        elif name == "remove_element":
            self.elements.pop(data["id"], None)
        else:
            self._take_step(name, data)

    def _take_step(self, name: str, data: Any) -> None:
        if name in ("new_message", "stream_start", "update_message"):
            self._upsert(name, data)
        elif name == "delete_message":
            self._remove(data["id"])
        elif name == "stream_token" and (step := self.steps.get(data["id"])):
            before = "" if data["isSequence"] else step["output"]
            step["output"] = before + data["token"]

    def _resume(self, thread: Shape) -> None:
        self.thread_id = thread["id"]
        self.steps, self.elements = {}, {e["id"]: e for e in thread["elements"]}
        for step in thread["steps"]:
            self._upsert("new_message", step)

    def _upsert(self, name: str, step: Shape) -> None:
        known = self.steps.get(step["id"])
        if known is not None:
            known.update(step)
        elif name != "update_message" and step["parentId"] in (None, *self.steps):
            self.steps[step["id"]] = dict(step)

    def _remove(self, step_id: str) -> None:
        self.steps.pop(step_id, None)
        for child in [s["id"] for s in self.steps.values() if s["parentId"] == step_id]:
            self._remove(child)

    def children(self, step_id: str) -> list[Shape]:
        """The steps right below one, in the order of display."""
        return [s for s in self.steps.values() if s["parentId"] == step_id]

    def run_of(self, message_id: str) -> Shape | None:
        """The run that answers a message, once there is one."""
        return next((s for s in self.children(message_id) if s["type"] == "run"), None)

    def answer_of(self, message_id: str) -> Shape | None:
        """The answer to a message, as far as it is shown."""
        run = self.run_of(message_id)
        below = self.children(run["id"]) if run else []
        return next((s for s in reversed(below) if s["type"] == "assistant_message"), None)


_SHOWN = ("task_start", "task_end", "resume_thread_error")
"""With one of these the server has shown a page everything."""


class ChatClient:
    """One browser tab of one user."""

    def __init__(self, url: str, *, language: str = "en", session_id: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.language = language
        self.session_id = session_id or str(uuid4())
        self.cookies: dict[str, str] = {}
        self.shown = Shown()
        self.events: list[Event] = []
        self.outbox: dict[str, Shape] = {}
        self.refused: dict[str, Shape] = {}
        self.identifier = ""
        self._changed = asyncio.Event()
        self._socket: socketio.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def headers(self) -> dict[str, str]:
        """What a browser would send along: its cookies, its language and where it comes from."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookie, "Accept-Language": self.language, "Origin": self.url}

    async def http(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        """A request as the page would make it; JSON answers come decoded."""
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, self.url + path, headers=self.headers, allow_redirects=False, **more
            ) as reply,
        ):
            for name, morsel in reply.cookies.items():
                self.cookies[name] = morsel.value
            if "json" in reply.headers.get("content-type", ""):
                return reply.status, await reply.json()
            return reply.status, await reply.text()

    async def login(self, username: str, password: str) -> None:
        """Sign in; the session cookie is kept."""
        status, body = await self.http(
            "POST", "/auth/login", json={"username": username, "password": password}
        )
        if status >= 400:
            raise PermissionError(f"{status}: {body}")
        _, user = await self.http("GET", "/user")
        self.identifier = user["identifier"]

    async def connect(self, thread_id: str | None = None, *, within: float = 10) -> None:
        """Open the socket, as a page that opens `thread_id`; returns once it is shown something."""
        await self.close()
        before = len(self.events)
        socket = self._socket = socketio.AsyncClient(reconnection=False)
        socket.on("*", self._heard)
        try:
            await self._open(socket, thread_id, within)
        except socketio.exceptions.ConnectionError as error:
            raise ConnectionError(str(error)) from error
        await socket.emit("connection_successful")
        for payload in list(self.outbox.values()):
            await socket.emit("client_message", payload)
        await self.until(
            lambda: any(event.name in _SHOWN for event in self.events[before:]), within=within
        )

    async def _open(
        self, socket: socketio.AsyncClient, thread_id: str | None, within: float
    ) -> None:
        await socket.connect(
            self.url,
            headers=self.headers,
            auth={
                "clientType": "webapp",
                "sessionId": self.session_id,
                "threadId": thread_id or self.shown.thread_id or "",
                "userEnv": "{}",
                "chatProfile": "",
            },
            socketio_path="/ws/socket.io",
            transports=["websocket"],
            wait_timeout=within,
        )

    async def reconnect(self, *, within: float = 20) -> None:
        """Come back as a page does: the same session, again and again until the server is there."""
        deadline = time.monotonic() + within
        while True:
            try:
                return await self.connect()
            except (OSError, TimeoutError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    @property
    def connected(self) -> bool:
        """Whether the socket is open."""
        return self._socket is not None and self._socket.connected

    async def emit(self, event: str, *data: Any) -> None:
        """Send any event, well-formed or not."""
        if self._socket is None:
            raise ConnectionError("connect first")
        await self._socket.emit(event, data or None)

    async def send(
        self,
        text: str,
        *,
        message_id: str | None = None,
        thread_id: str = "",
        model: str | None = None,
    ) -> str:
        """Send a message; returns its id at once. It stays in the outbox until it is accepted."""
        id = message_id or str(uuid4())
        message: Shape = {
            "id": id,
            "threadId": thread_id,
            "name": self.identifier,
            "type": "user_message",
            "output": text,
            "createdAt": datetime.now(UTC).isoformat(),
            "metadata": {"location": self.url},
        }
        if model is not None:
            message["modes"] = {"model": model}
        payload = {"message": message, "fileReferences": []}
        self.outbox[id] = payload
        if id not in self.shown.steps and thread_id in ("", self.shown.thread_id):
            self.shown.steps[id] = {**message, "parentId": None}
        await self.emit("client_message", payload)
        return id

    async def ask(self, text: str, *, model: str | None = None, within: float = 30) -> Answer:
        """Send a message and wait for the whole answer."""
        started = time.monotonic()
        message_id = await self.send(text, model=model)
        return await self.answer(message_id, since=started, within=within)

    async def answer(
        self, message_id: str, *, since: float | None = None, within: float = 30
    ) -> Answer:
        """Wait until the turn of a message has ended."""
        started = time.monotonic() if since is None else since
        await self.until(lambda: self.has_ended(message_id), within=within)
        run = self.shown.run_of(message_id)
        assert run is not None
        step = self.shown.answer_of(message_id) or {"output": "", "isError": False, "id": ""}
        first = next(
            (e.at for e in self.events if e.at >= started and _is_text_of(e, step["id"])), None
        )
        return Answer(
            text=step["output"],
            tools=[s for s in self.shown.children(run["id"]) if s["type"] == "tool"],
            is_error=bool(step["isError"]),
            run=run,
            seconds=time.monotonic() - started,
            first_text_seconds=None if first is None else first - started,
        )

    def has_ended(self, message_id: str) -> bool:
        """Whether the run that answers a message is shown as over."""
        run = self.shown.run_of(message_id)
        return run is not None and bool(run["end"])

    async def until(self, true: Callable[[], object], *, within: float = 10) -> None:
        """Wait until something holds; asked again after every event."""
        async with asyncio.timeout(within):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def accepted(self, message_id: str, *, within: float = 10) -> None:
        """Wait until the server has said that a message is stored."""
        await self.until(lambda: message_id not in self.outbox, within=within)

    async def refusal(self, message_id: str, *, within: float = 10) -> Shape:
        """Wait until a message is refused; returns what the server said."""
        await self.until(lambda: message_id in self.refused, within=within)
        return self.refused[message_id]

    async def stop(self) -> None:
        """Press Stop."""
        await self.emit("stop")

    async def edit(self, message_id: str, text: str) -> None:
        """Change a message that was sent before."""
        await self.emit(
            "edit_message", {"message": {**self.shown.steps[message_id], "output": text}}
        )

    async def cut(self) -> None:
        """Lose the connection without a word, as a dead network does."""
        if self._socket is not None and self._socket.eio.ws is not None:
            self._socket.eio.ws._response.connection.transport.abort()
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Close the tab."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.disconnect()

    def named(self, name: str) -> list[Any]:
        """The data of all events with one name, in the order of their arrival."""
        return [event.data for event in self.events if event.name == name]

    async def _heard(self, name: str, data: Any = None) -> None:
        self.events.append(Event(time.monotonic(), name, data))
        self.shown.take(name, data)
        if name == "message_accepted":
            self.outbox.pop(data["id"], None)
        elif name == "message_refused":
            self.refused[data["id"]] = data
            if data["final"]:
                self.outbox.pop(data["id"], None)
        self._changed.set()


def _is_text_of(event: Event, step_id: str) -> bool:
    starts = event.name in ("stream_start", "new_message", "update_message")
    if event.name != "stream_token" and not starts:
        return False
    return bool(event.data["id"] == step_id and event.data.get("token", event.data.get("output")))


def as_json(value: object) -> str:
    """A step or element as one line, for messages of failed tests."""
    return json.dumps(value, ensure_ascii=False, default=str)
