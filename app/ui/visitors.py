"""Visitors of sites at the gate: whose session counts, and that only our own pages use it.

A request of a frame says which site it belongs to (`X-Keiko-Site`), and then that site's visitor
asks, whoever else may be signed in in the same browser. A host page's own script can send the
frame's cookie along, but neither that header nor `Sec-Fetch-Site: same-origin`.
"""

from starlette.requests import HTTPConnection

from app.core.errors import Forbidden
from app.core.resources import Resources
from app.core.site_cookies import SITE_HEADER, holds_frame_cookie, read_visit
from app.ui.origin import is_own_page
from app.users.signed_in import SignedIn
from app.users.site_sessions import PREFIX, find_visit

_API = "/api/"
_OWN = "/api/v1/widget/"
_SESSION = "/api/v1/widget/session"
_NOT_VISITORS = ("/api/v1/widget/tickets", "/api/v1/widget/sign-in")
"""What a site's server asks, and what a user asks in a window of our own."""

NO_SITE = "A visitor's request names its site in the header X-Keiko-Site."
OTHER_SITE = "This session belongs to another site."
FOREIGN = "This request comes from a foreign page."


def is_visitors(connection: HTTPConnection) -> bool:
    """Whether a visitor of a site asks, or somebody who may become one."""
    path = connection.scope["path"]
    if connection.scope["type"] != "http" or not path.startswith(_API) or path in _NOT_VISITORS:
        return False
    if SITE_HEADER in connection.headers or path.startswith(_OWN):
        return True
    return _bearer(connection) is not None


def require_no_visit(connection: HTTPConnection, token: str | None) -> None:
    """Raises Forbidden for a frame's cookie that is sent without a site, and without ours."""
    path = connection.scope["path"]
    is_theirs = path.startswith(_API) and path not in _NOT_VISITORS
    if is_theirs and token is None and holds_frame_cookie(connection):
        raise Forbidden(NO_SITE)


async def find_visitor(connection: HTTPConnection, resources: Resources) -> SignedIn | None:
    """Which visitor asks; None if nobody is signed in on this site. Raises Forbidden."""
    site_key = connection.headers.get(SITE_HEADER)
    if site_key is None:
        raise Forbidden(NO_SITE)
    token = _bearer(connection)
    cookie = None if token else read_visit(connection, resources.settings.public_url)
    if not is_own_page(connection, resources.settings.public_url, must_say=cookie is not None):
        raise Forbidden(FOREIGN)
    if (given := token or cookie) is None:
        return None
    found = await find_visit(resources, given)
    if found is None or found.site is None or found.site.site_key == site_key:
        return found
    if connection.scope["path"] == _SESSION:
        return None  # two sites that share a browser's cookies: each signs in anew
    raise Forbidden(OTHER_SITE)


def _bearer(connection: HTTPConnection) -> str | None:
    kind, _, given = connection.headers.get("authorization", "").partition(" ")
    given = given.strip()
    return given if kind.lower() == "bearer" and given.startswith(PREFIX) else None
