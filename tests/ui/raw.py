"""Requests as no library would send them: written byte by byte."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Reply:
    """What came back: the status of the first answer (0 if there was none), and everything."""

    status: int
    text: str

    @property
    def head(self) -> str:
        """Status line and headers of the first answer, in small letters."""
        return self.text.partition("\r\n\r\n")[0].lower()


async def send_raw(url: str, request: bytes) -> Reply:
    """Send these bytes; read until the server closes, or has been silent for a moment."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request)
    said = b""
    try:
        await writer.drain()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not _is_whole(said):
                chunk = await reader.read(65536)
                if not chunk:
                    break
                said += chunk
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    text = said.decode("latin-1")
    status = text.split(" ", 2)[1] if text.startswith("HTTP/1.1 ") else "0"
    return Reply(int(status), text)


def _is_whole(said: bytes) -> bool:
    head, end, body = said.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return bool(end) and len(body) >= int(line.partition(b":")[2])
    return body.endswith(b"0\r\n\r\n")


def request(
    line: str, *headers: str, body: bytes = b"", host: str = "127.0.0.1", close: bool = True
) -> bytes:
    """A request of this first line and these headers; a host is said, and that it is the last."""
    lines = [line, f"Host: {host}", *headers, *(["Connection: close"] if close else [])]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
