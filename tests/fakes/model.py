"""A scripted OpenAI-compatible endpoint, made to hold a thousand streams with little work.

    python -m tests.fakes.model --port 9000 [--first-token-ms 300] [--tokens-per-second 30]

`script.py` lists the words that tell it what to do. `GET /log` shows what it was asked,
`GET /stats` how many streams are open, finished and aborted.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import uvloop

from tests.fakes.script import Plan, plan_for, unanswered_call, unfit_part, whole_answer
from tests.fakes.streams import Stream, Ticks


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class FakeModel:
    """The endpoint inside this process: `async with FakeModel() as fake: ... fake.url`.

    `key`: refuse every other one. `models`: what `/v1/models` lists. `images`: whether it sees.
    `gullible`: does whatever a tool's result tells it to, however it is hidden there.
    """

    def __init__(
        self,
        *,
        first_token_ms: float = 0,
        tokens_per_second: float = 1000,
        tokens: int = 20,
        key: str | None = None,
        models: tuple[str, ...] = ("fake-model",),
        images: bool = True,
        gullible: bool = False,
    ) -> None:
        self.first_token = first_token_ms / 1000
        self.interval = 1 / tokens_per_second
        self.tokens = tokens
        self.key = key
        self.models = models
        self.images = images
        self.gullible = gullible
        self.log: deque[Asked] = deque(maxlen=2000)
        self.stats: Counter[str] = Counter(open=0, finished=0, aborted=0, requests=0)
        self.fails: Counter[str] = Counter()
        self.ids = count(1)
        self.ticks = Ticks()
        self.port = 0
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The base address, as `KEIKO_MODEL_URL` wants it."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def chats(self) -> list[Asked]:
        """The requests for answers, oldest first."""
        return [asked for asked in self.log if asked.path.split("?")[0].endswith("/completions")]

    async def start(self, port: int = 0) -> None:
        """Serve on a port, a free one by default."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", port, backlog=2048
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every connection at once, as a killed server does; `start(port)` brings it back."""
        assert self._server
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


class _Connection(asyncio.Protocol):
    """One connection, kept alive; requests are answered one after the other."""

    def __init__(self, model: FakeModel) -> None:
        self._model = model
        self._buffer = b""
        self._stream: Stream | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._model._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._model._connections.discard(self)
        if self._waiting:
            self._waiting.cancel()
        if self._stream:
            self._stream.is_closed = True
            self._model.stats["open"] -= 1
            self._model.stats["aborted"] += 1
            self._stream = None

    def abort(self) -> None:
        """Break the connection off."""
        assert self._transport
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        method, path, _ = first.split(" ", 2)
        body = json.loads(rest[:length]) if length else None
        asked = Asked(method, path, headers, body)
        if not path.startswith(("/log", "/stats")):
            self._model.log.append(asked)
            self._model.stats["requests"] += 1
        self._answer(asked)

    def _answer(self, asked: Asked) -> None:
        model, path = self._model, asked.path.split("?")[0]
        if path == "/log":
            self._send_json([asdict(entry) for entry in model.log])
        elif path == "/stats":
            self._send_json(dict(model.stats))
        elif model.key and not _knows(asked.headers, model.key):
            self._send_error(401, "invalid_api_key")
        elif path.endswith("/models"):
            self._send_json({"object": "list", "data": [{"id": name} for name in model.models]})
        elif path.endswith("/chat/completions") and asked.body:
            self._chat(asked.body)
        else:
            self._send_error(404, "not_found")

    def _chat(self, body: dict[str, Any]) -> None:
        model = self._model
        if call := unanswered_call(body["messages"]):
            self._send_error(400, "bad_request", f"tool_call_id {call} has no response message")
            return
        if wrong := unfit_part(body["messages"], images=model.images):
            self._send_error(400, "bad_request", wrong)
            return
        plan = plan_for(
            body["messages"],
            tokens=model.tokens,
            interval=model.interval,
            gullible=model.gullible,
        )
        if plan.status != 200:
            told = json.dumps(body["messages"][-1])
            model.fails[told] += 1
            if plan.times is None or model.fails[told] <= plan.times:
                self._send_error(plan.status, plan.error_code)
                return
            plan.pieces = plan.pieces or ["ok"] if not plan.calls else plan.pieces
        loop = asyncio.get_running_loop()
        send = self._send_stream if body.get("stream") else self._send_whole
        self._waiting = loop.call_later(plan.wait, send, body, plan)

    def _send_stream(self, body: dict[str, Any], plan: Plan) -> None:
        assert self._transport
        model = self._model
        wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        self._stream = Stream(
            self._transport,
            plan,
            number=next(model.ids),
            model=str(body["model"]),
            usage=wants_usage,
            finished=self._finished,
        )
        model.stats["open"] += 1
        model.ticks.add(self._stream, after=model.first_token)

    def _finished(self) -> None:
        self._stream = None
        self._model.stats["open"] -= 1
        self._model.stats["finished"] += 1
        if self._buffer:
            self.data_received(b"")

    def _send_whole(self, body: dict[str, Any], plan: Plan) -> None:
        self._send_json(whole_answer(plan, next(self._model.ids), str(body["model"])))

    def _send_error(self, status: int, code: str, message: str = "scripted") -> None:
        error = {"error": {"message": message, "type": "scripted", "code": code}}
        self._send_json(error, status)

    def _send_json(self, value: Any, status: int = 200) -> None:
        assert self._transport
        body = json.dumps(value).encode()
        retry = b"Retry-After: 0.1\r\n" if status == 429 else b""
        self._transport.write(
            b"HTTP/1.1 %d Scripted\r\nContent-Type: application/json\r\n%bContent-Length: %d"
            b"\r\n\r\n%b" % (status, retry, len(body), body)
        )


def _knows(headers: dict[str, str], key: str) -> bool:
    return headers.get("authorization") == f"Bearer {key}" or headers.get("api-key") == key


@contextmanager
def model_process(**options: float | str) -> Iterator[str]:
    """The endpoint as a process of its own; gives its base address.

    Options are those of the command line: `model_process(first_token_ms=300, tokens=200)`.
    """
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.model", *arguments],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def _serve(options: argparse.Namespace) -> None:
    fake = FakeModel(
        first_token_ms=options.first_token_ms,
        tokens_per_second=options.tokens_per_second,
        tokens=options.tokens,
        key=options.key,
        gullible=options.gullible,
    )
    await fake.start(options.port)
    print(fake.url, flush=True)  # noqa: T201 - whoever started it reads this line
    await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--first-token-ms", type=float, default=300)
    parser.add_argument("--tokens-per-second", type=float, default=30)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--key")
    parser.add_argument("--gullible", type=bool, default=False)
    uvloop.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
