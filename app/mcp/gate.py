"""Lets calls to one server through: all at once, or those of one user at a time."""

import asyncio
from uuid import UUID


class Gate:
    """Lets everybody through; once it is `narrow`, one user at a time, in the order of arrival."""

    def __init__(self) -> None:
        self.narrow = False
        self._inside: list[UUID | None] = []
        self._line: list[tuple[UUID | None, asyncio.Event]] = []

    async def enter(self, user_id: UUID | None) -> None:
        """Wait until a call of this user may be sent."""
        if not self.narrow or (not self._line and self._fits(user_id)):
            self._inside.append(user_id)
            return
        ticket = (user_id, asyncio.Event())
        self._line.append(ticket)
        try:
            await ticket[1].wait()
        except asyncio.CancelledError:
            if ticket in self._line:
                self._line.remove(ticket)
            else:
                self.leave(user_id)
            raise

    def leave(self, user_id: UUID | None) -> None:
        """A call of this user is over."""
        self._inside.remove(user_id)
        while self._line and self._fits(self._line[0][0]):
            next_user, called = self._line.pop(0)
            self._inside.append(next_user)
            called.set()

    def _fits(self, user_id: UUID | None) -> bool:
        return all(other == user_id for other in self._inside)
