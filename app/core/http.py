"""The headers of every answer: what a browser may do with it, and whether it may keep it."""

from typing import cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.resources import Resources

NOTHING_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The policy of whatever is not a page (ASVS 5.0, 3.4.3 and 3.4.6)."""

_YEARS_OF_HTTPS = "max-age=63072000; includeSubDomains"
_UNUSED = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")

_DEFAULTS = {
    "Content-Security-Policy": NOTHING_ALLOWED,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Pairs = list[tuple[bytes, bytes]]


def _encode(headers: dict[str, str]) -> Pairs:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_PLAIN = _encode(_DEFAULTS)
_SECURE = [*_PLAIN, *_encode({"Strict-Transport-Security": _YEARS_OF_HTTPS})]


class SecurityHeaders:
    """ASGI middleware: adds each header that the answer does not bring itself.

    Whoever serves a page says its own policy; whoever serves a file says how long it may be kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; the headers are added when the answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        defaults = _SECURE if _is_https(scope) else _PLAIN

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said: Pairs = list(message.get("headers", ()))
                names = {name.lower() for name, _ in said}
                said += [pair for pair in defaults if pair[0] not in names]
                message["headers"] = said
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _is_https(scope: Scope) -> bool:
    """Whether browsers reach us by https, be it through a proxy."""
    if scope.get("scheme") == "https":
        return True
    resources = cast("Resources | None", scope.get("state", {}).get("resources"))
    return (resources is not None) and (resources.settings.public_url or "").startswith("https://")
