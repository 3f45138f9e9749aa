"""The start, the watch and the end of one Keiko."""

import contextlib
import http.client
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from app import __version__
from app.core.children import end
from app.core.clock import new_id
from app.core.embedded import CannotStart, missing_servers, with_addresses
from app.core.errors import AppError
from app.core.listening import open_port
from app.core.settings import Settings, child_environment, python
from app.launcher.children import Child, pack_assets
from app.launcher.folder import PREPARED, LauncherFolder
from app.launcher.signals import Signals
from app.launcher.words import complain, say

_STOP_SECONDS = {"web": 10, "worker": 30, "consumer": 10}
"""In the order in which they are stopped; the worker hands its turns over meanwhile."""

_READY_SECONDS = 120
_LOOK_SECONDS = 0.5


def up(settings: Settings) -> int:
    """Run Keiko until a signal asks to stop; gives back the exit code.

    A second one on the same data says where the first one serves, and is content with that.
    """
    folder = LauncherFolder(settings.data.absolute())
    try:
        if not folder.take():
            return _point_to_the_first(folder)
        try:
            return _Launcher(settings, folder).run()
        finally:
            folder.release()
    except AppError as error:
        complain(error)
        return 1


def _point_to_the_first(folder: LauncherFolder) -> int:
    if running := folder.running():
        say("running", **running)
        return 0
    say("locked", data=folder.data)
    return 1


class _Launcher:
    """What one `keiko up` has started so far, and ends again."""

    def __init__(self, settings: Settings, folder: LauncherFolder) -> None:
        self._folder = folder
        self._socket = open_port(settings.host, settings.port)
        self._settings = settings.model_copy(
            update={
                "data": folder.data,
                "port": self._socket.getsockname()[1],
                "listen_fd": self._socket.fileno(),
            }
        )
        self._signals = Signals()
        self._servers = missing_servers(self._settings)
        self._children: list[Child] = []
        self._packer: subprocess.Popen[bytes] | None = None
        self._complained: set[str] = set()

    def run(self) -> int:
        """Start everything, watch it, end it."""
        try:
            self._start()
            while not self._signals.stop_asked:
                self._signals.wait(_LOOK_SECONDS)
                self._look_after(self._complain)
            say("stopping")
        finally:
            self._stop()
        say("stopped")
        return 0

    def _start(self) -> None:
        say("starting", version=__version__, data=self._folder.data)
        self._servers.start()
        say("servers" if self._servers.pids else "given")
        self._settings = with_addresses(self._settings, self._servers)
        environment = self._environment()
        for name in _STOP_SECONDS:
            child = Child(name, self._settings, environment)
            self._children.append(child)
            child.start()
        owner = {"KEIKO_DATABASE_OWNER_URL": self._settings.database_owner_url or ""}
        setup_token = _prepare_database(child_environment(**environment | owner))
        say("migrated")
        self._folder.mark(PREPARED)
        say("children")
        self._wait_until_ready()
        if self._signals.stop_asked:
            return
        self._folder.announce(self._url)
        self._packer = pack_assets(environment)
        say("ready", url=self._url)
        if setup_token:
            say("setup", url=f"{self._url}/setup/{setup_token}")
        say("stop_hint")

    @property
    def _url(self) -> str:
        if self._settings.public_url:
            return self._settings.public_url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(  # noqa: S104 - only shown
            self._settings.host, self._settings.host
        )
        return f"http://{f'[{host}]' if ':' in host else host}:{self._settings.port}"

    def _environment(self) -> dict[str, str]:
        """What children must know beyond our own environment."""
        settings = self._settings
        return {
            "KEIKO_DATABASE_URL": settings.database_url or "",
            "KEIKO_DATABASE_OWNER_URL": "",
            "KEIKO_REDIS_URL": settings.redis_url or "",
            "KEIKO_DATA": str(settings.data),
            "KEIKO_HOST": settings.host,
            "KEIKO_PORT": str(settings.port),
            "KEIKO_LISTEN_FD": str(settings.listen_fd),
            "KEIKO_WORKER_NAME": str(new_id()),
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._signals.stop_asked and not self._answers():
            self._look_after(_give_up)
            if time.monotonic() > deadline:
                logs = self._folder.data / "logs"
                raise CannotStart(f"Keiko does not get ready. What it says is in {logs}.")
            self._signals.wait(0.05)

    def _answers(self) -> bool:
        host, port = self._socket.getsockname()[:2]
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - asked only
        line = http.client.HTTPConnection(local, port, timeout=2)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(line):
            line.request("GET", "/ready")
            return line.getresponse().status == http.client.OK
        return False

    def _look_after(self, failed: Callable[[str, CannotStart], None]) -> None:
        """Start again what ended: servers in place, then children. `failed` hears what cannot."""
        try:
            for name in self._servers.check():
                say("again", name=name)
        except CannotStart as error:
            failed("servers", error)
        if self._packer:
            self._packer.poll()
        for child in self._children:
            if child.check():
                say("again", name=child.name)
            if problem := child.failing:
                failed(child.name, problem)
            else:
                self._complained.discard(child.name)

    def _complain(self, name: str, error: CannotStart) -> None:
        """Say once what does not come up; it is tried again and again."""
        if name not in self._complained:
            self._complained.add(name)
            complain(error)

    def _stop(self) -> None:
        self._socket.close()
        if self._packer:
            end(self._packer, gently=signal.SIGTERM, seconds=5)
        for child in self._children:
            child.stop(_STOP_SECONDS[child.name])
        self._servers.stop()


def _give_up(_name: str, error: CannotStart) -> NoReturn:
    raise error


def _prepare_database(environment: dict[str, str]) -> str | None:
    """Migrate and make the owner, in a process that ends and gives its memory back.

    Gives back the token of the link with which the owner is made, if there is none yet.
    """
    done = subprocess.run(
        [python(), "-m", "app", "migrate", "--owner"],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if done.returncode:
        sentence = done.stderr.rpartition("keiko: ")[2]
        raise CannotStart("\n".join(sentence.strip().splitlines()[-12:]))
    token: str | None = json.loads(done.stdout.splitlines()[-1])["setup_token"]
    return token
