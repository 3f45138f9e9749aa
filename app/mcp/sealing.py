"""What may be secret of a server: the values of its environment and of its headers."""

from collections.abc import Mapping

from app.core.errors import Unavailable
from app.core.resources import Resources
from app.core.sealed import Place
from app.mcp.models import McpServer

SECRET = ("env", "headers")
Secrets = dict[str, dict[str, str]]


def seal_secrets(resources: Resources, server: McpServer, secrets: Mapping[str, object]) -> None:
    """Keep these of a server, and none from before."""
    kept = {name: values for name, values in secrets.items() if values}
    server.sealed = resources.sealer.seal(kept, _place(server)) if kept else None


def open_secrets(resources: Resources, server: McpServer) -> Secrets:
    """Environment and headers of a server. Raises Unavailable where the key is not here."""
    kept = resources.sealer.unseal(server.sealed, _place(server)) if server.sealed else {}
    return {name: kept.get(name, {}) for name in SECRET}


def find_secrets(resources: Resources, server: McpServer) -> Secrets | None:
    """The same; None where they cannot be opened."""
    try:
        return open_secrets(resources, server)
    except Unavailable:
        return None


def _place(server: McpServer) -> Place:
    return Place("mcp_servers", "sealed", server.id)
