"""What may be secret of a server: environment, headers, and Keiko's client id and secret there.

Whom the latter are for is kept beside them; whoever enters something anew takes that back.
"""

from collections.abc import Mapping

from app.core.errors import Unavailable
from app.core.resources import Resources
from app.core.sealed import Place
from app.mcp.models import McpServer

SECRET = ("env", "headers", "oauth")
"""What a person enters."""

_PINNED = "pinned"
Secrets = dict[str, dict[str, str]]


def seal_secrets(resources: Resources, server: McpServer, secrets: Mapping[str, object]) -> None:
    """Keep these of a server, and none from before."""
    kept = {name: values for name, values in secrets.items() if values}
    server.sealed = resources.sealer.seal(kept, _place(server)) if kept else None


def open_secrets(resources: Resources, server: McpServer) -> Secrets:
    """What is sealed of a server. Raises Unavailable where the key is not here."""
    kept = _unsealed(resources, server)
    return {name: kept.get(name, {}) for name in SECRET}


def find_secrets(resources: Resources, server: McpServer) -> Secrets | None:
    """The same; None where they cannot be opened."""
    try:
        return open_secrets(resources, server)
    except Unavailable:
        return None


def find_pinned(resources: Resources, server: McpServer) -> str | None:
    """The issuer that client id and secret are for, once they were used."""
    issuer: str | None = _unsealed(resources, server).get(_PINNED, {}).get("issuer")
    return issuer


def keep_pinned(resources: Resources, server: McpServer, issuer: str) -> None:
    """Note the issuer that client id and secret are for."""
    kept = _unsealed(resources, server)
    seal_secrets(resources, server, {**kept, _PINNED: {"issuer": issuer}})


def _unsealed(resources: Resources, server: McpServer) -> Secrets:
    if server.sealed is None:
        return {}
    kept: Secrets = resources.sealer.unseal(server.sealed, _place(server))
    return kept


def _place(server: McpServer) -> Place:
    return Place("mcp_servers", "sealed", server.id)
