"""Streams of server-sent events that all beat on shared ticks."""

import asyncio
import heapq
import json
from collections.abc import Callable, Iterator

from tests.fakes.script import Plan

_TICK = 0.005


class Ticks:
    """Wakes streams when they are due: one timer for all, none while nothing is due."""

    def __init__(self) -> None:
        self._due: dict[int, list[Stream]] = {}
        self._order: list[int] = []
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = 0
        self._is_beating = False

    def add(self, stream: "Stream", *, after: float) -> None:
        """Begin a stream in `after` seconds."""
        stream.due = asyncio.get_running_loop().time() + after
        if after == 0:
            self._beat_one(stream, stream.due)
        else:
            self._put(stream)

    def _put(self, stream: "Stream") -> None:
        tick = int(stream.due / _TICK) + 1
        if tick not in self._due:
            self._due[tick] = []
            heapq.heappush(self._order, tick)
        self._due[tick].append(stream)
        if not self._is_beating:
            self._wake_at(self._order[0])

    def _wake_at(self, tick: int) -> None:
        if self._timer is not None:
            if self._wakes_at <= tick:
                return
            self._timer.cancel()
        self._wakes_at = tick
        self._timer = asyncio.get_running_loop().call_at(tick * _TICK, self._beat)

    def _beat(self) -> None:
        self._timer = None
        self._is_beating = True
        now = asyncio.get_running_loop().time()
        while self._order and self._order[0] * _TICK <= now + _TICK / 2:
            for stream in self._due.pop(heapq.heappop(self._order)):
                self._beat_one(stream, now)
        self._is_beating = False
        if self._order:
            self._wake_at(self._order[0])

    def _beat_one(self, stream: "Stream", now: float) -> None:
        if stream.send_due(now):
            self._put(stream)


class Stream:
    """One answer on its way."""

    def __init__(
        self,
        transport: asyncio.Transport,
        plan: Plan,
        *,
        number: int,
        model: str,
        usage: bool,
        finished: Callable[[], None],
    ) -> None:
        self.due = 0.0
        self.is_closed = False
        self._transport = transport
        self._plan = plan
        self._finished = finished
        self._head = json.dumps(
            {
                "id": f"chatcmpl-{number}",
                "object": "chat.completion.chunk",
                "created": 1700000000,
                "model": model,
            }
        ).encode()[:-1]
        self._number = number
        self._usage = usage
        self._pieces: Iterator[bytes] = self._text()
        transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )

    def send_due(self, now: float) -> bool:
        """Send what is due; whether more is to come later."""
        if self._transport.is_closing():
            return False
        out: list[bytes] = []
        while not self.is_closed:
            piece = next(self._pieces, None)
            if piece is None:
                self._end(out)
                return False
            out.append(piece)
            self.due += self._plan.interval
            if self.due > now:
                break
        self._transport.write(b"".join(out))
        return not self.is_closed

    def _text(self) -> Iterator[bytes]:
        first = self._event(b'{"delta":{"role":"assistant","content":""},"index":0}')
        for number in range(self._plan.reasoning):
            thought = f'{{"delta":{{"reasoning_content":"r{number} "}},"index":0}}'
            first += self._event(thought.encode())
        if not self._plan.pieces:
            yield first
        for piece in self._plan.pieces:
            text = json.dumps(piece, ensure_ascii=False).encode()
            choice = b'{"index":0,"delta":{"content":%b},"finish_reason":null}' % text
            yield first + self._event(choice)
            first = b""

    def _end(self, out: list[bytes]) -> None:
        ending = self._plan.ending
        if ending == "stop":
            out += self._calls()
            out.append(self._finish("tool_calls" if self._plan.calls else "stop"))
        elif ending == "filter":
            out.append(self._finish("content_filter"))
        elif ending == "error-in-stream":
            out.append(self._chunk(b'data: {"error":{"message":"overloaded","code":500}}\n\n'))
        if ending == "cut":
            out.append(b"40\r\ndata: {")
        elif ending != "stall":
            out.append(b"0\r\n\r\n")
        self._transport.write(b"".join(out))
        if ending == "cut":
            self._transport.close()
        elif ending != "stall":
            self._finished()

    def _calls(self) -> Iterator[bytes]:
        for index, (name, arguments) in enumerate(self._plan.calls):
            call_id = f"call_{self._number}_{index}"
            yield self._call(index, {"id": call_id, "type": "function"}, {"name": name})
            for at in range(0, len(arguments), 5):
                yield self._call(index, {}, {"arguments": arguments[at : at + 5]})

    def _call(self, index: int, fields: dict[str, str], function: dict[str, str]) -> bytes:
        piece = {"index": index, **fields, "function": {"arguments": ""} | function}
        choice = {"index": 0, "delta": {"tool_calls": [piece]}, "finish_reason": None}
        return self._event(json.dumps(choice).encode())

    def _finish(self, reason: str) -> bytes:
        end = self._event(b'{"index":0,"delta":{},"finish_reason":"%b"}' % reason.encode())
        if self._usage:
            sent = len(self._plan.pieces) + 8 * len(self._plan.calls)
            usage = {"prompt_tokens": 7, "completion_tokens": sent, "total_tokens": 7 + sent}
            end += self._chunk(
                b'data: %b,"choices":[],"usage":%b}\n\n' % (self._head, json.dumps(usage).encode())
            )
        return end + self._chunk(b"data: [DONE]\n\n")

    def _event(self, choice: bytes) -> bytes:
        return self._chunk(b'data: %b,"choices":[%b]}\n\n' % (self._head, choice))

    def _chunk(self, event: bytes) -> bytes:
        if self._plan.crlf:
            event = b": comment\r\n\r\n" + event.replace(b"\n", b"\r\n")
        return b"%x\r\n%b\r\n" % (len(event), event)
