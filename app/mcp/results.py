"""What a tool answered, in pieces: texts, contents, links, data; for the user, the model, or both.

Bounds are here, for a server is not ours: as many contents and links as a reader can take in.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
from mcp import types

from app.core.db import JSON
from app.mcp.storable import storable
from app.mcp.words import plain, plain_line

MOST_CONTENTS = 20
MOST_LINKS = 50
_LONGEST_LINE = 300


class Audience(StrEnum):
    """Whom a piece is for (MCP 2025-11-25, annotations)."""

    ALL = "all"
    USER = "user"
    MODEL = "model"


@dataclass(frozen=True)
class Said:
    """Words."""

    text: str
    audience: Audience = Audience.ALL


@dataclass(frozen=True)
class Content:
    """Bytes, of a kind that the server claims; `name` is a wish, or empty."""

    kind: str
    data: bytes = field(repr=False)
    name: str = ""
    audience: Audience = Audience.ALL


@dataclass(frozen=True)
class Link:
    """An address of something that was not sent along. Nothing follows it."""

    uri: str
    name: str
    description: str = ""
    audience: Audience = Audience.ALL

    @property
    def is_web(self) -> bool:
        """Whether a person may be sent there."""
        return is_web(self.uri)


Piece = Said | Content | Link


@dataclass(frozen=True)
class ToolOutcome:
    """The answer of a tool, or (`failed`) why there is none.

    `text` is what a model reads. `pieces` is what the server sent; once they are kept, `more` says
    what of them a page shows, and which images a model may look at (see `keeping`).
    """

    text: str
    failed: bool
    size: int = field(default=0, compare=False)
    """Bytes of the text before it was cut."""

    milliseconds: int = field(default=0, compare=False)
    pieces: tuple[Piece, ...] = field(default=(), compare=False, repr=False)
    data: Any = field(default=None, compare=False, repr=False)
    """Structured content, where it says more than the text."""

    more: JSON = field(default_factory=dict, compare=False)


def read_result(result: types.CallToolResult) -> ToolOutcome:
    """All blocks of a result. `_meta` is for programs: neither a user nor a model is told of it."""
    pieces = tuple(_bounded([piece for block in result.content for piece in _read(block)]))
    data = storable(result.structuredContent)
    if data is not None and _says(pieces, data):
        data = None
    return ToolOutcome(told(pieces, data), failed=result.isError, pieces=pieces, data=data)


def told(pieces: Sequence[Piece], data: Any = None) -> str:
    """What a model reads of pieces that are not kept: contents are named by their kinds."""
    lines = [_named(piece) for piece in pieces if piece.audience is not Audience.USER]
    if not any(isinstance(piece, Said) and piece.text for piece in pieces) and data is not None:
        lines.append(orjson.dumps(data).decode())
    return "\n".join(lines)


def _named(piece: Piece) -> str:
    match piece:
        case Said(text=text):
            return text
        case Content(kind=kind, data=data):
            return f"[{kind or 'unknown kind'}, {amount(len(data))}: it was not kept]"
        case Link():
            return link_line(piece)


def link_line(link: Link) -> str:
    """A link as a model reads it."""
    said = f": {link.description}" if link.description else ""
    return f"[link {link.name} {link.uri}{said}]"


def amount(size: int) -> str:
    """So many bytes, in words."""
    if size < 2000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} kB" if size < 2_000_000 else f"{size / 1_000_000:.1f} MB"


def _read(block: types.ContentBlock) -> Iterator[Piece]:
    audience = _audience(block.annotations)
    match block:
        case types.TextContent(text=text):
            yield Said(plain(text), audience)
        case types.EmbeddedResource(resource=resource):
            yield from _read_resource(resource, audience)
        case types.ResourceLink():
            name = _line(block.title or block.name)
            yield Link(_line(str(block.uri), 2000), name, _line(block.description or ""), audience)
        case (
            types.ImageContent(mimeType=kind, data=data)
            | types.AudioContent(mimeType=kind, data=data)
        ):
            yield _decoded(kind, data, "", audience)


def _read_resource(
    resource: types.TextResourceContents | types.BlobResourceContents, audience: Audience
) -> Iterator[Piece]:
    name = file_of(str(resource.uri))
    if isinstance(resource, types.TextResourceContents):
        yield Said(plain(resource.text), audience)
        kind = resource.mimeType or "text/plain"
        if audience is not Audience.MODEL:
            yield Content(kind, resource.text.encode(errors="replace"), name, Audience.USER)
    else:
        yield _decoded(resource.mimeType or "", resource.blob, name, audience)


def _decoded(kind: str, data: str, name: str, audience: Audience) -> Piece:
    try:
        return Content(_line(kind, 100), base64.b64decode(data, validate=True), name, audience)
    except binascii.Error:
        return Said(f"[{_line(kind, 100)}: what was sent cannot be read]", audience)


def _bounded(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """As many contents and links as may be, and a word about the rest."""
    room = {Content: MOST_CONTENTS, Link: MOST_LINKS}
    left_out = 0
    for piece in pieces:
        if (kind := type(piece)) in room:
            room[kind] -= 1
            if room[kind] < 0:
                left_out += 1
                continue
        yield piece
    if left_out:
        yield Said(f"[{left_out} more were left out.]")


def _says(pieces: Sequence[Piece], data: Any) -> bool:
    """Whether the texts say what the data says: most servers send both."""
    text = "\n".join(piece.text for piece in pieces if isinstance(piece, Said)).strip()
    inner = data.get("result") if isinstance(data, dict) and data.keys() == {"result"} else data
    if isinstance(inner, str):
        return bool(storable(text) == plain(inner).strip())
    try:
        return orjson.loads(text) in (data, inner)
    except orjson.JSONDecodeError:
        return False


def _audience(annotations: types.Annotations | None) -> Audience:
    named = set((annotations and annotations.audience) or ())
    if named == {"user"}:
        return Audience.USER
    return Audience.MODEL if named == {"assistant"} else Audience.ALL


def file_of(uri: str) -> str:
    """The last part of an address: what a file from there would be called."""
    try:
        path = urlsplit(uri).path
    except ValueError:
        return ""
    return _line(unquote(path.rstrip("/").rpartition("/")[2]), 200)


def is_web(uri: str) -> bool:
    """Whether an address leads to a page, and to the host that it seems to lead to."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None


def _line(text: str, longest: int = _LONGEST_LINE) -> str:
    return plain_line(text)[:longest]
