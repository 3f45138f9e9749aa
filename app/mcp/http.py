"""MCP over HTTP, guarded: where it connects, how much it reads, and that every request ends.

Version 1 of the SDK leaves a request without an end when its connection breaks, and ends a whole
session for one bad status. Here both become an error that answers the one request.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpcore
import httpx
import orjson

from app.core.errors import AppError
from app.core.outbound import CONNECT_SECONDS, Allowed, Lookup, look_up
from app.mcp.faults import BROKEN, NOT_SENT, REFUSED, SIGN_IN, TOO_LARGE, http_sentence
from app.mcp.network import CheckedNetwork, certificates_here
from app.mcp.oauth.bearer import Sender
from app.mcp.oauth.needed import SignInNeeded

LARGEST_MESSAGE = 8 * 1024 * 1024
"""Bytes of one message; more is not read."""

_LONGEST_REQUEST = 256 * 1024
_SILENCE_SECONDS = 300.0
_CONNECTIONS = 200
Broken = Callable[[Exception], Awaitable[None]]
"""Is told of a request that could not be sent."""

Asked = Callable[[Any, Any], None]
"""Is told the id of a request of the server, and that of our request whose answer it came with."""

_JSON, _EVENTS = "application/json", "text/event-stream"


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Sends the requests of one session; see the module.

    With SSE a request is answered on the stream that stands open: `broken` is told there that one
    could not be sent. `sender` sends requests in somebody's name.
    """

    def __init__(
        self,
        allowed: Allowed,
        *,
        broken: Broken | None,
        asked: Asked | None,
        look_up: Lookup,
        sender: Sender | None,
    ) -> None:
        super().__init__(verify=certificates_here(), trust_env=False)
        self._broken = broken
        self._asked = asked
        self._sender = sender
        self._answers_here = broken is None
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=certificates_here(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=20,
            network_backend=CheckedNetwork(allowed, look_up),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the server, or what stands for it."""
        if request.method != "POST":
            return _bounded(await self._send(request), None)
        number = _number_of(request)
        try:
            response = await self._send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return await self._failed(number, NOT_SENT, http_sentence(error), error)
        except httpx.TransportError as error:
            return await self._failed(number, BROKEN, http_sentence(error), error)
        except SignInNeeded as error:
            return await self._failed(number, SIGN_IN, str(error), error)
        except AppError as error:
            return await self._failed(number, REFUSED, str(error), error)
        return await self._read(request, number, response)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        once = super().handle_async_request
        return await (once(request) if self._sender is None else self._sender.send(request, once))

    async def _read(
        self, request: httpx.Request, number: Any, response: httpx.Response
    ) -> httpx.Response:
        status = response.status_code
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if status >= 300 or (self._answers_here and number is not None and status == 202):
            await response.aclose()
            gone = status == 404 and "mcp-session-id" in request.headers
            code = NOT_SENT if gone else BROKEN if status >= 500 else REFUSED
            error = httpx.HTTPStatusError("", request=request, response=response)
            return await self._failed(number, code, http_sentence(error), error)
        if not self._answers_here or number is None:
            return _bounded(response, None)
        if kind == _EVENTS:
            return _bounded(response, number, self._asked)
        if kind != _JSON:
            await response.aclose()
            return _answer(number, REFUSED, f"It answers with “{kind[:80]}”, which is not MCP.")
        try:
            body = b"".join([chunk async for chunk in _Bounded(response, None)])
        except TooLarge as error:
            return _answer(number, TOO_LARGE, str(error))
        except httpx.TransportError as error:
            return _answer(number, BROKEN, http_sentence(error))
        if not _is_message(body):
            return _answer(number, REFUSED, "It answers with JSON that is not MCP.")
        return httpx.Response(status, headers=_plain(response.headers), content=body)

    async def _failed(
        self, number: Any, code: int, sentence: str, error: Exception
    ) -> httpx.Response:
        """What answers a request that failed. A notification that failed is nobody's concern."""
        if number is None:
            return httpx.Response(202)
        if self._broken is not None:
            await self._broken(error)
            return httpx.Response(202)
        scopes = error.scopes if isinstance(error, SignInNeeded) else None
        return _answer(number, code, sentence, data=scopes)


def open_client(
    allowed: Allowed,
    headers: Mapping[str, str],
    *,
    broken: Broken | None = None,
    asked: Asked | None = None,
    look_up: Lookup = look_up,
    sender: Sender | None = None,
) -> httpx.AsyncClient:
    """The client of one session, with the headers that its server wants, in a sender's name."""
    return httpx.AsyncClient(
        headers={**headers, "accept-encoding": "identity"},
        timeout=httpx.Timeout(CONNECT_SECONDS, read=_SILENCE_SECONDS, pool=30, write=30),
        transport=GuardedTransport(
            allowed, broken=broken, asked=asked, look_up=look_up, sender=sender
        ),
        trust_env=False,
        follow_redirects=False,
        max_redirects=0,
    )


class TooLarge(httpx.TransportError):
    """A message has more bytes than are read."""

    def __init__(self) -> None:
        super().__init__(f"It sent more than {LARGEST_MESSAGE // 1024**2} MB in one message.")


class _Bounded(httpx.AsyncByteStream):
    """A body of which no message is larger than it may be.

    With a `number`, it ends with an error that answers this request, if nothing else did.
    """

    def __init__(self, response: httpx.Response, number: Any, asked: Asked | None = None) -> None:
        self._response = response
        self._number = number
        self._asked = asked

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, resumable, line = 0, False, b""
        code, sentence = BROKEN, "It closed the connection before it answered."
        try:
            async for chunk in self._response.stream:  # type: ignore[union-attr]
                end = max(chunk.rfind(b"\n\n"), chunk.rfind(b"\r\n\r\n"))
                size = len(chunk) - end if end >= 0 else size + len(chunk)
                if size > LARGEST_MESSAGE:
                    raise TooLarge
                resumable = resumable or chunk.startswith(b"id:") or b"\nid:" in chunk
                line = self._listen(line + chunk)
                yield chunk
        except TooLarge as error:
            code, sentence, resumable = TOO_LARGE, str(error), False
            if self._number is None:
                raise
        except httpx.TransportError as error:
            if self._number is None or resumable:
                raise
            sentence = http_sentence(error)
        if self._number is not None and not resumable:
            yield b"\n\nevent: message\ndata: " + _error(self._number, code, sentence) + b"\n\n"

    def _listen(self, text: bytes) -> bytes:
        """Tell which requests of the server stand here; gives back the line that goes on."""
        if self._asked is None:
            return b""
        *lines, rest = text.split(b"\n")
        for line in lines:
            if line.startswith(b"data:") and b'"method"' in line:
                with contextlib.suppress(ValueError, AttributeError):
                    message = orjson.loads(line[5:])
                    if "method" in message and "id" in message:
                        self._asked(message["id"], self._number)
        return rest if len(rest) < _LONGEST_REQUEST else b""

    async def aclose(self) -> None:
        await self._response.aclose()


def _bounded(response: httpx.Response, number: Any, asked: Asked | None = None) -> httpx.Response:
    return httpx.Response(
        response.status_code,
        headers=_plain(response.headers),
        stream=_Bounded(response, number, asked),
        extensions=response.extensions,
    )


def _plain(headers: httpx.Headers) -> list[tuple[str, str]]:
    """Nothing is unpacked: what is small on its way may be endless afterwards."""
    return [
        (name, value)
        for name, value in headers.multi_items()
        if name not in ("content-encoding", "content-length", "transfer-encoding")
    ]


def _number_of(request: httpx.Request) -> Any:
    """The id of the JSON-RPC request in it; None for a notification or an answer."""
    message = orjson.loads(request.content)
    return message.get("id") if "method" in message else None


def _is_message(body: bytes) -> bool:
    try:
        message = orjson.loads(body)
    except ValueError:
        return False
    return isinstance(message, dict) and ("result" in message or "error" in message)


def _answer(number: Any, code: int, sentence: str, data: Any = None) -> httpx.Response:
    content = _error(number, code, sentence, data)
    return httpx.Response(200, headers={"content-type": _JSON}, content=content)


def _error(number: Any, code: int, sentence: str, data: Any = None) -> bytes:
    error = {"code": code, "message": sentence, "data": data}
    return orjson.dumps({"jsonrpc": "2.0", "id": number, "error": error})
