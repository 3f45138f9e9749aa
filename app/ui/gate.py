"""The gate in front of everything: says who asks, and whether the request may act at all.

It finds the session behind the cookie and puts `SignedIn`, or `None`, into
`request.state.signed_in`. What the outside must not say (`x-keiko-*`) is taken out, requests of
foreign pages and bodies that are too large are refused before any route sees them.
"""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import Unavailable
from app.core.resources import Resources
from app.ui.cookies import read_token
from app.ui.origin import may_act
from app.ui.refusal import database_expected, failure, refuse
from app.users.sessions import SignedIn, find_session

LARGEST_BODY = 1_000_000
"""Bytes (seed: JSON 1 MB)."""

OWN_HEADERS = b"x-keiko-"
"""Start of the headers with which the gate tells Chainlit who it is; nobody else may send them."""

_NOBODY_NEEDED = ("/assets/", "/public/", "/ready")


class Gate:
    """ASGI middleware; finds `resources` in the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, with its session, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        resources: Resources = connection.state.resources
        if not may_act(connection, resources.settings.public_url):
            error = failure(connection, 403, "forbidden", "This request comes from a foreign page.")
            await refuse(scope, receive, send, error)
            return
        if scope["type"] == "http":
            limited = await _limit_body(connection, receive)
            if limited is None:
                error = failure(connection, 413, "too_large", "The request is larger than 1 MB.")
                await error(scope, receive, send)
                return
            receive = limited
        try:
            with database_expected():
                connection.state.signed_in = await _find(connection, resources)
        except Unavailable as away:
            error = failure(connection, 503, away.code, str(away), retry_after=2)
            await refuse(scope, receive, send, error)
            return
        headers = [pair for pair in scope["headers"] if not pair[0].startswith(OWN_HEADERS)]
        await self._app({**scope, "headers": headers}, receive, send)


async def _find(connection: HTTPConnection, resources: Resources) -> SignedIn | None:
    if connection.scope["path"].startswith(_NOBODY_NEEDED):
        return None
    token = read_token(connection, resources.settings.public_url)
    return await find_session(resources, token) if token else None


async def _limit_body(connection: HTTPConnection, receive: Receive) -> Receive | None:
    """A `receive` that yields no more than the largest body; none if it is larger.

    The server keeps to `Content-Length`. A body of unknown length is read here, and read again
    by whoever wants it.
    """
    headers = connection.headers
    if length := headers.get("content-length"):
        return receive if length.isdecimal() and int(length) <= LARGEST_BODY else None
    if "chunked" not in headers.get("transfer-encoding", "").lower():
        return receive
    read: list[Message] = []
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_BODY:
            return None
        read.append(message)
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            break
    messages = iter(read)

    async def again() -> Message:
        message = next(messages, None)
        return message if message is not None else await receive()

    return again
