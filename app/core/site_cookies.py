"""The cookies of visitors of sites: one for frames in others' pages, one for our own full page.

The frame's is partitioned: a browser keeps one for each site that shows the frame, and the same
frame on another site has none (CHIPS). Its header is written by hand, for Starlette's own way
needs Python 3.14. Over plain http, where none of that can be, it goes to our own site alone.
"""

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection

from app.core.address import is_secure

SITE_HEADER = "x-keiko-site"
"""The key of the site that a request belongs to."""

FULL_HEADER = "x-keiko-full"
"""Said by our own full page: its session is another than the frames' in the same browser."""

_FRAME = ("__Host-kw", "kw")
_FULL = ("__Host-kwf", "kwf")

SITE_COOKIES = (*_FRAME, *_FULL)


def is_full(connection: HTTPConnection) -> bool:
    """Whether our own full page asks."""
    return connection.headers.get(FULL_HEADER) == "1"


def read_visit(connection: HTTPConnection, public_url: str | None) -> str | None:
    """The visitor's token that the browser holds for whoever asks: a frame, or the full page."""
    names = _FULL if is_full(connection) else _FRAME
    return connection.cookies.get(names[0 if is_secure(connection, public_url) else 1])


def holds_frame_cookie(connection: HTTPConnection) -> bool:
    """Whether a request brings the cookie of a frame."""
    return any(name in connection.cookies for name in _FRAME)


def keep_visit(
    headers: MutableHeaders,
    token: str,
    age: int,
    connection: HTTPConnection,
    public_url: str | None,
) -> None:
    """Have the browser hold a visitor's token for so many seconds."""
    full, secure = is_full(connection), is_secure(connection, public_url)
    headers.append("set-cookie", _line(token, age, full=full, secure=secure))


def drop_visit(headers: MutableHeaders, connection: HTTPConnection, public_url: str | None) -> None:
    """Have the browser forget it: said with the same attributes, or it would be another one."""
    keep_visit(headers, "", 0, connection, public_url)


def _line(token: str, age: int, *, full: bool, secure: bool) -> str:
    name = (_FULL if full else _FRAME)[0 if secure else 1]
    attributes = f"{name}={token}; Path=/; Max-Age={age}; HttpOnly"
    if not secure:
        return f"{attributes}; SameSite=Lax"
    if full:
        return f"{attributes}; Secure; SameSite=Lax"
    return f"{attributes}; Secure; SameSite=None; Partitioned"
