"""What a session with a server needs to be opened: read by the worker, checked by the web."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from app.core.db import JSON
from app.core.settings import ToolServerSettings
from app.mcp.models import SignIn, Transport


@dataclass(frozen=True, kw_only=True)
class ServerSpec:
    """A server as it is reached. `env` and `headers` hold secrets in the clear: never logged.

    Without an `id` it stands in the settings; without a `user_id` it serves everybody. `chosen` is
    the transport that worked last, `tools` what it offered then, each as MCP writes a tool.

    `sign_in` says who signs in, where the server wants it. A server that serves everybody and that
    each user signs in to has one spec for each of them (`is_shared`, with their `user_id` and
    `credential_id`), and one for all others, which has no session.
    """

    name: str
    id: UUID | None = None
    user_id: UUID | None = None
    transport: Transport = Transport.AUTO
    command: str | None = None
    args: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    url: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float = 30
    version: int = 1
    chosen: Transport | None = None
    tools: tuple[JSON, ...] = field(default=(), repr=False)
    sign_in: SignIn | None = None
    credential_id: UUID | None = None
    is_shared: bool = False
    provider: str | None = None
    """Where its users have the accounts that it works with: the provider, as people call it."""
    members: frozenset[UUID] | None = None
    """Who alone it serves, where it serves a group."""

    def serves(self, user_id: UUID | None) -> bool:
        """Whether this user may use it; None is nobody in particular."""
        if self.user_id is not None:
            return self.user_id == user_id
        return self.members is None or user_id in self.members

    def is_reached_like(self, other: "ServerSpec") -> bool:
        """Whether a session with the one serves as one with the other."""
        mine = (self.version, self.sign_in, self.credential_id)
        return mine == (other.version, other.sign_in, other.credential_id)

    @property
    def is_closed(self) -> bool:
        """Whether somebody has to sign in before there can be a session."""
        return self.is_personal and self.credential_id is None

    @property
    def is_personal(self) -> bool:
        """Whether each user calls it in their own name."""
        return self.sign_in in (SignIn.USER, SignIn.PROVIDER)

    @property
    def key(self) -> UUID | str:
        """What tells it from all other servers of a worker."""
        if self.is_shared and self.credential_id is not None:
            return key_for(self.id, self.user_id)
        return self.id or self.name


def given(server: ToolServerSettings) -> ServerSpec:
    """A server of the operator's."""
    return ServerSpec(
        name=server.name,
        command=server.command,
        args=tuple(server.args),
        env=server.env,
        roots=tuple(server.roots),
    )


def key_for(server_id: UUID | None, user_id: UUID | None) -> str:
    """The key of a shared server as one user is signed in to it."""
    return f"{server_id}:{user_id}"
