"""Why the servers cannot run here, in sentences that say what to do."""

import errno
from pathlib import Path

from app.core.errors import AppError


class CannotStart(AppError):
    """Something on this machine is in the way; the message says what, and the remedy."""

    code = "cannot_start"


def folder_error(folder: Path, error: OSError) -> CannotStart:
    """The sentence for a data folder that the system refuses."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(folder)
    reason = {
        errno.EACCES: "this user may not write there",
        errno.EPERM: "this user may not write there",
        errno.EROFS: "it is on a read-only disk",
        errno.ENOTDIR: "a file is in the way",
        errno.EEXIST: "a file is in the way",
    }.get(error.errno or 0, error.strerror or str(error))
    return CannotStart(
        f"Keiko cannot use the data folder {folder}: {reason}. "
        "Choose another with --data DIR or KEIKO_DATA."
    )


def disk_full(folder: Path, *, free: int = 0, needed: int = 0) -> CannotStart:
    """The sentence for a full disk; `free` and `needed` are bytes."""
    numbers = f" ({free >> 20} MB free, {needed >> 20} MB needed)" if needed else ""
    return CannotStart(
        f"The disk that holds {folder} is full{numbers}. "
        "Make room, or choose another folder with --data DIR or KEIKO_DATA."
    )
