"""The open sockets of this process: closed within a second once their session is over.

Chainlit asks who somebody is when a socket opens, and never again. The guard therefore tells each
socket which session it belongs to; a hint, or after a gap the database, says which to close.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from uuid import UUID

from chainlit.session import WebsocketSession
from socketio import AsyncServer  # type: ignore[import-untyped]
from sqlalchemy.exc import SQLAlchemyError

from app.core.bus import Bus, read_hint
from app.core.logs import log
from app.core.redis import HINTS
from app.core.resources import Resources
from app.users.sessions import list_ended

SESSION = "HTTP_X_KEIKO_SESSION"
USER = "HTTP_X_KEIKO_USER"
ROLE = "HTTP_X_KEIKO_ROLE"
"""Names under which a socket's environment holds the guard's headers."""

_PATIENCE_SECONDS = 0.5
_LOOK_SECONDS = 60.0


class OpenSockets:
    """Closes what must not stay open, for as long as the process lives."""

    def __init__(self, sio: AsyncServer, resources: Resources) -> None:
        self._sio = sio
        self._resources = resources
        self._closing: set[asyncio.Task[None]] = set()
        self._look = asyncio.Event()

    def listen(self, bus: Bus) -> None:
        """Follow the hints of `bus`. To be said before it runs."""
        bus.subscribe(HINTS, self._hear)
        bus.on_gap(self._look.set)

    def users(self) -> set[UUID]:
        """Whose pages are connected to this process.

        A page that goes in the midst of its handshake leaves something behind that the server's
        library takes for a minute to be coming still: nobody is there.
        """
        environ = self._sio.environ.items()
        return {UUID(e[USER]) for id, e in environ if USER in e and self._is_open(id)}

    def _is_open(self, transport_id: str) -> bool:
        transport = self._sio.eio.sockets.get(transport_id)
        return transport is not None and transport.connected and not transport.closed

    async def run(self) -> None:
        """Until cancelled: look after each gap, and each minute, for sessions that have ended."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), _LOOK_SECONDS)
            self._look.clear()
            try:
                await self.close_ended()
            except (SQLAlchemyError, OSError) as problem:
                log.warning("sockets_not_checked", error=repr(problem))

    async def close_session(self, session_id: UUID) -> None:
        """Close every socket of one browser session."""
        await self._close(SESSION, {str(session_id)})

    async def close_user(self, user_id: UUID) -> None:
        """Close every socket of one user."""
        await self._close(USER, {str(user_id)})

    async def close_ended(self) -> None:
        """Close the sockets whose session is over, however that came about."""
        held = {UUID(e[SESSION]) for e in self._sio.environ.values() if SESSION in e}
        if not held:
            return
        async with self._resources.db.transaction() as session:
            ended = await list_ended(session, held)
        await self._close(SESSION, {str(id) for id in ended})

    def _hear(self, data: bytes) -> None:
        kind, id = read_hint(data)
        if kind == "session":
            self._start(self.close_session(id))
        elif kind == "user":
            self._start(self.close_user(id))

    def _start(self, closing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, name: str, values: set[str]) -> None:
        found = [id for id, e in self._sio.environ.items() if e.get(name) in values]
        await asyncio.gather(*(self._close_one(id) for id in found))

    async def _close_one(self, transport_id: str) -> None:
        """Have the page load itself again (which leads to the login), then cut the line.

        The server's library asks the other side to hang up; `None` makes it do so by itself.
        """
        transport = self._sio.eio.sockets.get(transport_id)
        sid = self._sio.manager.sid_from_eio_sid(transport_id, "/")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                if sid is not None:
                    _forget_on_close(sid)
                    await self._sio.emit("reload", {}, to=sid)
                    await self._sio.disconnect(sid)
                if transport is not None:
                    await transport.close(wait=False)
        if transport is not None:
            await transport.queue.put(None)


def _forget_on_close(sid: str) -> None:
    """Else Chainlit keeps the session object for whoever comes back with its id."""
    session = WebsocketSession.get(sid)
    if session is not None:
        session.to_clear = True
