"""What open pages of the chat are told: how much is unread, and what is new, once per page.

Each web process tells its own pages. A hint says whose inbox changed; what changed is read from
the rows, so that a hint that was lost or came twice does no harm.
"""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from app.core.bus import Bus, read_hint
from app.core.clock import now
from app.core.language import LANGUAGES
from app.core.redis import HINTS
from app.core.resources import Resources
from app.notifications.models import Notification
from app.notifications.service import HINT, count_unread, list_toasts
from app.notifications.texts import headline
from app.ui import wire
from app.ui.edge import settle
from app.ui.shapes import Shape

EVENT = "keiko_inbox"
"""What pages hear (`app/ui/script/65-inbox.js`): `unread`, and `new` notifications."""

FRESH = timedelta(minutes=1)
"""What is older is in the inbox, but is not said aloud any more."""


class Notices:
    """Tells the pages of this process, user by user."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._since: dict[UUID, datetime] = {}
        self._told: dict[UUID, set[UUID]] = {}
        self._wanting: dict[UUID, None] = {}
        self._wake = asyncio.Event()

    def listen(self, bus: Bus) -> None:
        """Follow the hints of `bus`. To be said before it runs."""
        bus.subscribe(HINTS, self._hear)
        bus.on_gap(self._look_at_all)

    async def greet(self, sid: str, user_id: UUID) -> None:
        """Let a page that has connected hear of its user's inbox from now on."""
        self._since.setdefault(user_id, now() - timedelta(seconds=1))
        wire.join(sid, _room(user_id))
        async with self._resources.db.transaction() as session:
            unread = await count_unread(session, user_id)
        wire.emit(EVENT, {"unread": unread, "new": []}, sid)

    async def run(self) -> None:
        """Tell whoever is to be told, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._wanting:
                user_id = next(iter(self._wanting))
                del self._wanting[user_id]
                await settle(self._tell(user_id))

    def _hear(self, hint: bytes) -> None:
        kind, id = read_hint(hint)
        if kind == HINT and id in self._since:
            self._look(id)

    def _look_at_all(self) -> None:
        for user_id in self._since:
            self._look(user_id)

    def _look(self, user_id: UUID) -> None:
        self._wanting[user_id] = None
        self._wake.set()

    async def _tell(self, user_id: UUID) -> None:
        if wire.is_empty(_room(user_id)):
            self._since.pop(user_id, None)
            self._told.pop(user_id, None)
            return
        since = max(self._since[user_id], now() - FRESH)
        async with self._resources.db.transaction() as session:
            fresh = await list_toasts(session, user_id, since=since)
            unread = await count_unread(session, user_id)
        told = self._told.get(user_id, set())
        new = [_shape(each) for each in fresh if each.id not in told]
        self._told[user_id] = {each.id for each in fresh}
        wire.emit(EVENT, {"unread": unread, "new": new}, _room(user_id))


def _room(user_id: UUID) -> str:
    return f"user:{user_id}"


def _shape(notification: Notification) -> Shape:
    return {
        "id": str(notification.id),
        "kind": notification.kind,
        "thread_id": str(notification.thread_id) if notification.thread_id else None,
        "headline": {language: headline(notification, language) for language in LANGUAGES},
    }
