"""An MCP server whose tools answer with every kind of content that there is.

Over stdio, or as `rich_server sse|streamable-http PORT`.
"""

import base64
import io
import math
import struct
import sys
import wave
import zlib
from typing import Any, Literal, cast

from mcp.server.fastmcp import FastMCP
from mcp.types import (
    Annotations,
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
    ToolAnnotations,
)
from pydantic import AnyUrl

server: FastMCP[None] = FastMCP("rich", log_level="WARNING")
READS = ToolAnnotations(readOnlyHint=True)
Transport = Literal["stdio", "sse", "streamable-http"]


def png(width: int = 320, height: int = 180, blue: int = 150) -> bytes:
    """An image with a gradient."""
    rows = b"".join(
        b"\0" + bytes(c for x in range(width) for c in (x * 255 // width, y * 255 // height, blue))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


def tone(seconds: float = 1.0) -> bytes:
    """A sound: 440 Hz as WAV."""
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        samples = (math.sin(n * 440 * math.tau / 8000) for n in range(int(seconds * 8000)))
        file.writeframes(b"".join(struct.pack("<h", int(s * 12000)) for s in samples))
    return kept.getvalue()


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _for(*audience: Any) -> Annotations:
    return Annotations(audience=list(audience))


def _image(data: bytes, kind: str = "image/png", **more: Any) -> ImageContent:
    return ImageContent(type="image", data=_coded(data), mimeType=kind, **more)


def _text(text: str, **more: Any) -> TextContent:
    return TextContent(type="text", text=text, **more)


@server.tool(annotations=READS, structured_output=False)
def draw(blue: int = 150) -> list[ContentBlock]:
    """Draw an image."""
    return [_text("Here is your chart."), _image(png(blue=blue))]


@server.tool(annotations=READS, structured_output=False)
def sound() -> list[ContentBlock]:
    """Play a tone."""
    return [AudioContent(type="audio", data=_coded(tone()), mimeType="audio/wav")]


@server.tool(annotations=READS, structured_output=False)
def documents() -> list[ContentBlock]:
    """Send a text, a document and links along."""
    text = TextResourceContents(uri=AnyUrl("file:///notes/today.md"), mimeType="text/markdown",
                                text="# Today\n\nBuy milk.")  # fmt: skip
    name, blob = AnyUrl("file:///a/report%20%C3%A4.pdf"), _coded(b"%PDF-1.4 tiny")
    pdf = BlobResourceContents(uri=name, mimeType="application/pdf", blob=blob)
    return [
        EmbeddedResource(type="resource", resource=text),
        EmbeddedResource(type="resource", resource=pdf),
        ResourceLink(type="resource_link", uri=AnyUrl("https://example.org/more"), name="more",
                     title="More about it", description="A <b>page</b>"),
        ResourceLink(type="resource_link", uri=AnyUrl("file:///etc/passwd"), name="passwd"),
        ResourceLink(type="resource_link", uri=AnyUrl("javascript:alert(1)"), name="script"),
    ]  # fmt: skip


@server.tool(annotations=READS, structured_output=False)
def measure() -> CallToolResult:
    """Give data beside words."""
    data = {"city": "Oslo", "degrees": [1, 2.5], "huge": 10**30}
    return CallToolResult(content=[_text("It is cold.")], structuredContent=data)


@server.tool(annotations=READS)
def weigh() -> dict[str, int]:
    """Give the same as data and as words."""
    return {"grams": 7}


@server.tool(annotations=READS, structured_output=False)
def whisper() -> list[ContentBlock]:
    """Say one thing to the user, another to the model."""
    return [
        _text("For the user: secret of the user.", annotations=_for("user")),
        _text("For the model: hint of the model.", annotations=_for("assistant")),
        _text("For both.", _meta={"secret": "of the programs"}),
        _image(png(4, 4, 1), annotations=_for("user")),
        _image(png(4, 4, 2), annotations=_for("assistant")),
    ]


@server.tool(annotations=READS, structured_output=False)
def only_user() -> list[ContentBlock]:
    """Say nothing to the model."""
    return [_text("secret of the user", annotations=_for("user"))]


@server.tool(annotations=READS, structured_output=False)
def lengthy(characters: int, mark: str = "x") -> list[ContentBlock]:
    """Answer at length."""
    middle = "needle in the middle"
    half = (characters - len(middle)) // 2
    return [_text(mark * half + middle + mark * (characters - half - len(middle)))]


@server.tool(annotations=READS, structured_output=False)
def lies() -> list[ContentBlock]:
    """Claim what is not so."""
    markup = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    return [
        _image(markup),
        _image(markup, "image/svg+xml"),
        _image(b"<script>alert(1)</script>", "text/html"),
        ImageContent(type="image", data="not base64!", mimeType="image/png"),
        EmbeddedResource(
            type="resource",
            resource=BlobResourceContents(
                uri=AnyUrl("file:///x/..%2F..%2Fevil.html"),
                mimeType="text/html; charset=x",
                blob=_coded(b"<script>alert(1)</script>"),
            ),
        ),
    ]


@server.tool(annotations=READS, structured_output=False)
def flood(images: int, links: int = 0) -> list[ContentBlock]:
    """Send very many things."""
    pictures: list[ContentBlock] = [_image(png(2, 2, n % 256)) for n in range(images)]
    return pictures + [
        ResourceLink(type="resource_link", uri=AnyUrl(f"https://example.org/{n}"), name=f"n{n}")
        for n in range(links)
    ]


@server.tool(structured_output=False)
def draw_and_note(path: str) -> list[ContentBlock]:
    """Draw an image and leave a line in a file: this changes something."""
    with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - a small program of its own
        file.write("drawn\n")
    return [_image(png(8, 8))]


if __name__ == "__main__":
    over = cast("Transport", sys.argv[1]) if len(sys.argv) > 1 else "stdio"
    server.settings.port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server.run(over)
