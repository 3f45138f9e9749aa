"""Folders for the servers that tests start: on short paths, and in memory where there is room."""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - asked only whether it is there
_ROOM = 2 << 30
"""Bytes that must be free: several times what the servers of one test worker take."""


def server_folder(prefix: str) -> Path:
    """A new folder that the servers' account may enter; remove it yourself.

    A database is some three hundred files: in memory they come and go in a quarter of the time.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if _has_memory() else None))
    folder.chmod(0o711)
    return folder


def _has_memory() -> bool:
    """Whether there is a file system in memory, with room, from which programs may be run."""
    if not os.access(_MEMORY, os.W_OK):
        return False
    may_run = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    return may_run and shutil.disk_usage(_MEMORY).free > _ROOM
