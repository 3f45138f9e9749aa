"""The nursery: imports and prepares a process's modules once, then forks the process that serves.

When that one dies, the next is there a tenth of a second later: it has nothing left to import.
The nursery itself opens no connection, runs no loop and starts no thread, so a fork is safe.
"""

import contextlib
import gc
import importlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from app.core.children import die_with_parent, write_pid
from app.core.settings import Settings

_ASKED_TO_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_DEATHS, _WITHIN_SECONDS = 5, 10.0
_DRAIN_SECONDS = 40


def serve(name: str, settings: Settings, *, after: tuple[str, ...] = ()) -> int:
    """Run the process `name` (web, worker, consumer) under a nursery until asked to stop.

    It begins to serve once all the files named in `after` are in `DIR/run`, where the id of the
    process that serves then stands in `<name>.pid`. Gives back the exit code. Where forking
    after imports is not safe (macOS), this process itself serves.
    """
    gc.disable()  # until then a collection finds nothing and costs a tenth of the start
    module = importlib.import_module(f"app.{name}")
    prepare: Callable[[], object] = getattr(module, "prepare", lambda: None)
    prepare()
    gc.enable()
    pid_file = settings.run_folder / f"{name}.pid"
    while not all((settings.run_folder / mark).exists() for mark in after):
        time.sleep(0.02)
    if sys.platform != "linux":
        write_pid(pid_file, os.getpid())
        module.main()
        return 0
    gc.collect()
    gc.freeze()
    nursery = _Nursery(pid_file)
    if nursery.keep_one_alive():
        module.main()
        return 0
    return nursery.exit_code


class _Nursery:
    """One living child, forked again whenever it dies, until a signal says stop."""

    def __init__(self, pid_file: Path) -> None:
        self.exit_code = 0
        self._pid_file = pid_file
        self._child = 0
        self._stopping = False
        self._deaths: deque[float] = deque(maxlen=_DEATHS)

    def keep_one_alive(self) -> bool:
        """True in each forked child, at once; False in the nursery, when all is over."""
        for how in _ASKED_TO_STOP:
            signal.signal(how, self._stop)
        signal.signal(signal.SIGALRM, self._kill)
        while not self._stopping:
            if self._fork():
                return True
            if self._child:
                self._wait()
        return False

    def _wait(self) -> None:
        """Return once the child is gone; give up on one that dies again and again."""
        write_pid(self._pid_file, self._child)
        os.waitpid(self._child, 0)
        self._child = 0
        self._pid_file.unlink(missing_ok=True)
        now = time.monotonic()
        self._deaths.append(now)
        if len(self._deaths) == _DEATHS and now - self._deaths[0] < _WITHIN_SECONDS:
            self._stopping, self.exit_code = True, 1

    def _fork(self) -> bool:
        """True in the child. Signals wait meanwhile: none is lost or meets the wrong handler."""
        tie = die_with_parent(signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_BLOCK, _ASKED_TO_STOP)
        try:
            self._child = 0 if self._stopping else os.fork()
            if self._child or self._stopping:
                return False
            for how in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
                signal.signal(how, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if tie:
                tie()
            return True
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKED_TO_STOP)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True
        signal.alarm(_DRAIN_SECONDS)
        self._send(signal.SIGTERM)

    def _kill(self, _signal: int, _frame: FrameType | None) -> None:
        self._send(signal.SIGKILL)

    def _send(self, how: signal.Signals) -> None:
        if self._child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, how)
