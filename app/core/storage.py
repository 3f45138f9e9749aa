"""Where bytes are kept that are too large for a row: each once, under the SHA-256 of its content.

All processes of a machine share one folder in the data folder. Content is written whole or not at
all. Another kind of store (an object store) takes the place of `Folder`, with the same methods.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.clock import new_id
from app.core.settings import Settings

_ADDRESS = re.compile(r"[0-9a-f]{64}")


class Folder:
    """Content by its address. It is made at the first `put`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, content: bytes) -> str:
        """Keep content and give back its address. Safe to repeat, and from many processes."""
        return await asyncio.to_thread(self._put, content)

    async def read(self, address: str) -> bytes | None:
        """What was put, or None when it is not there any more."""
        try:
            return await asyncio.to_thread(self.path(address).read_bytes)
        except FileNotFoundError:
            return None

    def path(self, address: str) -> Path:
        """Where the content stands, whether it does or not."""
        if not _ADDRESS.fullmatch(address):
            raise ValueError("This is no address of content.")
        return self._root / address[:2] / address

    async def list_older(self, seconds: float) -> list[str]:
        """Addresses of what was put last so long ago, in no order."""
        return await asyncio.to_thread(self._list_older, time.time() - seconds)

    async def remove_older(self, address: str, seconds: float) -> None:
        """Forget content, unless it was put again lately."""
        await asyncio.to_thread(self._remove_older, self.path(address), time.time() - seconds)

    def _put(self, content: bytes) -> str:
        address = hashlib.sha256(content).hexdigest()
        path = self.path(address)
        self._make(path.parent)
        fresh = self._root / f"{new_id().hex}.new"
        try:
            with fresh.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with self._held(fcntl.LOCK_SH):
                fresh.replace(path)
            _sync(path.parent)
        finally:
            fresh.unlink(missing_ok=True)
        return address

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(exist_ok=True, mode=0o700)
            _sync(self._root)

    @contextmanager
    def _held(self, how: int) -> Iterator[None]:
        """Nobody removes while somebody puts: content that is put again is never lost."""
        with (self._root / "lock").open("ab") as lock:
            fcntl.flock(lock, how)
            yield

    def _list_older(self, before: float) -> list[str]:
        if not self._root.is_dir():
            return []
        for left in self._root.glob("*.new"):
            with contextlib.suppress(FileNotFoundError):
                if left.stat().st_mtime < before:
                    left.unlink()
        return [path.name for path in self._root.glob("??/*") if _is_older(path, before)]

    def _remove_older(self, path: Path, before: float) -> None:
        with self._held(fcntl.LOCK_EX):
            if _is_older(path, before):
                path.unlink()


def open_storage(settings: Settings) -> Folder:
    """The storage of this installation."""
    return Folder(settings.data / "files")


def _is_older(path: Path, before: float) -> bool:
    try:
        return _ADDRESS.fullmatch(path.name) is not None and path.stat().st_mtime < before
    except FileNotFoundError:
        return False


def _sync(folder: Path) -> None:
    """Have the names in a folder outlive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
