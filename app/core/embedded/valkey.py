"""One Valkey (or Redis) on a private Unix socket that keeps what it is told."""

import contextlib
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from app.core.children import end, tail, write_pid
from app.core.embedded.errors import CannotStart, disk_full
from app.core.embedded.home import Home
from app.core.embedded.programs import Program, find_valkey

_START_SECONDS = 60
_STOP_SECONDS = 20


class Valkey:
    """Start, check and stop the Redis server of one data folder.

    It has no lock of its own: the caller holds the folder's.
    """

    name = "valkey"

    def __init__(self, home: Home) -> None:
        self._home = home
        self._log = home.logs / "valkey.log"
        self._pid_file = home.run / "valkey.pid"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """The socket that the server listens on."""
        return self._home.sockets / "redis.sock"

    @property
    def url(self) -> str:
        """The server's address for redis-py and ARQ."""
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        """Return once the server answers."""
        program = find_valkey(self._home.account, self._home.data / "bin")
        data = self._home.data / f"{program.family}{program.major}"
        self._refuse_newer_data(program)
        self._home.account.own_folder(data)
        self._end_orphan()
        self.process = self._spawn(program.path, data)
        write_pid(self._pid_file, self.process.pid)
        self._wait_until_ready(self.process)

    def stop(self) -> None:
        """Have everything written to disk, then end."""
        if self.process:
            end(self.process, gently=signal.SIGTERM, seconds=_STOP_SECONDS)
        self._pid_file.unlink(missing_ok=True)

    def ping(self) -> bool:
        """Whether a server answers on the socket."""
        return self._say(b"PING").startswith(b"+PONG")

    def _refuse_newer_data(self, program: Program) -> None:
        """A folder per family and major version: an older server cannot read a newer one's."""
        for folder in self._home.data.glob(f"{program.family}[0-9]*"):
            found = re.fullmatch(rf"{program.family}(\d+)", folder.name)
            if found and int(found[1]) > program.major:
                raise CannotStart(
                    f"{folder} was written by {program.family} {found[1]}, and this Keiko brings "
                    f"{program.major}. Start the newer Keiko again, or move that folder away: it "
                    "holds only what was in flight."
                )

    def _spawn(self, program: Path, data: Path) -> subprocess.Popen[bytes]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(data),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "logfile": "",
        }
        command: list[Path | str] = [program]
        for name, value in options.items():
            command += [f"--{name}", value]
        return self._home.account.spawn(command, log=self._log, dying=signal.SIGTERM)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self.ping():
            if process.poll() is not None:
                raise self._died()
            if time.monotonic() > deadline:
                raise CannotStart(f"Valkey does not get ready; see {self._log}.")
            time.sleep(0.01)

    def _died(self) -> CannotStart:
        said = tail(self._log)
        if "No space left on device" in said:
            return disk_full(self._home.data)
        return CannotStart(f"Valkey ended at once. The end of {self._log}:\n{said}")

    def _end_orphan(self) -> None:
        """End what an owner that was killed left running on our socket."""
        deadline = time.monotonic() + _STOP_SECONDS
        while self.ping() and time.monotonic() < deadline:
            self._say(b"SHUTDOWN")
            time.sleep(0.05)
        self.socket.unlink(missing_ok=True)

    def _say(self, command: bytes) -> bytes:
        """Send one word, return the answer's beginning; nothing when nobody answers."""
        with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
            line.settimeout(5)
            line.connect(str(self.socket))
            line.sendall(b"*1\r\n$%d\r\n%s\r\n" % (len(command), command))
            return line.recv(64)
        return b""
