"""One launcher per data folder, and what a second one learns of the first."""

import fcntl
import json
import os
from io import TextIOWrapper
from pathlib import Path
from typing import TypedDict

import psutil

from app.core.children import write_pid
from app.core.embedded import make_data_folder
from app.core.embedded.errors import folder_error

PREPARED = "prepared"
"""File in `DIR/run` that says: the database is ready for the processes."""

_PROCESSES = ("launcher", "web", "worker", "consumer", "postgres", "valkey")
_OURS = ("launcher.json", PREPARED, *(f"{process}.pid" for process in _PROCESSES))


class Running(TypedDict):
    """What a running launcher says of itself in `DIR/run/launcher.json`."""

    pid: int
    url: str
    clone: str


class LauncherFolder:
    """The data folder, as long as this launcher holds it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._run = data / "run"
        self._lock: TextIOWrapper | None = None

    def take(self) -> bool:
        """Whether the folder is ours from now on. `CannotStart` if the system refuses it."""
        try:
            make_data_folder(self.data)
            self._run.mkdir(exist_ok=True)
            self._lock = (self.data / "launcher.lock").open("a")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._clear()
            write_pid(self._run / "launcher.pid", os.getpid())
        except BlockingIOError:
            return False
        except OSError as error:
            raise folder_error(self.data, error) from error
        return True

    def mark(self, name: str) -> None:
        """Say something to all processes by a file in `DIR/run`, until the folder is released."""
        (self._run / name).touch()

    def announce(self, url: str) -> None:
        """Tell a second launcher where this one serves."""
        clone = str(Path(__file__).parents[2])
        state = Running(pid=os.getpid(), url=url, clone=clone)
        (self._run / "launcher.json").write_text(json.dumps(state))

    def running(self) -> Running | None:
        """What the launcher that holds the folder announced, if it lives and came that far."""
        try:
            state: Running = json.loads((self._run / "launcher.json").read_text())
        except (OSError, ValueError):
            return None
        return state if psutil.pid_exists(state["pid"]) else None

    def release(self) -> None:
        """Give the folder back."""
        self._clear()
        if self._lock:
            self._lock.close()

    def _clear(self) -> None:
        for name in _OURS:
            (self._run / name).unlink(missing_ok=True)
