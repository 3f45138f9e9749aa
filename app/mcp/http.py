"""MCP over HTTP, guarded: where it connects, how much it reads, and that every request ends.

Version 1 of the SDK leaves a request without an end when its connection breaks, and ends a whole
session for one bad status. Here both become an error that answers the one request.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from functools import cache
from typing import Any

import httpcore
import httpx
import orjson
from httpcore._backends.auto import AutoBackend

from app.core.errors import AppError
from app.core.outbound import CONNECT_SECONDS, Allowed, Lookup, certificates, look_up
from app.mcp.faults import BROKEN, NOT_SENT, REFUSED, TOO_LARGE, http_sentence

LARGEST_MESSAGE = 8 * 1024 * 1024
"""Bytes of one message; more is not read."""

_SILENCE_SECONDS = 300.0
_CONNECTIONS = 200
_KEEPALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)  # macOS has its own names
    ),
]
"""A machine that is gone without a word is noticed within half a minute."""

Broken = Callable[[Exception], Awaitable[None]]
"""Is told of a request that could not be sent."""

_JSON, _EVENTS = "application/json", "text/event-stream"


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked, and to no others."""

    def __init__(self, allowed: Allowed, look_up: Lookup) -> None:
        self._allowed = allowed
        self._look_up = look_up
        self._network = AutoBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of `host` that takes one."""
        try:
            addresses = await self._allowed.resolve(host, port, self._look_up)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        failure: Exception = httpcore.ConnectError("This name has no address.")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout=timeout, socket_options=[*_KEEPALIVE]
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Nothing that a user names is a socket of this machine."""
        raise httpcore.ConnectError("There are no sockets here.")

    async def sleep(self, seconds: float) -> None:
        """Rest between two tries."""
        await self._network.sleep(seconds)


@cache
def _certificates() -> ssl.SSLContext:
    return certificates()


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Sends the requests of one session; see the module.

    With SSE a request is answered on the stream that stands open: `broken` is told there that one
    could not be sent.
    """

    def __init__(self, allowed: Allowed, *, broken: Broken | None, look_up: Lookup) -> None:
        super().__init__(verify=_certificates(), trust_env=False)
        self._broken = broken
        self._answers_here = broken is None
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_certificates(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=20,
            network_backend=_CheckedNetwork(allowed, look_up),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the server, or what stands for it."""
        if request.method != "POST":
            return _bounded(await super().handle_async_request(request), None)
        number = _number_of(request)
        try:
            response = await super().handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return await self._failed(number, NOT_SENT, http_sentence(error), error)
        except httpx.TransportError as error:
            return await self._failed(number, BROKEN, http_sentence(error), error)
        except AppError as error:
            return await self._failed(number, REFUSED, str(error), error)
        return await self._read(request, number, response)

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
            return _bounded(response, number)
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
        return _answer(number, code, sentence)


def open_client(
    allowed: Allowed,
    headers: Mapping[str, str],
    *,
    broken: Broken | None = None,
    look_up: Lookup = look_up,
) -> httpx.AsyncClient:
    """The client of one session, with the headers that its server wants."""
    return httpx.AsyncClient(
        headers={**headers, "accept-encoding": "identity"},
        timeout=httpx.Timeout(CONNECT_SECONDS, read=_SILENCE_SECONDS, pool=30, write=30),
        transport=GuardedTransport(allowed, broken=broken, look_up=look_up),
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

    def __init__(self, response: httpx.Response, number: Any) -> None:
        self._response = response
        self._number = number

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, resumable = 0, False
        code, sentence = BROKEN, "It closed the connection before it answered."
        try:
            async for chunk in self._response.stream:  # type: ignore[union-attr]
                end = max(chunk.rfind(b"\n\n"), chunk.rfind(b"\r\n\r\n"))
                size = len(chunk) - end if end >= 0 else size + len(chunk)
                if size > LARGEST_MESSAGE:
                    raise TooLarge
                resumable = resumable or chunk.startswith(b"id:") or b"\nid:" in chunk
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

    async def aclose(self) -> None:
        await self._response.aclose()


def _bounded(response: httpx.Response, number: Any) -> httpx.Response:
    return httpx.Response(
        response.status_code,
        headers=_plain(response.headers),
        stream=_Bounded(response, number),
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


def _answer(number: Any, code: int, sentence: str) -> httpx.Response:
    return httpx.Response(
        200, headers={"content-type": _JSON}, content=_error(number, code, sentence)
    )


def _error(number: Any, code: int, sentence: str) -> bytes:
    return orjson.dumps(
        {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": sentence}}
    )
