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
from app.ui.sockets import OpenSockets


@dataclass(kw_only=True)
class Runtime:
    """What this web process has opened, and the views of all its pages."""

    resources: Resources
    live: Live
    turns: Turns
    bus: Bus
    views: Views = field(init=False)

    def __post_init__(self) -> None:
        self.views = Views(self.resources, self.live, self.turns)


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
    _current = opened
    work = [asyncio.create_task(opened.views.run()), asyncio.create_task(sockets.run())]
    try:
        yield opened
    finally:
        await end(*work)
        _current = None
