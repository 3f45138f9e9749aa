"""The session cookie: an opaque token, out of reach for scripts and for other sites.

Over https its name starts with `__Host-`, which browsers accept from this very host alone, so
that no neighbour can plant a session (ASVS 5.0, 3.3.1). Plain http has no such name.
"""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.users.sessions import ABSOLUTE_END

SECURE_NAME = "__Host-keiko_session"
PLAIN_NAME = "keiko_session"


def is_secure(connection: HTTPConnection, public_url: str | None) -> bool:
    """Whether the browser speaks https, to us or to the proxy in front."""
    if connection.scope["scheme"] in ("https", "wss"):
        return True
    public = urlsplit(public_url or "")
    return public.scheme == "https" and connection.headers.get("host") == public.netloc


def read_token(connection: HTTPConnection, public_url: str | None) -> str | None:
    """The session's token that this browser holds."""
    secure = connection.cookies.get(SECURE_NAME)
    if secure or is_secure(connection, public_url):
        return secure
    return connection.cookies.get(PLAIN_NAME)


def keep_token(
    response: Response, token: str, connection: HTTPConnection, public_url: str | None
) -> None:
    """Have the browser hold this token; the server alone decides when its session ends."""
    secure = is_secure(connection, public_url)
    response.set_cookie(
        SECURE_NAME if secure else PLAIN_NAME,
        token,
        max_age=int(ABSOLUTE_END.total_seconds()),
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def drop_token(response: Response) -> None:
    """Have the browser forget its token."""
    response.delete_cookie(SECURE_NAME, secure=True, httponly=True, samesite="lax")
    response.delete_cookie(PLAIN_NAME, httponly=True, samesite="lax")
