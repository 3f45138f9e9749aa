"""The newest seal's head, told outside the database: a record whose end was cut off is found out.

It stands in a file of the data folder, and once an hour in the log. The file never goes back: what
the database says afterwards has to go on from there.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.audit.seals import Head, Seal, read_head
from app.core.clock import new_id
from app.core.errors import Invalid
from app.core.logs import log

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[Any]

FILE = "audit-head"
"""Below the data folder."""

HOURLY = 3600.0


def read_file(folder: Path) -> Head | None:
    """The head that was told last, if this folder holds one that can be read."""
    try:
        return read_head((folder / FILE).read_text(encoding="ascii", errors="replace"))
    except (OSError, Invalid):
        return None


def write_file(folder: Path, head: Head) -> None:
    """Put `head` in the place of the one before, all or nothing."""
    draft = folder / f"{FILE}.{new_id().hex}"
    try:
        draft.write_text(f"{head}\n", encoding="ascii")
        draft.replace(folder / FILE)
    finally:
        draft.unlink(missing_ok=True)


class Teller:
    """Tells the heads of one sealing process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._logged_at = float("-inf")
        self._complained = False

    async def tell(self, connection: "Connection", seal: Seal, at: float) -> None:
        """Make the head of the newest seal known; `at` are the seconds of a clock."""
        before = read_file(self._folder)
        if before and not await self._goes_on(connection, before, seal):
            if not self._complained:
                self._complained = True
                log.error("audit_head_differs", told=str(before), found=str(seal.head))
            return
        write_file(self._folder, seal.head)
        if at - self._logged_at >= HOURLY:
            self._logged_at = at
            log.info("audit_head", n=seal.n, head=str(seal.head))

    async def _goes_on(self, connection: "Connection", before: Head, seal: Seal) -> bool:
        if before.n >= seal.n:
            return before == seal.head
        if before.n == seal.n - 1:
            return before.hash == seal.previous
        row = await connection.fetchrow("select * from audit_seals where n = $1", before.n)
        return row is not None and Seal(**row).head == before
