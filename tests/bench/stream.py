"""The upstream read directly: one chat completion as server-sent events, with nothing between."""

import asyncio
import re
import time
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from tests.bench.answers import Answer, Reading

_TEXT = re.compile(rb'"content": ?"[^"]')
_LAST = b"0\r\n\r\n"


class Stream(asyncio.Protocol):
    """One request on a connection of its own; `text` holds the answer once it has ended."""

    def __init__(self, request: bytes, reading: Reading) -> None:
        self._request = request
        self._reading = reading
        self._body = bytearray()
        self._transport: asyncio.Transport | None = None
        self.ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._body += data
        if self._reading.has_begun or _TEXT.search(data):
            self._reading.add(".", now)
        if data.endswith(_LAST) and not self.ended.done():
            self.ended.set_result(now)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(time.perf_counter())

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def text(self) -> str:
        """The answer's text so far; ConnectionError if it is not a stream of completions."""
        head, _, body = bytes(self._body).partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0] + b" ":
            raise ConnectionError(head.split(b"\r\n", 1)[0].decode("latin-1") or "no answer")
        if b"chunked" in head.lower():
            body = _unchunk(body)
        return "".join(_delta(event) for event in body.split(b"\n\n"))


def _unchunk(body: bytes) -> bytes:
    pieces, at = [], 0
    while (line := body.find(b"\r\n", at)) > 0:
        size = int(body[at:line].split(b";")[0], 16)
        pieces.append(body[line + 2 : line + 2 + size])
        at = line + 2 + size + 2
    return b"".join(pieces)


def _delta(event: bytes) -> str:
    data = event.strip()
    if not data.startswith(b"data:") or data.endswith(b"[DONE]"):
        return ""
    choices: list[dict[str, Any]] = orjson.loads(data[5:]).get("choices") or []
    return str(choices[0]["delta"].get("content") or "") if choices else ""


class Reader:
    """One user of the upstream itself, with the face of a page."""

    def __init__(self, url: str, *, key: str, model: str, expected: str | None) -> None:
        self._url = urlsplit(url)
        self._address = (self._url.hostname or "127.0.0.1", self._url.port or 80)
        self._key = key
        self._model = model
        self._expected = expected
        self._stream: Stream | None = None
        self.text = ""
        self.closed_because: str | None = None

    async def open(self) -> None:
        """Nothing to do: each request has a connection of its own."""

    async def ask(self, text: str, *, late: float = 0.0) -> Answer:
        """Send `text` and read the answer to its end."""
        reading = Reading(time.perf_counter(), late)
        stream = Stream(self._compose(text), reading)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: stream, *self._address)
            self._stream = stream
            ended_at = await stream.ended
            self.text = stream.text()
        except OSError as error:
            return reading.fail(str(error))
        finally:
            stream.close()
        if self.closed_because is not None:
            return reading.fail(self.closed_because)
        reading.streamed = self.text
        return reading.end(ended_at, self.text if self._expected is None else self._expected)

    def give_up(self, reason: str) -> None:
        """End the request under way as a failure."""
        self.closed_because = reason
        if self._stream is not None:
            self._stream.close()

    def close(self) -> None:
        """Nothing is left open after an answer."""

    def _compose(self, text: str) -> bytes:
        messages = [{"role": "user", "content": text}]
        body = orjson.dumps({"model": self._model, "stream": True, "messages": messages})
        lines = [
            f"POST {self._url.path}/chat/completions HTTP/1.1",
            f"Host: {self._url.netloc}",
            f"Authorization: Bearer {self._key}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
