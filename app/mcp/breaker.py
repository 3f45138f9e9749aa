"""A circuit breaker: a server that keeps failing is left alone for a while.

Seed A11: 5 failures within 300 s open it for 60 s; then 3 successes close it.
"""

import time
from collections.abc import Callable
from enum import StrEnum

from app.core.errors import Unavailable

FAILURES, WINDOW_SECONDS, OPEN_SECONDS, SUCCESSES = 5, 300.0, 60.0, 3


class BreakerState(StrEnum):
    """`half_open` means: a few calls are let through to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitOpen(Unavailable):
    """The call was not made, for the server has failed too often."""

    code = "circuit_open"


class Breaker:
    """What is known of the last calls to one server. `changed` is told of every new state."""

    def __init__(
        self,
        name: str,
        changed: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state = BreakerState.CLOSED
        self._name = name
        self._changed = changed
        self._clock = clock
        self._failures: list[float] = []
        self._until = 0.0
        self._successes = 0
        self._trying = 0

    @property
    def failures(self) -> int:
        """Failures of late."""
        return len(self._failures)

    def seconds_left(self) -> int:
        """How long no call is made."""
        if self.state is not BreakerState.OPEN:
            return 0
        return max(1, round(self._until - self._clock()))

    def enter(self) -> None:
        """A call is about to be made. Raises CircuitOpen, which says when to try again."""
        if self.state is BreakerState.OPEN:
            if self._clock() < self._until:
                raise CircuitOpen(
                    f"The tool server “{self._name}” failed {FAILURES} times in a row and "
                    f"is left alone. It is tried again in {self.seconds_left()} seconds."
                )
            self._become(BreakerState.HALF_OPEN)
        if self.state is BreakerState.HALF_OPEN:
            if self._trying >= SUCCESSES:
                raise CircuitOpen(
                    f"The tool server “{self._name}” is being tried after failures. "
                    "Try again in a few seconds."
                )
            self._trying += 1

    def leave(self, *, failed: bool | None) -> None:
        """That call has ended: well, in a failure of the server, or (None) for another reason."""
        if self.state is BreakerState.HALF_OPEN:
            self._trying = max(0, self._trying - 1)
        if failed is None:
            return
        if failed:
            self._fail()
        elif self.state is BreakerState.HALF_OPEN:
            self._successes += 1
            if self._successes >= SUCCESSES:
                self.reset()
        elif self.state is BreakerState.CLOSED:
            self._failures.clear()

    def reset(self) -> None:
        """Forget all failures."""
        self._failures.clear()
        self._become(BreakerState.CLOSED)

    def _fail(self) -> None:
        at = self._clock()
        self._failures = [t for t in self._failures if t > at - WINDOW_SECONDS][-FAILURES:] + [at]
        if self.state is BreakerState.HALF_OPEN or (
            self.state is BreakerState.CLOSED and len(self._failures) >= FAILURES
        ):
            self._until = at + OPEN_SECONDS
            self._become(BreakerState.OPEN)

    def _become(self, state: BreakerState) -> None:
        self._successes = self._trying = 0
        if state is not self.state:
            self.state = state
            self._changed()
