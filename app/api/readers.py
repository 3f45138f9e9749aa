"""Everybody who follows a turn through this process, and the hints that concern them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from app.core.bus import Bus, read_hint
from app.core.redis import HINTS


class Looking(Protocol):
    """Somebody who looks at the rows when told to."""

    def look(self) -> None:
        """Look at the rows: they say something new."""


class Readers:
    """Has readers look at the rows when their thread changed, or their session may be over."""

    def __init__(self, bus: Bus) -> None:
        """To be made before `bus` runs."""
        self._mailboxes: dict[UUID, set[Looking]] = {}
        bus.subscribe(HINTS, self._hear)
        bus.on_gap(self._tell_all)

    @contextmanager
    def reading(self, mailbox: Looking, *concerns: UUID | None) -> Iterator[None]:
        """Tell `mailbox` of every hint about one of these ids, until the end."""
        ids = [id for id in concerns if id is not None]
        for id in ids:
            self._mailboxes.setdefault(id, set()).add(mailbox)
        try:
            yield
        finally:
            for id in ids:
                self._mailboxes[id].discard(mailbox)
                if not self._mailboxes[id]:
                    del self._mailboxes[id]

    def _hear(self, hint: bytes) -> None:
        _, id = read_hint(hint)
        for mailbox in self._mailboxes.get(id, ()):
            mailbox.look()

    def _tell_all(self) -> None:
        for mailboxes in self._mailboxes.values():
            for mailbox in mailboxes:
                mailbox.look()
