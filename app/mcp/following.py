"""A worker's servers follow the registry; what it finds is written where web can see it."""

import asyncio
import contextlib
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import Bus, publish_hint, read_hint
from app.core.clock import now
from app.core.db import persist
from app.core.loops import keep_on
from app.core.redis import HINTS, LOST, server_health_key
from app.core.resources import Resources
from app.mcp.discovery import stored
from app.mcp.health import RESET
from app.mcp.known import Accepted, note_first, read_accepted
from app.mcp.models import ServerState
from app.mcp.offering import note_offers
from app.mcp.offers import Offers
from app.mcp.sayings import Sayings
from app.mcp.server import Server
from app.mcp.sessions import ToolServers
from app.mcp.spec import ServerSpec
from app.mcp.specs import note_state, read_specs

READ_SECONDS = 60.0
"""How often the registry is read when no hint says that it changed."""

HEALTH_SECONDS = 150
"""How long a worker's word about a server holds."""


class Follower:
    """Keeps the servers of one worker in step with the registry; see the module."""

    def __init__(self, resources: Resources, servers: ToolServers) -> None:
        self._resources = resources
        self._servers = servers
        self._changed = asyncio.Event()
        self._noted: set[UUID | str] = set()
        self._offered: dict[UUID | str, Offers | None] = {}
        self._sayings = Sayings(resources.redis)
        servers.noted = self._note
        servers.said = self._hear
        servers.look_again = self.read

    def listen(self, bus: Bus) -> None:
        """Hear of changes in the registry, and of breakers that are to be reset."""
        bus.subscribe(HINTS, self._hint)
        bus.on_gap(self._changed.set)

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(keep_on("mcp_registry", self._step))
            both.create_task(keep_on("mcp_lines", self._sayings.write))

    async def read(self) -> None:
        """Have the servers be those of the registry, now."""

        async def look(session: AsyncSession) -> tuple[list[ServerSpec], Accepted]:
            return await read_specs(session, self._resources), await read_accepted(session)

        specs, accepted = await persist(self._resources.db, look)
        self._servers.know(accepted)
        self._servers.follow(specs)
        self._servers.close_idle()

    def _hint(self, data: bytes) -> None:
        kind, id = read_hint(data)
        if kind == "mcp":
            self._changed.set()
        elif kind == RESET:
            self._servers.reset(id)

    def _note(self, server: Server) -> None:
        self._noted.add(server.key)
        self._changed.set()

    def _hear(self, server: Server, level: str, text: str) -> None:
        if server.spec.id is not None and not server.spec.is_shared:
            self._sayings.hear(server.spec.id, level, text)

    async def _step(self) -> float:
        self._changed.clear()
        await self._write_states()
        await self.read()
        await self._write_health()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READ_SECONDS):
                await self._changed.wait()
        return 0.1

    async def _write_states(self) -> None:
        noted, self._noted = self._noted, set()
        for server in self._servers.list_servers():
            if server.key in noted and server.spec.id is not None:
                try:
                    await self._write_state(server.spec.id, server)
                except BaseException:
                    self._noted |= noted
                    raise

    async def _write_state(self, server_id: UUID, server: Server) -> None:
        keeper = server.keeper
        if keeper.state is ServerState.SIGN_IN and server.spec.credential_id is not None:
            return  # one user has to sign in again, which says nothing of the server
        is_there = keeper.state is ServerState.CONNECTED
        is_for_all = is_there or not server.spec.is_shared

        async def write(session: AsyncSession) -> None:
            await note_state(
                session,
                server_id,
                keeper.state,
                keeper.sentence if is_for_all else "",
                chosen=keeper.transport,
                tools=stored(keeper.tools) if is_there else None,
            )
            if is_there:
                await note_first(session, server.spec, keeper.tools)
            # What one user finds behind their sign-in to a shared server is theirs alone.
            if keeper.offers is not None and not server.spec.is_shared:
                await note_offers(session, server_id, keeper.offers)

        await persist(self._resources.db, write)
        if keeper.offers != self._offered.get(server.key):
            self._offered[server.key] = keeper.offers
            await publish_hint(self._resources.redis, "mcp", server_id)

    async def _write_health(self) -> None:
        """Seed A10: `mcp:health:{server}`, of every server that this worker keeps open."""
        pipe = self._resources.redis.pipeline(transaction=False)
        for server in self._servers.list_servers():
            if server.keeper.is_kept:
                pipe.set(server_health_key(server.key), _health(server), ex=HEALTH_SECONDS)
        with contextlib.suppress(*LOST):
            await pipe.execute()


def _health(server: Server) -> bytes:
    breaker = server.breaker
    return orjson.dumps(
        {
            "state": server.keeper.state,
            "sentence": server.keeper.sentence,
            "breaker": breaker.state,
            "failures": breaker.failures,
            "again_in_seconds": breaker.seconds_left(),
            "tools": len(server.keeper.tools),
            "at": now(),
        }
    )
