"""A worker's servers follow the registry; what it finds is written where web can see it."""

import asyncio
import contextlib
from uuid import UUID

import orjson

from app.core.bus import Bus, read_hint
from app.core.clock import now
from app.core.db import persist
from app.core.loops import keep_on
from app.core.redis import HINTS, LOST, server_health_key
from app.core.resources import Resources
from app.mcp.discovery import stored
from app.mcp.health import RESET
from app.mcp.models import ServerState
from app.mcp.registry import note_state, read_specs
from app.mcp.server import Server
from app.mcp.sessions import ToolServers

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
        servers.noted = self._note

    def listen(self, bus: Bus) -> None:
        """Hear of changes in the registry, and of breakers that are to be reset."""
        bus.subscribe(HINTS, self._hint)
        bus.on_gap(self._changed.set)

    async def run(self) -> None:
        """Follow until cancelled."""
        await keep_on("mcp_registry", self._step)

    async def read(self) -> None:
        """Have the servers be those of the registry, now."""
        specs = await persist(
            self._resources.db, lambda session: read_specs(session, self._resources)
        )
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
        found = stored(keeper.tools) if keeper.state is ServerState.CONNECTED else None
        await persist(
            self._resources.db,
            lambda session: note_state(
                session,
                server_id,
                keeper.state,
                keeper.sentence,
                chosen=keeper.transport,
                tools=found,
            ),
        )

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
