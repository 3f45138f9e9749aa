"""All open pages of this web process: which thread each shows, and what makes them look again.

A view is told to read its rows by a hint, by a part that only the rows explain, by a gap in what
Redis said, and, should all of these fail, by a check of what has been silent for long.
"""

import asyncio
from uuid import UUID

from sqlalchemy import select

from app.core.bus import read_hint
from app.core.db import is_away
from app.core.resources import Resources
from app.tasks.live import Live
from app.tasks.models import OPEN, Task
from app.turns.service import Turns
from app.ui.edge import settle
from app.ui.view import Stage, ThreadView

READS_AT_ONCE = 8
"""Views that read their rows at the same time: a gap concerns all of them."""

SILENT_SECONDS = 5.0
"""A task under way of which nothing was heard for so long is asked after."""

ROUND_SECONDS = 1.0


class Views:
    """Every view of this process, by thread and user."""

    def __init__(self, resources: Resources, live: Live, turns: Turns) -> None:
        self._resources = resources
        self._stage = Stage(resources, live, turns, self.refresh)
        self._views: dict[UUID, dict[UUID, ThreadView]] = {}
        self._wanting: dict[ThreadView, None] = {}
        self._wake = asyncio.Event()
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._reading: set[asyncio.Task[None]] = set()

    def open(self, user_id: UUID, thread_id: UUID) -> ThreadView:
        """The view of a user on a thread; made if there is none."""
        views = self._views.setdefault(thread_id, {})
        if user_id not in views:
            views[user_id] = ThreadView(self._stage, user_id, thread_id)
        return views[user_id]

    def find(self, user_id: UUID, thread_id: UUID) -> ThreadView | None:
        """The view of a user on a thread, if a page of this process shows it."""
        return self._views.get(thread_id, {}).get(user_id)

    def __len__(self) -> int:
        return sum(len(views) for views in self._views.values())

    def _all(self) -> list[ThreadView]:
        return [view for views in self._views.values() for view in views.values()]

    def hear(self, hint: bytes) -> None:
        """Take a hint: somebody, perhaps this very process, changed a thread."""
        kind, id = read_hint(hint)
        if kind != "thread":
            return
        for view in self._views.get(id, {}).values():
            if view.is_news():
                self.refresh(view)

    def gap(self) -> None:
        """Hints may have been missed: every view looks again."""
        for view in self._all():
            self.refresh(view)

    def refresh(self, view: ThreadView) -> None:
        """Have a view read its rows soon. Asked for again before that, it still reads once."""
        self._wanting[view] = None
        self._wake.set()

    async def run(self) -> None:
        """Keep all views as they should be, until cancelled."""
        rounds = asyncio.create_task(self._go_round())
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._wanting:
                    await self._reads.acquire()
                    view = next(iter(self._wanting))
                    del self._wanting[view]
                    reading = asyncio.create_task(self._read(view))
                    self._reading.add(reading)
                    reading.add_done_callback(self._reading.discard)
        finally:
            rounds.cancel()

    async def _read(self, view: ThreadView) -> None:
        outcome = await settle(view.refresh())
        self._reads.release()
        if isinstance(outcome, Exception) and is_away(outcome):
            await asyncio.sleep(ROUND_SECONDS)
            if self.find(view.user_id, view.thread_id) is view:
                self.refresh(view)

    async def _go_round(self) -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            for view in self._all():
                view.catch_up()
                if view.is_empty:
                    self._close(view)
            await settle(self._ask_after_silent_tasks())

    def _close(self, view: ThreadView) -> None:
        view.close()
        self._wanting.pop(view, None)
        del self._views[view.thread_id][view.user_id]
        if not self._views[view.thread_id]:
            del self._views[view.thread_id]

    async def _ask_after_silent_tasks(self) -> None:
        """A worker that died between its commit and its last part never says that it ended."""
        silent = {view: view.silent_tasks(SILENT_SECONDS) for view in self._all()}
        ids = set().union(*silent.values()) if silent else set()
        if not ids:
            return
        async with self._resources.db.transaction() as session:
            found = await session.execute(select(Task.id, Task.status).where(Task.id.in_(ids)))
        still_open = {id for id, status in found if status in OPEN}
        for view, tasks in silent.items():
            if tasks - still_open:
                self.refresh(view)
