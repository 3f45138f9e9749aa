"""Puts refusals on record without anybody waiting for it, and without a flood becoming one.

The first refusal is written at once; what comes while it is written goes into the next batch.
One and the same refusal, whatever it was about, is written once a minute at most, with how often
it happened.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from app.core.actor import present_actor
from app.core.clock import new_id, now
from app.core.db import Database
from app.core.loops import keep_on
from app.events.access import AccessRefused
from app.events.store import record_all

SUMMED_SECONDS = 60.0
MOST_KINDS = 1000
"""More kinds of refusals than this at once are summed up as one."""

AT_ONCE = 200


class Asked(Protocol):
    """A request or a socket: its `state` holds what the process has opened."""

    @property
    def state(self) -> Any:
        """What the process has opened; `refusals` among it."""


@dataclass
class _Sum:
    event: AccessRefused
    times: int
    silent_until: float


class Refusals:
    """The refusals of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._sums: OrderedDict[Hashable, _Sum] = OrderedDict()
        self._wake = asyncio.Event()

    def note(self, event: AccessRefused) -> None:
        """Put a refusal on record soon; never waits."""
        key = _key(event)
        if key not in self._sums and len(self._sums) >= MOST_KINDS:
            event = AccessRefused(reason=event.reason, what="(many)", actor=None)
            key = _key(event)
        kept = self._sums.get(key)
        if kept is None:
            self._sums[key] = _Sum(event, event.times, 0.0)
            self._wake.set()
        else:
            kept.times += event.times

    async def run(self) -> None:
        """Write until cancelled; then write what is left."""
        try:
            await keep_on("refusals", self._step)
        finally:
            await self.write(everything=True)

    async def _step(self) -> float:
        self._wake.clear()
        await self.write()
        try:
            async with asyncio.timeout(1.0 if self._sums else None):
                await self._wake.wait()
        except TimeoutError:
            pass
        return 0.0

    async def write(self, *, everything: bool = False) -> None:
        """Write what is due, and forget what has been quiet for a minute."""
        at = asyncio.get_running_loop().time()
        due = [key for key, each in self._sums.items() if everything or each.silent_until <= at]
        for begin in range(0, len(due), AT_ONCE):
            await self._write({key: self._sums[key] for key in due[begin : begin + AT_ONCE]}, at)

    async def _write(self, sums: dict[Hashable, _Sum], at: float) -> None:
        told = {key: each.times for key, each in sums.items() if each.times}
        events = [
            replace(sums[key].event, times=times, event_id=new_id(), occurred_at=now())
            for key, times in told.items()
        ]
        if events:
            async with self._db.transaction() as session:
                await record_all(session, events)
        for key, each in sums.items():
            if key in told:
                each.times -= told[key]
                each.silent_until = at + SUMMED_SECONDS
            else:
                self._sums.pop(key, None)


def note_refusal(
    asked: Asked,
    *,
    reason: str,
    what: str,
    permission: str | None = None,
    subject_id: UUID | None = None,
) -> None:
    """Say that whoever acts now was refused: for faces. Costs no time, and never fails."""
    refusals: Refusals | None = getattr(asked.state, "refusals", None)
    if refusals is None:
        return
    actor = present_actor()
    event = AccessRefused(
        user_id=actor.user_id if actor else None,
        subject_id=subject_id,
        reason=reason,
        what=what,
        permission=permission,
    )
    refusals.note(event)


def _key(event: AccessRefused) -> Hashable:
    where = event.actor and (event.actor.address, event.actor.key_id)
    return event.reason, event.what, event.permission, event.user_id, where
