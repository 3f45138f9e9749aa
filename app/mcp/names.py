"""Which tools each user has, under the names that models call them by.

Worked out once for all users who have the same, and again when something about a server changed.
"""

from collections.abc import Hashable, Mapping
from uuid import UUID

from app.mcp.known import Accepted, held_back
from app.mcp.server import Server
from app.mcp.spec import key_for
from app.mcp.tools import RemoteTool, name_tools


class Names:
    """The tools of all users of one worker."""

    def __init__(self) -> None:
        self._servers: Mapping[UUID | str, Server] = {}
        self._named: dict[UUID | None, dict[str, RemoteTool]] = {}
        self._versions: dict[UUID | None, int] = {None: 0}
        self._accepted = Accepted()

    def know(self, accepted: Accepted) -> None:
        """These versions of tools were accepted; of all others models are told little."""
        if accepted != self._accepted:
            self._accepted = accepted
            self._versions[None] += 1
            self._named.clear()

    def told(self, user_id: UUID | None) -> list[RemoteTool]:
        """A user's tools as a model is told of them."""
        owner = self._owner(user_id)
        return [
            held_back(tool) if self._accepted.is_changed(owner, tool) else tool
            for tool in self.of(user_id).values()
        ]

    def use(self, servers: Mapping[UUID | str, Server]) -> None:
        """These are the servers; of two tools with one name the earlier server's has it."""
        self._servers = servers

    def of(self, user_id: UUID | None) -> dict[str, RemoteTool]:
        """A user's tools by name."""
        owner = self._owner(user_id)
        if owner not in self._named:
            offered = [
                (server.spec.name, server.spec.id, server.keeper.tools)
                for server in self._servers.values()
                if server.spec.serves(owner) and not self._is_hidden(server, owner)
            ]
            self._named[owner] = {tool.name: tool for tool in name_tools(offered)}
        return self._named[owner]

    def version_for(self, user_id: UUID | None) -> Hashable:
        """The same for as long as a user has the same tools."""
        owner = self._owner(user_id)
        return (self._versions[None], owner, self._versions.get(owner, 0))

    def renew(self, server: Server) -> None:
        """This server, or what it offers, is another; those it serves have other tools."""
        spec = server.spec
        served = {spec.user_id} if spec.members is None or spec.user_id else spec.members
        for owner in served:
            self._versions[owner] = self._versions.get(owner, 0) + 1
            if owner is None:
                self._named.clear()
            else:
                self._named.pop(owner, None)

    def _owner(self, user_id: UUID | None) -> UUID | None:
        """The user, if they have servers that not all have; all others share one list of tools."""
        own = user_id is not None and any(
            not server.spec.serves(None) and server.spec.serves(user_id)
            for server in self._servers.values()
        )
        return user_id if own or user_id in self._accepted.users else None

    def _is_hidden(self, server: Server, owner: UUID | None) -> bool:
        """Whether this user has a session of their own with a server that serves everybody."""
        return server.spec.user_id is None and key_for(server.spec.id, owner) in self._servers
