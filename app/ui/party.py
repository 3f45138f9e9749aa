"""For which address passkeys sign here: that which the browser shows."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from app.core.address import base_address
from app.core.errors import Forbidden, Invalid
from app.users.passkeys import Party

NO_PARTY = (
    "Passkeys work where Keiko has a name and is reached by https, or at http://localhost; "
    "not at a bare address."
)


def party_of(connection: HTTPConnection) -> Party | None:
    """The host and origin of this request; None where browsers allow no passkeys."""
    host = connection.headers.get("host", "")
    try:
        base = base_address(connection)
    except Forbidden:
        return None
    if host != urlsplit(base).netloc:
        base = f"{connection.scope.get('scheme', 'http')}://{host}"
    name = urlsplit(base).hostname or ""
    is_local = name == "localhost" or name.endswith(".localhost")
    if _is_bare(name) or not (is_local or base.startswith("https://")):
        return None
    return Party(id=name, origin=base)


def require_party(connection: HTTPConnection) -> Party:
    """The same; raises `Invalid` where there is none."""
    party = party_of(connection)
    if party is None:
        raise Invalid(NO_PARTY)
    return party


def _is_bare(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
