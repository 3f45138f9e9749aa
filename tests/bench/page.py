"""A browser's chat page as the server sees it: Chainlit's socket events over one WebSocket."""

import asyncio
import time
from base64 import b64encode
from secrets import token_bytes
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson

from app.core import clock
from tests.bench.answers import Answer, Reading
from tests.bench.websocket import WebSocket

_PATH = "/ws/socket.io/?EIO=4&transport=websocket"


class Page:
    """One open page with a chat of its own. Text is counted, nothing is drawn."""

    def __init__(self, url: str, *, author: str, cookie: str, expected: str) -> None:
        self._url = urlsplit(url)
        self._address = (self._url.hostname or "127.0.0.1", self._url.port or 80)
        self._author = author
        self._cookie = cookie
        self._expected = expected
        self._socket: WebSocket | None = None
        self._connected: asyncio.Future[None] | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._reading: Reading | None = None
        self._message_id = ""
        self._answer_step = ""
        self.closed_because: str | None = None

    async def open(self) -> None:
        """Connect as the page does; ConnectionError if the server does not let us in."""
        loop = asyncio.get_running_loop()
        self._connected = loop.create_future()
        self._socket = socket = WebSocket(self._handshake(), self._take, self._lost)
        try:
            await loop.create_connection(lambda: socket, *self._address)
        except OSError as error:
            raise ConnectionError(str(error)) from error
        await self._connected
        self._emit("connection_successful")

    async def ask(self, text: str, *, late: float = 0.0) -> Answer:
        """Send `text` and wait for the end of its answer."""
        if self._socket is None or self.closed_because is not None:
            return Reading(0.0).fail(self.closed_because or "never connected")
        self._answer = asyncio.get_running_loop().create_future()
        self._message_id, self._answer_step = str(uuid4()), ""
        self._reading = Reading(time.perf_counter(), late)
        message = {
            "id": self._message_id,
            "threadId": "",
            "name": self._author,
            "type": "user_message",
            "output": text,
            "createdAt": clock.now().isoformat().replace("+00:00", "Z"),
        }
        self._emit("client_message", {"message": message, "fileReferences": []})
        return await self._answer

    def give_up(self, reason: str) -> None:
        """End the answer under way as a failure."""
        if self._answer is not None and self._reading is not None and not self._answer.done():
            self._answer.set_result(self._reading.fail(reason))

    def close(self) -> None:
        """Close the page."""
        if self._socket is not None:
            self._socket.close()

    def _handshake(self) -> bytes:
        lines = [
            f"GET {_PATH} HTTP/1.1",
            f"Host: {self._url.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {b64encode(token_bytes(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Origin: {self._url.scheme}://{self._url.netloc}",
            "Accept-Language: en",
            *([f"Cookie: {self._cookie}"] if self._cookie else []),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _emit(self, event: str, *arguments: Any) -> None:
        assert self._socket is not None
        self._socket.send(b"42" + orjson.dumps([event, *arguments]))

    def _take(self, packet: bytes) -> None:
        """One Engine.IO packet: 0 open, 2 ping, 40 connected, 42 event, 44 refused."""
        if packet.startswith(b"42"):
            name, *arguments = orjson.loads(packet[2:])
            handler = _HANDLERS.get(name)
            if handler is not None and self._reading is not None:
                handler(self, self._reading, arguments[0] if arguments else {})
        elif packet == b"2":
            assert self._socket is not None
            self._socket.send(b"3")
        elif packet.startswith(b"0"):
            self._introduce()
        elif packet.startswith(b"40"):
            self._settle(None)
        elif packet.startswith(b"44"):
            self._settle(ConnectionError(packet[2:].decode()))

    def _introduce(self) -> None:
        assert self._socket is not None
        auth = {
            "clientType": "webapp",
            "sessionId": str(uuid4()),
            "threadId": "",
            "userEnv": "{}",
            "chatProfile": "",
        }
        self._socket.send(b"40" + orjson.dumps(auth))

    def _settle(self, error: ConnectionError | None) -> None:
        if self._connected is None or self._connected.done():
            return
        if error is None:
            self._connected.set_result(None)
        else:
            self._connected.set_exception(error)

    def _lost(self, reason: str) -> None:
        self.closed_because = self.closed_because or reason
        self._settle(ConnectionError(reason))
        self.give_up(reason)

    def _finish(self, reading: Reading, now: float) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(reading.end(now, self._expected))

    # What each socket event means for the answer under way.

    def _on_token(self, reading: Reading, data: dict[str, Any]) -> None:
        if data["id"] != self._answer_step:
            return
        if data["isSequence"]:
            reading.start(data["token"], time.perf_counter())
        else:
            reading.add(data["token"], time.perf_counter())

    def _on_step(self, reading: Reading, data: dict[str, Any]) -> None:
        if data.get("type") == "run":
            if data.get("parentId") == self._message_id and data.get("end"):
                self._finish(reading, time.perf_counter())
        elif data.get("type") == "assistant_message":
            self._show(reading, data)

    def _show(self, reading: Reading, data: dict[str, Any]) -> None:
        """The answer's bubble: a growing one begins the text, any other closes it."""
        self._answer_step = data["id"]
        now = time.perf_counter()
        if data.get("isError"):
            self.give_up(f"answered with an error: {data.get('output', '')[:200]}")
        elif data.get("streaming") or not data.get("output"):
            reading.start(data.get("output", ""), now)
        else:
            reading.close(data["output"], now)

    def _on_end(self, reading: Reading, _: dict[str, Any]) -> None:
        if reading.final is not None:
            self._finish(reading, time.perf_counter())

    def _on_acceptance(self, reading: Reading, _: dict[str, Any]) -> None:
        reading.accept(time.perf_counter())

    def _on_refusal(self, _: Reading, data: dict[str, Any]) -> None:
        self.give_up(f"message refused: {data}")


_HANDLERS = {
    "stream_token": Page._on_token,
    "stream_start": Page._on_step,
    "new_message": Page._on_step,
    "update_message": Page._on_step,
    "task_end": Page._on_end,
    "message_accepted": Page._on_acceptance,
    "message_refused": Page._on_refusal,
}
