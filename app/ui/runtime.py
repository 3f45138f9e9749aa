"""What Chainlit's callbacks need, which take no arguments: set once, while the process serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from chainlit.server import sio

from app.core.bus import Bus
from app.core.cancel import end
from app.core.redis import HINTS
from app.core.resources import Resources
from app.tasks.live import Live
from app.turns.service import Turns
from app.ui.live import Views
from app.ui.menu import Menu
from app.ui.notices import Notices
from app.ui.presence import Presence
from app.ui.sockets import OpenSockets


@dataclass(kw_only=True)
class Runtime:
    """What this web process has opened, and the views of all its pages."""

    resources: Resources
    live: Live
    turns: Turns
    bus: Bus
    views: Views = field(init=False)
    notices: Notices = field(init=False)
    menu: Menu = field(init=False)
    presence: Presence = field(init=False)

    def __post_init__(self) -> None:
        self.views = Views(self.resources, self.live, self.turns)
        self.notices = Notices(self.resources)
        self.menu = Menu(self.resources)
        self.presence = Presence(self.resources)


_current: Runtime | None = None


def runtime() -> Runtime:
    """The runtime of this process."""
    if _current is None:
        raise RuntimeError("The chat is used before `use_runtime`.")
    return _current


@asynccontextmanager
async def use_runtime(opened: Runtime) -> AsyncIterator[Runtime]:
    """Let the chat live: its views follow the bus, which must not run yet, until the end."""
    global _current
    sockets = OpenSockets(sio, opened.resources)
    opened.bus.subscribe(HINTS, opened.views.hear)
    opened.bus.on_gap(opened.views.gap)
    sockets.listen(opened.bus)
    opened.notices.listen(opened.bus)
    opened.menu.listen(opened.bus)
    opened.presence.watch(sockets.users)
    _current = opened
    telling = (opened.notices.run(), opened.menu.run())
    loops = (opened.views.run(), sockets.run(), *telling, opened.presence.run())
    work = [asyncio.create_task(loop) for loop in loops]
    try:
        yield opened
    finally:
        await end(*work)
        _current = None
