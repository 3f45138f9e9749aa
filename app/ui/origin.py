"""Which requests may act: those of our own pages, and those of programs that are no browser.

Cookies go along with requests that a foreign page makes. A browser always says where those come
from: `Sec-Fetch-Site`, or at least `Origin`, which unsafe methods never lack. A request without
both is no browser's: whoever sends it holds the cookie by right. A WebSocket always has to say
its `Origin` (ASVS 5.0, 4.4.2).
"""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

_SAFE = ("GET", "HEAD", "OPTIONS")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def may_act(connection: HTTPConnection, public_url: str | None) -> bool:
    """Whether this request is not one that a foreign page tricks a browser into."""
    headers = connection.headers
    if (
        connection.scope["type"] == "http"
        and "authorization" in headers
        and "cookie" not in headers
    ):
        return True  # no page can make a browser send that unasked, and there is no cookie to use
    origin = headers.get("origin")
    if connection.scope["type"] == "websocket":
        return origin is not None and _is_ours(origin, headers.get("host", ""), public_url)
    if connection.scope["method"] in _SAFE and not connection.scope["path"].startswith("/ws/"):
        return True
    site = headers.get("sec-fetch-site")
    if site in ("same-origin", "none"):
        return True
    if origin is not None:
        return _is_ours(origin, headers.get("host", ""), public_url)
    return site is None


def is_own_page(connection: HTTPConnection, public_url: str | None, *, must_say: bool) -> bool:
    """Whether a page of ours asks, reading too: as the browser says, which `must_say` so."""
    headers = connection.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if origin is not None and not _is_ours(origin, headers.get("host", ""), public_url):
        return False
    return site == "same-origin" or (site is None and not must_say)


def _is_ours(origin: str, host: str, public_url: str | None) -> bool:
    theirs = _authority(origin)
    if theirs is None:
        return False
    scheme = origin.partition(":")[0].lower()
    return theirs == _authority(f"{scheme}://{host}") or (
        public_url is not None
        and (scheme, theirs) == (urlsplit(public_url).scheme, _authority(public_url))
    )


def _authority(url: str) -> tuple[str, int] | None:
    """Host and port of an http address; none for anything else, such as `null`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    return parts.hostname, port or _DEFAULT_PORTS[parts.scheme]
