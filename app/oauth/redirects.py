"""Where a program may have its user sent back to (RFC 6749, 3.1.2; RFC 8252, 7)."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlencode, urlsplit

LONGEST = 2048
MOST = 20

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""The machine that the browser runs on."""

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")
_PRINTABLE = re.compile(r"[\x21\x23-\x26\x28-\x3a\x3d\x3f-\x5b\x5d-\x7e]+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,60}")
_NEVER = frozenset(
    ("about", "blob", "data", "file", "filesystem", "ftp", "javascript", "mailto", "tel",
     "vbscript", "view-source", "ws", "wss")
)  # fmt: skip
"""Schemes that are a browser's own, or run what they are given."""


def is_usable(uri: str) -> bool:
    """Whether a browser may be sent there: https, a program on its machine, or an app's scheme."""
    parts = _split(uri)
    if parts is None or parts.fragment or uri.endswith("#"):
        return False
    if parts.scheme in ("http", "https"):
        host = parts.hostname or ""
        named = bool(_HOST.fullmatch(host)) and parts.username is None and parts.password is None
        return named and (parts.scheme == "https" or host in LOOPBACK)
    return bool(_SCHEME.fullmatch(parts.scheme)) and parts.scheme not in _NEVER


def find_redirect(registered: Sequence[str], wanted: str | None) -> str | None:
    """The address that was asked for, if it is registered; of one alone, that one.

    It is the very same text, but for the port of a program on the user's machine (RFC 8252, 7.3).
    """
    if wanted is None:
        return registered[0] if len(registered) == 1 else None
    if wanted in registered:
        return wanted
    if not is_usable(wanted):
        return None
    own = _without_port(wanted)
    if own is not None and any(own == _without_port(each) for each in registered):
        return wanted
    return None


def host_of(uri: str) -> str:
    """Who gets the answer, as its user is shown: a host, or the scheme of an app."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:"
    return parts.hostname or ""


def is_local(uri: str) -> bool:
    """Whether the answer stays on the user's own machine."""
    parts = urlsplit(uri)
    return parts.scheme not in ("http", "https") or parts.hostname in LOOPBACK


def source_of(uri: str) -> str:
    """The address as a policy of the browser names it: origin, or scheme."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def with_answer(uri: str, answer: dict[str, str]) -> str:
    """The address with an answer in its query."""
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}"


def _split(uri: str) -> SplitResult | None:
    if len(uri) > LONGEST or not _PRINTABLE.fullmatch(uri):
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _without_port(uri: str) -> tuple[str, str, str] | None:
    parts = urlsplit(uri)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        return None
    return parts.hostname, parts.path, parts.query
