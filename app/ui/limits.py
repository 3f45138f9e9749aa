"""How much one client may ask for: counted behind the gate, which has found out who asks.

One table says what counts as what. Whoever is signed in is counted by user and address, so that
an office behind one address shares nothing; everybody else, and every sign-in, by address.
"""

import asyncio
import re
import time
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.address import client_network
from app.core.language import preferred_language
from app.core.limits import Count
from app.core.logs import log
from app.core.rates import WINDOW_SECONDS, RateLimits
from app.core.redis import rate_key
from app.core.resources import Resources
from app.events.refusals import note_refusal
from app.ui.pages import page
from app.ui.refusal import failure
from app.users.signed_in import SignedIn

TRY_AGAIN_LATER = 1013
"""The code with which a socket too many is closed (RFC 6455's registry)."""

_FREE = re.compile(
    r"/(assets|public|ui|avatars)/|/(favicon|favicon\.ico|logo|manifest\.webmanifest)$"
    r"|/service-worker\.js$|/widget\.js$|/ready$"
)
"""Files that are the same for everybody, and what load balancers ask."""

_TABLE = tuple(
    (kind, re.compile(methods), re.compile(path))
    for kind, methods, path in (
        ("auth", "POST", r"/auth/(?!logout$|app\b|passkeys\b|recovery-codes$|.*/options$).+"),
        ("auth", "POST", r"/setup/.+|/oauth/register"),
        ("tasks", "POST|PUT", r"/api/v1/(messages.*|threads/[^/]+/messages)"),
        ("tasks", "POST", r"/api/v1/(tasks|tasks/[^/]+/(retry|run-again)|schedules/[^/]+/run)"),
        ("tickets", "POST", r"/api/v1/widget/tickets"),
        ("reading", "GET|HEAD", r"/w/[^/]+(/full|/sign-in)?"),
        ("upload", "POST|PUT", r"/api/v1/files.*|/project/file"),
        ("mcp_register", "POST", r"/api/v1/mcp/(servers|import)"),
        ("mcp_invoke", "POST", r"/mcp|/api/v1/mcp/servers/(.+/)?test"),
        ("mcp_discovery", "GET|HEAD", r"/api/v1/mcp/(catalogue|export|servers/[^/]+/tools)"),
    )
)
"""What has a limit of its own: its field in `RateLimits`, methods, path. The first one counts."""

_READS = ("GET", "HEAD", "OPTIONS")
_READING_POSTS = ("/project/threads", "/ws/socket.io", "/ws/socket.io/")
"""What pages ask by POST although nothing changes."""

LARGEST_FRAME = 1_100_000
"""Bytes of one message on a socket: a little more than any that is read."""

FRAMES_PER_SECOND = 50
FRAMES_AT_ONCE = 200
"""What one socket may say (seed A21: 50 frames/s); what comes faster is read later."""

