"""A WebSocket client that costs a few microseconds a frame, so that one process holds 1,000.

Only what the load generator needs of RFC 6455: text frames without compression. Frames to the
server are masked with zeros, which is legal and leaves the payload as it is.
"""

import asyncio
from collections.abc import Callable
from typing import cast

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_FIRST_PIECE_OF_TEXT = 0x01  # a text frame without the final bit


class WebSocket(asyncio.Protocol):
    """One connection; `on_text` gets each message, `on_close` is called once at its end."""

    def __init__(
        self, handshake: bytes, on_text: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> None:
        self._handshake = handshake
        self._on_text = on_text
        self._on_close = on_close
        self._rest = b""
        self._pieces: list[bytes] = []
        self._is_open = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._handshake)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._on_close(str(exc) if exc else "the server closed the connection")

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self._is_open:
            data = self._open(data)
        self._rest = self._read_frames(data) if self._is_open else data

    def send(self, text: bytes) -> None:
        """Send one text message; silently nothing once the connection is gone."""
        self._write(_TEXT, text)

    def close(self) -> None:
        """Say goodbye and end the connection."""
        if self._transport is not None:
            self._write(_CLOSE, b"\x03\xe8")
            self._transport.close()

    def _open(self, data: bytes) -> bytes:
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            return data
        status = head.split(b"\r\n", 1)[0].decode("latin-1")
        if " 101 " not in status + " ":
            assert self._transport is not None
            self._transport.abort()
            self._on_close(f"refused: {status}")
            return b""
        self._is_open = True
        return rest

    def _read_frames(self, data: bytes) -> bytes:
        """Hand out every whole frame; what is left begins the next one."""
        at, size = 0, len(data)
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if start + length > size:
                break
            self._take(data[at], data[start : start + length])
            at = start + length
        return data[at:]

    def _take(self, head: int, payload: bytes) -> None:
        kind = head & 0x0F
        if head == 0x80 | _TEXT:
            self._on_text(payload)
        elif kind == _PING:
            self._write(_PONG, payload)
        elif kind == _CLOSE:
            self.close()
        elif head in (_FIRST_PIECE_OF_TEXT, 0x00, 0x80):
            self._pieces.append(payload)
            if head == 0x80:
                whole, self._pieces = b"".join(self._pieces), []
                self._on_text(whole)

    def _write(self, kind: int, payload: bytes) -> None:
        if self._transport is None:
            return
        size = len(payload)
        if size < 126:
            head = bytes((0x80 | kind, 0x80 | size))
        elif size < 65536:
            head = bytes((0x80 | kind, 0xFE)) + size.to_bytes(2, "big")
        else:
            head = bytes((0x80 | kind, 0xFF)) + size.to_bytes(8, "big")
        self._transport.write(head + b"\0\0\0\0" + payload)
