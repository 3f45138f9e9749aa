"""What a session with a server needs to be opened: read by the worker, checked by the web."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from app.core.db import JSON
from app.mcp.models import Transport


@dataclass(frozen=True, kw_only=True)
class ServerSpec:
    """A server as it is reached. `env` and `headers` hold secrets in the clear: never logged.

    Without an `id` it stands in the settings; without a `user_id` it serves everybody. `chosen` is
    the transport that worked last, `tools` what it offered then, each as MCP writes a tool.
    """

    name: str
    id: UUID | None = None
    user_id: UUID | None = None
    transport: Transport = Transport.AUTO
    command: str | None = None
    args: tuple[str, ...] = ()
    url: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float = 30
    version: int = 1
    chosen: Transport | None = None
    tools: tuple[JSON, ...] = field(default=(), repr=False)

    @property
    def key(self) -> UUID | str:
        """What tells it from all other servers of a worker."""
        return self.id or self.name
