"""Whose servers: those that the settings name, and our own for the rest."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.core.embedded.supervisor import Embedded
from app.core.rights import as_application
from app.core.settings import Settings


def missing_servers(settings: Settings) -> Embedded:
    """Our own servers, not started yet, for what the settings do not name."""
    named = {"postgres": settings.database_url, "valkey": settings.redis_url}
    return Embedded(settings.data, kinds=[kind for kind, url in named.items() if url is None])


def with_addresses(settings: Settings, servers: Embedded) -> Settings:
    """The settings, with the addresses of the servers that now run."""
    owner = servers.database_url
    return settings.model_copy(
        update={
            "database_url": settings.database_url or (owner and as_application(owner)),
            "database_owner_url": settings.database_owner_url or owner,
            "redis_url": settings.redis_url or servers.redis_url,
        }
    )


@contextmanager
def running_servers(settings: Settings) -> Iterator[Settings]:
    """Settings whose addresses answer: the given, a running Keiko's, or our own meanwhile."""
    with missing_servers(settings) as servers:
        yield with_addresses(settings, servers)
