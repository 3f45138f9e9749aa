"""Child processes that never outlive us: how they are tied to their parent, ended and read."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LOG_BYTES = 5_000_000

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(how: signal.Signals) -> Callable[[], None] | None:
    """What a child runs first, so that the kernel sends it `how` when its parent dies.

    The tie is to the parent's *thread*: call from the main one. None where the system has no
    such tie (macOS); the next start then finds and ends what was left behind.
    """
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, how, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), how)

    return tie


def end(process: subprocess.Popen[bytes], *, gently: signal.Signals, seconds: float) -> None:
    """Ask a child to end, wait that long, then end it with SIGKILL. Ended ones are left alone."""
    if process.poll() is None:
        process.send_signal(gently)
    wait_for_end(process, seconds=seconds)


def wait_for_end(process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """Wait for a child that was asked to end; past `seconds` it is ended with SIGKILL."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def open_log(path: Path) -> int:
    """A descriptor that appends to a log; one over 5 MB is first put aside as `<name>.1`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log, for a person who must find out why something died."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 8_000))
            text = log.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def write_pid(path: Path, pid: int) -> None:
    """Say in `path` which process serves; readers never see half a number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(f"{pid}\n")
    fresh.replace(path)
