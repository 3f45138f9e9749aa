"""Waiting for signals without missing one and without waking for nothing."""

import os
import select
import signal
from types import FrameType

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """SIGINT, SIGTERM and SIGHUP ask to stop; the end of a child only wakes."""

    def __init__(self) -> None:
        self.stop_asked = False
        self._reader, writer = os.pipe()
        for descriptor in (self._reader, writer):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in _STOP:
            signal.signal(number, self._ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def wait(self, seconds: float) -> None:
        """Return at the next signal, or after that time."""
        if select.select([self._reader], [], [], seconds)[0]:
            os.read(self._reader, 512)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_asked = True
