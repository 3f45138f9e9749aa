"""One child of the launcher: a nursery, started again when it ends."""

import os
import signal
import subprocess
import time
from pathlib import Path

from app.core.children import die_with_parent, end, open_log, tail
from app.core.embedded import CannotStart
from app.core.settings import Settings, child_environment, python
from app.launcher.folder import PREPARED
from app.launcher.words import words

_ROOT = Path(__file__).parents[2]
_LIVED_WELL_SECONDS = 20.0
_TRIES = 4
_LONGEST_PAUSE = 30.0


class Child:
    """`python -m app <name> --nursery`, with its log in `DIR/logs/<name>.log`.

    At first it imports while the database is prepared; web begins when the others serve, so
    that whoever can reach Keiko finds all of it.
    """

    def __init__(self, name: str, settings: Settings, environment: dict[str, str]) -> None:
        self.name = name
        self._log = settings.data / "logs" / f"{name}.log"
        self._environment = child_environment(**environment)
        self._command = [python(), "-m", "app", name, "--nursery"]
        self._awaited = [PREPARED]
        self._descriptors: tuple[int, ...] = ()
        if name == "web" and settings.listen_fd is not None:
            self._awaited += ["worker.pid", "consumer.pid"]
            self._descriptors = (settings.listen_fd,)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._short_lives = 0

    def start(self) -> None:
        """Start the nursery, which starts the process that serves."""
        log = open_log(self._log)
        self._started_at = time.monotonic()
        awaited = [word for mark in self._awaited for word in ("--after", mark)]
        self._awaited = [PREPARED]
        try:
            self._process = subprocess.Popen(
                [*self._command, *awaited],
                cwd=_ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
                pass_fds=self._descriptors,
            )
        finally:
            os.close(log)

    def check(self) -> bool:
        """Start it again if it ended, after a growing pause; says whether it did so."""
        if self._process is None or self._process.poll() is None:
            return False
        lived = time.monotonic() - self._started_at
        pause = min(0.25 * 2**self._short_lives, _LONGEST_PAUSE) if self._short_lives else 0.0
        if lived < pause:
            return False
        self._short_lives = 0 if lived > _LIVED_WELL_SECONDS else self._short_lives + 1
        self.start()
        return True

    @property
    def failing(self) -> CannotStart | None:
        """Why it does not come up, once it was tried often enough."""
        if self._short_lives < _TRIES:
            return None
        said = tail(self._log)
        return CannotStart(words("failing", name=self.name, log=self._log, tail=said))

    def stop(self, seconds: float) -> None:
        """Let it finish what it does, at most that long."""
        if self._process:
            end(self._process, gently=signal.SIGTERM, seconds=seconds)


def pack_assets(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Compress what browsers load (`app/ui/assets.py`), at low priority; what is done stays."""
    return subprocess.Popen(
        [python(), "-m", "app.ui.assets"],
        cwd=_ROOT,
        env=child_environment(**environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
