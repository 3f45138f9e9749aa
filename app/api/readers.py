"""Everybody who follows a turn through this process, and the hints that concern them."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from app.api.stream import Mailbox
from app.core.bus import Bus, read_hint
from app.core.redis import HINTS


class Readers:
    """Has readers look at the rows when their thread changed, or their session may be over."""

    def __init__(self, bus: Bus) -> None:
        """To be made before `bus` runs."""
        self._mailboxes: dict[UUID, set[Mailbox]] = {}
        bus.subscribe(HINTS, self._hear)
        bus.on_gap(self._tell_all)

    @contextmanager
    def reading(self, mailbox: Mailbox, *concerns: UUID | None) -> Iterator[None]:
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