_STREAM = re.compile(r"/api/v1/(events|tasks/[^/]+/events)")
_PER_ADDRESS = ("auth",)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a request counts as: `name` in Redis, `kind` in the settings."""

    name: str
    kind: str


def endpoint_of(
    method: str, path: str, *, is_signed_in: bool, groups: frozenset[str] = frozenset()
) -> Endpoint:
    """As what a request is counted. `groups` are the first parts of paths below `/api/v1`."""
    for kind, methods, pattern in _TABLE:
        if re.fullmatch(methods, method) and pattern.fullmatch(path):
            return Endpoint(kind, kind)
    part = path.split("/")[3] if path.startswith("/api/v1/") else ""
    group = part if part in groups else "other"
    if is_signed_in and (method in _READS or path in _READING_POSTS):
        return Endpoint(f"{group}.read", "reading")
    return Endpoint(group, "default")


class Limits:
    """ASGI middleware; finds `resources` and `signed_in` in the request's state."""

    def __init__(self, app: ASGIApp, groups: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._groups = groups

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request and let it pass, or refuse it."""
        if scope["type"] not in ("http", "websocket") or _FREE.match(scope["path"]):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        endpoint, count = await self._count(connection)
        if count.is_over:
            if count.count == count.limit + 1:
                log.warning("rate_limited", endpoint=endpoint.name, limit=count.limit)
            note_refusal(connection, reason="too_many", what=endpoint.name)
            await _refuse(connection, receive, send, _too_many(connection, endpoint, count))
            return
        telling = _with_headers(send, _headers(endpoint, count))
        if scope["type"] == "websocket":
            await self._hold(connection, "sockets", _slowed(receive), send)
        elif _STREAM.fullmatch(scope["path"]):
            await self._hold(connection, "streams", receive, telling)
        else:
            await self._app(scope, receive, telling)

    async def _count(self, connection: HTTPConnection) -> tuple[Endpoint, Count]:
        resources: Resources = connection.state.resources
        signed_in: SignedIn | None = connection.state.signed_in
        endpoint = endpoint_of(
            connection.scope.get("method", "GET"),
            connection.scope["path"],
            is_signed_in=signed_in is not None,
            groups=self._groups,
        )
        limit: int = getattr(resources.settings.rate_limits, endpoint.kind)
        name = endpoint.name
        if signed_in is not None and endpoint.kind not in _PER_ADDRESS:
            name = f"{name}:{signed_in.user_id}"
        # While every process counts by itself, several must not let more people guess.
        alone = max(1, limit // 3) if endpoint.kind in _PER_ADDRESS else limit
        key = rate_key(client_network(connection), name)
        return endpoint, await resources.limiter.count(key, limit, limit_alone=alone)

    async def _hold(
        self, connection: HTTPConnection, kind: str, receive: Receive, send: Send
    ) -> None:
        """Pass on what lasts, as long as there is a place for it."""
        resources: Resources = connection.state.resources
        signed_in: SignedIn | None = connection.state.signed_in
        if signed_in is None:
            await self._app(connection.scope, receive, send)
            return
        rates: RateLimits = resources.settings.rate_limits
        key = rate_key(client_network(connection), f"{kind}:{signed_in.user_id}")
        async with resources.limiter.place(key, getattr(rates, kind)) as is_given:
            if is_given:
                await self._app(connection.scope, receive, send)
                return
        message = "Too many event streams are open at once; close one of them."
        error = failure(connection, 429, "too_many", message, retry_after=WINDOW_SECONDS)
        await _refuse(connection, receive, send, error)


class FramePace:
    """How long to rest before the next frame of one socket is read."""

    def __init__(self) -> None:
        self._due = float("-inf")

    def rest(self, at: float) -> float:
        """Seconds; `at` are those of a clock."""
        step = 1 / FRAMES_PER_SECOND
        self._due = max(self._due, at - FRAMES_AT_ONCE * step) + step
        return max(0.0, round(self._due - at, 6))


def _slowed(receive: Receive) -> Receive:
    """The same, at a pace: whoever sends faster waits, and fills no memory of ours."""
    pace = FramePace()

    async def receive_slowly() -> Message:
        message = await receive()
        if rest := pace.rest(time.monotonic()):
            await asyncio.sleep(rest)
        return message

    return receive_slowly


def _too_many(connection: HTTPConnection, endpoint: Endpoint, count: Count) -> Response:
    """The refusal, for programs as JSON, for people who went to a page as one."""
    message = (
        "Too many requests in a short time. Try again in 1 second."
        if count.reset == 1
        else f"Too many requests in a short time. Try again in {count.reset} seconds."
    )
    if "text/html" in connection.headers.get("accept", ""):
        language = preferred_language(connection.headers.get("accept-language"))
        answer: Response = page("too_many", language, status=429, problem=message)
        answer.headers["Retry-After"] = str(count.reset)
        if connection.scope.get("method") == "GET":
            answer.headers["Refresh"] = str(count.reset)  # the browser looks again by itself
    else:
        answer = failure(connection, 429, "too_many", message, retry_after=count.reset)
    for name, value in _headers(endpoint, count):
        answer.headers[name.decode()] = value.decode()
    return answer


async def _refuse(
    connection: HTTPConnection, receive: Receive, send: Send, error: Response
) -> None:
    """Answer with `error`; a socket is opened and closed at once, so that its page learns why."""
    if connection.scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": "too many"})
        return
    await error(connection.scope, receive, send)


def _headers(endpoint: Endpoint, count: Count) -> list[tuple[bytes, bytes]]:
    """How much is left: as three fields that many clients read, and as the IETF's draft has it."""
    policy, left = f'"{endpoint.kind}"', f"r={count.remaining};t={count.reset}"
    said = {
        "ratelimit-limit": str(count.limit),
        "ratelimit-remaining": str(count.remaining),
        "ratelimit-reset": str(count.reset),
        "ratelimit-policy": f"{policy};q={count.limit};w={WINDOW_SECONDS}",
        "ratelimit": f"{policy};{left}",
    }
    return [(name.encode(), value.encode()) for name, value in said.items()]


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *headers]
        await send(message)

    return send_with_headers
