"""The gate in front of everything: says who asks, and whether the request may act at all.

It finds the session behind the cookie and puts `SignedIn`, or `None`, into
`request.state.signed_in`. What the outside must not say (`x-keiko-*`) is taken out, requests of
foreign pages and bodies that are too large are refused before any route sees them.
"""

import contextlib
import re

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.actor import LONGEST_ADDRESS, LONGEST_AGENT, Actor, acting
from app.core.errors import AppError, Forbidden, TooMany, Unauthenticated, Unavailable
from app.core.resources import Resources
from app.core.site_cookies import FULL_HEADER, SITE_HEADER
from app.events.refusals import note_refusal
from app.ui.cookies import read_token
from app.ui.keys import find_owner, read_key, refused_key
from app.ui.origin import may_act
from app.ui.refusal import database_expected, failure, refuse
from app.ui.visitors import find_visitor, is_visitors, require_no_visit
from app.users.sessions import find_session
from app.users.signed_in import SignedIn

LARGEST_BODY = 1_000_000
"""Bytes (seed A22: JSON 1 MB)."""

LARGEST_TEXT = 512_000
"""Bytes of a body that is plain text (seed A22: text 512 KB)."""

LONGEST_TARGET = 16_000
LARGEST_HEADERS = 64_000
"""Bytes. The server itself knows no limit."""

OWN_HEADERS = b"x-keiko-"
"""Start of the headers with which the gate tells Chainlit who it is; nobody else may send them."""

_VISITORS_HEADERS = (SITE_HEADER.encode(), FULL_HEADER.encode())
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
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
        if (too_long := _too_long(connection)) is not None:
            await refuse(scope, receive, send, too_long)
            return
        if not may_act(connection, resources.settings.public_url):
            with acting(_actor(connection)):
                note_refusal(connection, reason="foreign_origin", what="a request")
            error = failure(connection, 403, "forbidden", "This request comes from a foreign page.")
            await refuse(scope, receive, send, error)
            return
        if scope["type"] == "http":
            limited = await _limit_body(connection, receive)
            if limited is None:
                allowed = "512 KB" if _largest(connection) == LARGEST_TEXT else "1 MB"
                message = f"The request is larger than {allowed}."
                error = failure(connection, 413, "too_large", message)
                await error(scope, receive, send)
                return
            receive = limited
        try:
            with database_expected():
                connection.state.signed_in = await _find(connection, resources)
        except (Unavailable, TooMany, Unauthenticated, Forbidden) as wrong:
            await refuse(scope, receive, send, _refused(connection, wrong))
            return
        headers = [pair for pair in scope["headers"] if not _is_own(pair[0])]
        # Who leaves in the midst of what they send need not be told anything.
        with acting(_actor(connection)), contextlib.suppress(ClientDisconnect):
            await self._app({**scope, "headers": headers}, receive, send)


def _is_own(header: bytes) -> bool:
    return header.startswith(OWN_HEADERS) and header not in _VISITORS_HEADERS


def _refused(connection: HTTPConnection, error: AppError) -> Response:
    """What is answered to whom it cannot be said who they are."""
    if isinstance(error, Unavailable):
        return failure(connection, 503, error.code, str(error), retry_after=2)
    is_visitor = isinstance(error, Forbidden)
    with acting(_actor(connection)):
        reason = "forbidden" if is_visitor else "unknown_key"
        note_refusal(connection, reason=reason, what="a request")
    if is_visitor:
        return failure(connection, 403, error.code, str(error))
    return refused_key(connection, error)


def _actor(connection: HTTPConnection) -> Actor:
    """Who sends this request and from where, for what is put on record."""
    signed_in: SignedIn | None = getattr(connection.state, "signed_in", None)
    return Actor(
        user_id=signed_in.user_id if signed_in else None,
        session_id=signed_in.session_id if signed_in and not signed_in.is_key else None,
        key_id=signed_in.session_id if signed_in and signed_in.is_key else None,
        address=(connection.client.host if connection.client else "")[:LONGEST_ADDRESS],
        agent=connection.headers.get("user-agent", "")[:LONGEST_AGENT],
    )


async def _find(connection: HTTPConnection, resources: Resources) -> SignedIn | None:
    if connection.scope["path"].startswith(_NOBODY_NEEDED):
        return None
    if is_visitors(connection):
        return await find_visitor(connection, resources)
    if (key := read_key(connection)) is not None:
        return await find_owner(connection, resources, key)
    token = read_token(connection, resources.settings.public_url)
    require_no_visit(connection, token)
    return await find_session(resources, token) if token else None


def _too_long(connection: HTTPConnection) -> Response | None:
    """Why a request is not read at all (RFC 9110, 15.5.15; RFC 6585, 5)."""
    scope = connection.scope
    if _CONTROLS.search(scope["path"]):  # no route has such an address; patterns end at a line
        return failure(connection, 404, "not_found", "There is nothing at this address.")
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET:
        return failure(connection, 414, "too_large", "The address of the request is too long.")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        return failure(connection, 431, "too_large", "The headers of the request are too long.")
    return None


def _largest(connection: HTTPConnection) -> int:
    kind = connection.headers.get("content-type", "")
    return LARGEST_TEXT if kind.lower().startswith("text/") else LARGEST_BODY


async def _limit_body(connection: HTTPConnection, receive: Receive) -> Receive | None:
    """A `receive` that yields no more than the largest body; none if it is larger.

    The server keeps to `Content-Length`. A body of unknown length is read here, and read again
    by whoever wants it.
    """
    headers, largest = connection.headers, _largest(connection)
    if length := headers.get("content-length"):
        return receive if length.isdecimal() and int(length) <= largest else None
    if "chunked" not in headers.get("transfer-encoding", "").lower():
        return receive
    read: list[Message] = []
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if size > largest:
            return None
        read.append(message)
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            break
    messages = iter(read)

    async def again() -> Message:
        message = next(messages, None)
        return message if message is not None else await receive()

    return again
