"""Chainlit behind a guard: only what the page needs, only for who is signed in, no own sessions.

Chainlit's session is a token of 15 days that nothing can take back, and some of its routes check
no owner (facts of version 2.12). The browser therefore never sees that token: for each request
the guard adds one that lives a minute and says who the gate has found.
"""

import re
import secrets
from datetime import timedelta

import jwt
from chainlit.auth.jwt import get_jwt_secret
from chainlit.server import app as chainlit_app
from fastapi import FastAPI
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.clock import now
from app.core.errors import Forbidden
from app.core.settings import set_environment
from app.ui.cookies import OWN_COOKIES
from app.ui.refusal import failure, refuse
from app.users.permissions import Permission
from app.users.signed_in import SignedIn

FOR_ALL = {
    "/auth/config": "GET",
    "/avatars/{avatar_id:str}": "GET",
    "/favicon": "GET",
    "/logo": "GET",
    "/project/translations": "GET",
    "/public/{filename:path}": "GET",
}
"""Chainlit's routes that tell nothing about anybody, with their methods."""

FOR_SIGNED_IN = {
    "/feedback": "PUT DELETE",
    "/project/settings": "GET",
    "/project/thread": "PUT DELETE",
    "/project/thread/{thread_id}": "GET",
    "/project/thread/{thread_id}/element/{element_id}": "GET",
    "/project/threads": "POST",
    "/set-session-cookie": "POST",
    "/user": "GET",
}
"""Chainlit's routes that the page asks; each checks the owner or goes through our data layer."""

_CHANGING = ("/feedback", "/project/thread")
"""Those of them with which somebody changes something."""

SOCKET = "/ws/socket.io"

SESSION_HEADER = "x-keiko-session"
USER_HEADER = "x-keiko-user"
ROLE_HEADER = "x-keiko-role"

_TOKEN_LIFETIME = timedelta(seconds=60)
_TOKEN_COOKIE = "access_token"  # noqa: S105 - a name
_HIDDEN_HEADERS = (b"cookie", b"authorization", b"origin")


def mount_chainlit(app: FastAPI) -> None:
    """Put Chainlit at "/", behind the guard: for the last, after every route of our own."""
    set_environment(CHAINLIT_CUSTOM_AUTH="1", CHAINLIT_AUTH_SECRET=secrets.token_urlsafe(48))
    app.mount("/", Guard(chainlit_app))


class Guard:
    """ASGI middleware around Chainlit; stands behind the gate."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through to Chainlit under the name of its user, or refuse it."""
        connection = HTTPConnection(scope)
        signed_in: SignedIn | None = connection.state.signed_in
        refusal = _refusal(scope, signed_in)
        if refusal is not None:
            await refuse(scope, receive, send, refusal)
            return
        headers = [pair for pair in scope["headers"] if pair[0] not in _HIDDEN_HEADERS]
        headers += _identity(connection, signed_in)
        await self._app({**scope, "headers": headers}, receive, _without_token(send))


def _table(routes: dict[str, str]) -> list[tuple[re.Pattern[str], list[str]]]:
    return [(compile_path(path)[0], methods.split()) for path, methods in routes.items()]


_OPEN = _table(FOR_ALL)
_OWN = _table(FOR_SIGNED_IN)


def _listed(table: list[tuple[re.Pattern[str], list[str]]], path: str, method: str) -> bool:
    return any(pattern.match(path) and method in methods for pattern, methods in table)


def _refusal(scope: Scope, signed_in: SignedIn | None) -> Response | None:
    path: str = scope["path"]
    is_socket = path == SOCKET or path.startswith(f"{SOCKET}/")
    if scope["type"] == "http" and _listed(_OPEN, path, scope["method"]):
        return None
    if not is_socket and not (scope["type"] == "http" and _listed(_OWN, path, scope["method"])):
        return failure(HTTPConnection(scope), 404, "not_found", f"There is nothing at {path}.")
    if signed_in is None or signed_in.scopes is not None:
        return failure(HTTPConnection(scope), 401, "unauthenticated", "Nobody is signed in.")
    changes = path in _CHANGING and scope["type"] == "http"
    try:
        signed_in.require(Permission.CHATS_WRITE if changes else Permission.CHATS_READ)
    except Forbidden as error:
        return failure(HTTPConnection(scope), 403, error.code, str(error))
    return None


def _identity(connection: HTTPConnection, signed_in: SignedIn | None) -> list[tuple[bytes, bytes]]:
    """The headers that say who asks, and the cookies that are not about who asks."""
    cookies = [
        cookie
        for line in connection.headers.getlist("cookie")
        for cookie in line.split(";")
        if not cookie.strip().startswith((_TOKEN_COOKIE, *OWN_COOKIES))
    ]
    if signed_in is None:
        return [(b"cookie", ";".join(cookies).encode("latin-1"))] if cookies else []
    cookies.append(f"{_TOKEN_COOKIE}={_token(signed_in)}")
    return [
        (b"cookie", ";".join(cookies).encode("latin-1")),
        (SESSION_HEADER.encode(), str(signed_in.session_id).encode()),
        (USER_HEADER.encode(), str(signed_in.user_id).encode()),
        (ROLE_HEADER.encode(), signed_in.role.encode()),
    ]


def _token(signed_in: SignedIn) -> str:
    claims = {
        "identifier": str(signed_in.user_id),
        "display_name": signed_in.full_name or signed_in.username,
        "metadata": {},
        "exp": now() + _TOKEN_LIFETIME,
    }
    secret = get_jwt_secret()
    if secret is None:
        raise RuntimeError("Chainlit has no secret: it was not mounted by `mount_chainlit`.")
    return jwt.encode(claims, secret, algorithm="HS256")


def _without_token(send: Send) -> Send:
    """Chainlit must not hand out, nor take back, a cookie of its own."""

    async def filtered(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                pair
                for pair in message["headers"]
                if not (
                    pair[0].lower() == b"set-cookie" and pair[1].startswith(_TOKEN_COOKIE.encode())
                )
            ]
            message = {**message, "headers": headers}
        await send(message)

    return filtered
