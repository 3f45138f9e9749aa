"""The session cookie: an opaque token, out of reach for scripts and for other sites.

Over https its name starts with `__Host-`, which browsers accept from this very host alone, so
that no neighbour can plant a session (ASVS 5.0, 3.3.1). Plain http has no such name.
"""

from datetime import timedelta

from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.core.address import is_secure as is_secure
from app.users import known_browsers
from app.users.pending import LIFETIME
from app.users.providers.flow import LIFE
from app.users.sessions import ABSOLUTE_END

SECURE_NAME = "__Host-keiko_session"
PLAIN_NAME = "keiko_session"

OWN_COOKIES = ("keiko_", "__Host-keiko_")
"""How the name of each cookie of ours begins: none is for anybody but us."""

Names = tuple[str, str]
"""What a cookie is called over https, and over plain http."""

_SESSION: Names = (SECURE_NAME, PLAIN_NAME)
LEAVING: Names = ("__Host-keiko_leaving", "keiko_leaving")
"""A browser that has signed out here, and is to sign out at a provider too."""

PENDING: Names = ("__Host-keiko_pending", "keiko_pending")
"""A sign-in that waits for a second factor."""

KNOWN: Names = ("__Host-keiko_browser", "keiko_browser")
"""A browser in which somebody signed in before."""

ASKED: Names = ("__Host-keiko_asked", "keiko_asked")
"""A browser that was asked for a passkey to sign in with."""


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
    _keep(response, _SESSION, token, ABSOLUTE_END, is_secure(connection, public_url))


def drop_token(response: Response) -> None:
    """Have the browser forget its token."""
    _drop(response, _SESSION)


def read_short(connection: HTTPConnection, names: Names, public_url: str | None) -> str | None:
    """What this browser holds under one of these names."""
    return connection.cookies.get(names[0 if is_secure(connection, public_url) else 1])


def keep_short(
    response: Response,
    names: Names,
    token: str,
    connection: HTTPConnection,
    public_url: str | None,
) -> None:
    """Have the browser hold it."""
    _keep(response, names, token, LIFETIME, is_secure(connection, public_url))


def keep_known(
    response: Response, value: str, connection: HTTPConnection, public_url: str | None
) -> None:
    """Have the browser hold, for a year, who signed in there."""
    _keep(response, KNOWN, value, known_browsers.LIFETIME, is_secure(connection, public_url))


def drop_short(response: Response, names: Names, connection: HTTPConnection) -> None:
    """Have the browser forget it, if it has one."""
    if any(name in connection.cookies for name in names):
        _drop(response, names)


def read_way_token(connection: HTTPConnection, name: str, public_url: str | None) -> str | None:
    """What this browser holds of one sign-in at a provider."""
    return connection.cookies.get(_way(name)[0 if is_secure(connection, public_url) else 1])


def keep_way_token(
    response: Response, name: str, token: str, connection: HTTPConnection, public_url: str | None
) -> None:
    """Have the browser hold it until it is back."""
    _keep(response, _way(name), token, LIFE, is_secure(connection, public_url))


def drop_way_token(response: Response, name: str) -> None:
    """Have the browser forget it."""
    _drop(response, _way(name))


def _way(name: str) -> Names:
    return f"__Host-{name}", name


def _keep(response: Response, names: Names, value: str, age: timedelta, secure: bool) -> None:
    response.set_cookie(
        names[0] if secure else names[1],
        value,
        max_age=int(age.total_seconds()),
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _drop(response: Response, names: Names) -> None:
    response.delete_cookie(names[0], secure=True, httponly=True, samesite="lax")
    response.delete_cookie(names[1], httponly=True, samesite="lax")
