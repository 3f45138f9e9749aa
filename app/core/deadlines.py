"""A limit of time that stands still while a person is asked."""

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager


class Deadline:
    """An `asyncio.timeout` that may be halted, by several at once, and cut short."""

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout
        self._halted = 0
        self._left = 0.0

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Let it stand still; afterwards as much time is left as before."""
        at = asyncio.get_running_loop().time
        if self._halted == 0 and (when := self._timeout.when()) is not None:
            self._left = max(0.0, when - at())
            self._move(None)
        self._halted += 1
        try:
            yield
        finally:
            self._halted -= 1
            if self._halted == 0 and self._timeout.when() is None:
                self._move(at() + self._left)

    def end_in(self, seconds: float) -> None:
        """Let it pass in so many seconds, halted or not."""
        self._move(asyncio.get_running_loop().time() + seconds)

    def _move(self, when: float | None) -> None:
        with contextlib.suppress(RuntimeError):  # it has passed, or what it was about is done
            self._timeout.reschedule(when)
