"""Resources and prompts as their servers give them: read by a worker, within bounds, as data.

A read may be made again: nothing happens twice.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import anyio
from mcp import McpError, types
from pydantic import AnyUrl, BaseModel, ValidationError

from app.core.errors import Unavailable
from app.mcp.faults import BROKEN, NOT_SENT, REFUSED, TOO_LARGE
from app.mcp.server import Server
from app.mcp.storable import storable
from app.mcp.words import plain, plain_line

LONGEST_TEXT = 50_000
"""Characters of one resource or prompt that a model is told."""

_CLOSED = (anyio.ClosedResourceError, anyio.BrokenResourceError)
_OVER = (types.CONNECTION_CLOSED, NOT_SENT, BROKEN)
_Answer = TypeVar("_Answer", bound=BaseModel)


@dataclass(frozen=True)
class Blob:
    """Something in an answer that is no text; `kind` is what its server says that it is."""

    name: str
    kind: str
    data: bytes


@dataclass(frozen=True)
class Read:
    """What was read: its text, cut where it is too long (`length` is all of it), and the rest."""

    text: str
    length: int
    blobs: tuple[Blob, ...] = ()


def is_gone(server: str) -> Unavailable:
    """What is said of a server that cannot be asked any more."""
    return Unavailable(f"The server “{server}” is not there any more.")


def not_filled_in(name: str) -> Unavailable:
    """What is said of a prompt whose arguments nobody gave."""
    return Unavailable(f"What “{name}” needs was not filled in.")


def what_was_left_out(names: Sequence[str]) -> str:
    """What is said of files that could not be kept."""
    return f"There is no room left for files, so this was left out: {', '.join(names)}."


def what_was_cut(told: int, length: int) -> str:
    """What is said of a text of which only the beginning is told."""
    return f"Only the first {told:,} of {length:,} characters are given on."


class _Lost(Exception):
    """The session was over; another may answer."""


async def read_resource(server: Server, uri: str, seconds: float) -> Read:
    """The contents of a resource. Raises Unavailable, with a sentence for whoever attached it."""
    try:
        params = types.ReadResourceRequestParams(uri=AnyUrl(uri))
    except ValidationError:
        raise Unavailable(f"“{uri}” is no address of a resource.") from None
    request = types.ClientRequest(types.ReadResourceRequest(params=params))
    answer = await _ask(server, uri, request, types.ReadResourceResult, seconds)
    texts, blobs = [], []
    for each in answer.contents:
        if isinstance(each, types.TextResourceContents):
            texts.append(each.text)
        else:
            blobs.append(_blob(str(each.uri), each.mimeType, each.blob))
    return _read("\n\n".join(texts), blobs)


async def get_prompt(server: Server, name: str, arguments: dict[str, str], seconds: float) -> Read:
    """The messages of a prompt as one text. Raises Unavailable, with a sentence."""
    params = types.GetPromptRequestParams(name=name, arguments=arguments or None)
    request = types.ClientRequest(types.GetPromptRequest(params=params))
    answer = await _ask(server, name, request, types.GetPromptResult, seconds)
    mixed = len({message.role for message in answer.messages}) > 1
    texts: list[str] = []
    blobs: list[Blob] = []
    for message in answer.messages:
        said = _block(message.content, blobs)
        who = f"{message.role.capitalize()}: " if mixed else ""
        texts += [who + said] if said else []
    return _read("\n\n".join(texts), blobs)


def _block(block: types.ContentBlock, blobs: list[Blob]) -> str:
    """The text of a block; what is none is added to `blobs`."""
    match block:
        case types.TextContent(text=text):
            return text
        case types.EmbeddedResource(resource=types.TextResourceContents(uri=uri, text=text)):
            return f"{uri}:\n{text}"
        case types.EmbeddedResource(resource=types.BlobResourceContents() as blob):
            blobs.append(_blob(str(blob.uri), blob.mimeType, blob.blob))
        case types.ResourceLink(uri=uri, name=name):
            return f"{name} ({uri})"
        case types.ImageContent(mimeType=kind, data=data):
            blobs.append(_blob("image", kind, data))
        case types.AudioContent(mimeType=kind, data=data):
            blobs.append(_blob("audio", kind, data))
    return ""


def _blob(name: str, kind: str | None, data: str) -> Blob:
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    return Blob(plain_line(name)[-200:], plain_line(kind or "")[:100], content)


def _read(text: str, blobs: list[Blob]) -> Read:
    text = storable(plain(text))
    return Read(text[:LONGEST_TEXT], len(text), tuple(blobs))


async def _ask(
    server: Server, what: str, request: types.ClientRequest, kind: type[_Answer], seconds: float
) -> _Answer:
    server.breaker.enter()
    failed: bool | None = None
    try:
        answer = await _ask_twice(server, what, request, kind, seconds)
        failed = False
    except _Refusal as refusal:
        failed = False
        raise Unavailable(str(refusal)) from None
    except Unavailable:
        failed = True
        raise
    finally:
        server.breaker.leave(failed=failed)
    return answer


class _Refusal(Exception):
    """The server has answered, and says no."""


async def _ask_twice(
    server: Server, what: str, request: types.ClientRequest, kind: type[_Answer], seconds: float
) -> _Answer:
    for _ in range(2):
        try:
            return await _ask_once(server, what, request, kind, seconds)
        except _Lost:
            continue
    raise Unavailable(f"The server “{server.spec.name}” does not stay up.")


async def _ask_once(
    server: Server, what: str, request: types.ClientRequest, kind: type[_Answer], seconds: float
) -> _Answer:
    name = server.spec.name
    session = await server.keeper.opened()
    try:
        async with server.keeper.deadline(seconds):
            return await session.send_request(request, kind)
    except TimeoutError:
        if session is not server.keeper.session:
            raise _Lost from None
        raise Unavailable(f"“{name}” did not answer within {seconds:g} seconds.") from None
    except _CLOSED:
        server.keeper.lose(session)
        raise _Lost from None
    except ValueError:
        raise _Refusal(f"“{name}” answered something unreadable.") from None
    except McpError as error:
        if error.error.code in _OVER:
            server.keeper.lose(session)
            raise _Lost from None
        raise _refused(name, what, error.error) from None


def _refused(name: str, what: str, error: types.ErrorData) -> Exception:
    said = plain_line(error.message)[:500]
    if error.code == REFUSED:
        return Unavailable(f"“{name}” cannot be used. {said}")
    if error.code == TOO_LARGE:
        return _Refusal(f"“{name}” sent more than can be taken for “{what}”.")
    return _Refusal(f"“{name}” does not give “{what}”: {said}")
