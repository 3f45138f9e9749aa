"""Under which address a request reached this Keiko: what it calls itself in its answers.

A name that is not known is refused: a foreign page whose name was made to lead here (DNS
rebinding) is told nothing.
"""

import re
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from app.core.errors import Forbidden
from app.core.resources import Resources

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")


def base_address(connection: HTTPConnection) -> str:
    """`https://host[:port]` of this Keiko, as whoever asks knows it. Forbidden for a wrong name."""
    resources: Resources = connection.state.resources
    settings = resources.settings
    public = (settings.public_url or "").rstrip("/")
    host = connection.headers.get("host", "")
    if public and host == urlsplit(public).netloc:
        return public
    name = _name(host)
    if not _is_own(name) and name != settings.host:
        raise Forbidden(
            "This Keiko does not know itself by this name; the operator sets KEIKO_PUBLIC_URL."
        )
    return public or f"{connection.scope.get('scheme', 'http')}://{host}"


def is_secure(connection: HTTPConnection, public_url: str | None) -> bool:
    """Whether the browser speaks https, to us or to the proxy in front."""
    if connection.scope["scheme"] in ("https", "wss"):
        return True
    public = urlsplit(public_url or "")
    return public.scheme == "https" and connection.headers.get("host") == public.netloc


def client_network(connection: HTTPConnection) -> str:
    """Who asks, as limits count: an IPv4 address, or the /64 that an IPv6 host may choose from."""
    try:
        address = ip_address(connection.client.host if connection.client else "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((int(address), 64), strict=False).network_address)
    return str(address)


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or "" if _HOST.fullmatch(host) else ""
    except ValueError:
        return ""


def _is_own(name: str) -> bool:
    """A machine's own name for itself, or a bare address: neither can be made to lead elsewhere."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
