"""The menu of commands on open pages: told when they come, and again when servers offer others."""

import asyncio
from uuid import UUID

from app.chats.commands import Command
from app.core.bus import Bus, read_hint
from app.core.redis import HINTS
from app.core.resources import Resources
from app.mcp.offering import list_prompts
from app.ui import wire
from app.ui.commands import commands_in
from app.ui.edge import settle
from app.ui.shapes import Shape

_TOGETHER_SECONDS = 0.5
_Reader = tuple[UUID, str]


class Menu:
    """Tells the pages of this process what their users can choose, in their languages."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._told: dict[_Reader, list[Shape]] = {}
        self._changed = asyncio.Event()

    def listen(self, bus: Bus) -> None:
        """Follow the hints of `bus`. To be said before it runs."""
        bus.subscribe(HINTS, self._hear)
        bus.on_gap(self._changed.set)

    async def greet(self, sid: str, user_id: UUID, language: str) -> None:
        """Offer a page that has connected its commands, and others once there are others."""
        reader = (user_id, language)
        wire.join(sid, _room(reader))
        self._told[reader] = await self._read(reader)
        wire.emit("set_commands", self._told[reader], sid)

    async def run(self) -> None:
        """Tell whoever is to be told, until cancelled."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(_TOGETHER_SECONDS)
            self._changed.clear()
            for reader in list(self._told):
                await settle(self._tell(reader))

    def _hear(self, hint: bytes) -> None:
        if read_hint(hint)[0] == "mcp":
            self._changed.set()

    async def _tell(self, reader: _Reader) -> None:
        if wire.is_empty(_room(reader)):
            self._told.pop(reader, None)
            return
        found = await self._read(reader)
        if found != self._told.get(reader):
            self._told[reader] = found
            wire.emit("set_commands", found, _room(reader))

    async def _read(self, reader: _Reader) -> list[Shape]:
        user_id, language = reader
        async with self._resources.db.transaction() as session:
            prompts = await list_prompts(session, user_id, taken=list(Command))
        return commands_in(language, prompts)


def _room(reader: _Reader) -> str:
    return f"menu:{reader[0]}:{reader[1]}"
