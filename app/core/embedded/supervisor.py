"""Both servers as one thing that is started, checked and stopped."""

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Self

from app.core.embedded.errors import CannotStart, folder_error
from app.core.embedded.home import prepare_home
from app.core.embedded.postgres import Postgres
from app.core.embedded.valkey import Valkey

_ATTACH_SECONDS = 60
_KINDS = ("postgres", "valkey")


class Embedded:
    """The servers of one data folder; whoever holds its lock owns them, others attach.

    Start it in the main thread: on Linux the servers end with the thread that started them.
    Every method raises `CannotStart` with a sentence for a person.
    """

    def __init__(
        self,
        data: Path,
        *,
        kinds: Iterable[str] = _KINDS,
        postgres_options: dict[str, str] | None = None,
    ) -> None:
        self.data = data.absolute()
        self.owner = False
        self.database_url: str | None = None
        self.redis_url: str | None = None
        self._kinds = frozenset(kinds)
        self._postgres_options = postgres_options or {}
        self._servers: list[Postgres | Valkey] = []
        self._lock: TextIOWrapper | None = None

    def start(self) -> None:
        """Own the servers and start them, or attach to those of the process that does."""
        if not self._kinds:
            return
        try:
            self._prepare()
            if self.owner:
                self._start_servers()
        except OSError as error:
            self.stop()
            raise folder_error(self.data, error) from error
        except CannotStart:
            self.stop()
            raise
        if not self.owner:
            self._attach()

    def check(self) -> list[str]:
        """Start again in place what died, without losing data; says what that was."""
        again = [s for s in self._servers if s.process and s.process.poll() is not None]
        for server in again:
            try:
                server.start()
            except OSError as error:
                raise folder_error(self.data, error) from error
        return [server.name for server in again]

    def stop(self) -> None:
        """End the servers in order, if they are ours; returns once they are gone."""
        if self.owner:
            self._state.unlink(missing_ok=True)
        for server in self._servers:
            server.stop()
            with contextlib.suppress(OSError):
                server.socket.parent.rmdir()
        self._servers = []
        self.owner = False
        if self._lock:
            self._lock.close()
            self._lock = None

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each server that is ours and runs."""
        return {s.name: s.process.pid for s in self._servers if s.process}

    @property
    def _state(self) -> Path:
        return self.data / "run" / "servers.json"

    def _prepare(self) -> None:
        home = prepare_home(self.data)
        self._lock = (self.data / "servers.lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        self.owner = True
        self._state.unlink(missing_ok=True)
        if "valkey" in self._kinds:
            self._servers.append(Valkey(home))
        if "postgres" in self._kinds:
            self._servers.append(Postgres(home, self._postgres_options))

    def _start_servers(self) -> None:
        for server in self._servers:
            server.start()
        urls = {server.name: server.url for server in self._servers}
        self.database_url, self.redis_url = urls.get("postgres"), urls.get("valkey")
        sockets = [str(server.socket) for server in self._servers]
        fresh = self._state.with_suffix(".new")
        fresh.write_text(json.dumps({"pid": os.getpid(), "urls": urls, "sockets": sockets}))
        fresh.replace(self._state)

    def _attach(self) -> None:
        deadline = time.monotonic() + _ATTACH_SECONDS
        while time.monotonic() < deadline:
            if state := self._answering():
                urls = state["urls"]
                self.database_url, self.redis_url = urls.get("postgres"), urls.get("valkey")
                return
            time.sleep(0.05)
        raise CannotStart(
            f"Another process uses {self.data}, but its servers do not answer. Stop it, or choose "
            "another folder with --data DIR or KEIKO_DATA."
        )

    def _answering(self) -> dict[str, dict[str, str]] | None:
        """What the owner wrote down, once all its servers take connections."""
        try:
            state: dict[str, dict[str, str]] = json.loads(self._state.read_text())
        except (OSError, ValueError):
            return None
        return state if all(_accepts(path) for path in state["sockets"]) else None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()


def _accepts(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(path) == 0
