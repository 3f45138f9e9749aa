"""The keys that secrets are sealed with: from the setting, or from a file that may change."""

import base64
import binascii
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from app.core.embedded.home import make_data_folder
from app.core.errors import Unavailable
from app.core.sealed import KEY_FILE, Sealer
from app.core.settings import Settings

LOOK_SECONDS = 1.0
"""After so long a process sees that its key file is another one."""

_KEY_BYTES = 32


class KeyFile:
    """A file of keys, the first of which seals; looked at while a process runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._look_at = 0.0

    def look(self) -> Sequence[bytes] | None:
        """The keys if the file was replaced. One that is gone changes nothing: they are known."""
        now = time.monotonic()
        if now < self._look_at:
            return None
        self._look_at = now + LOOK_SECONDS
        try:
            return None if self._stamp() == self._seen else self.read()
        except (OSError, Unavailable):
            return None

    def read(self) -> Sequence[bytes]:
        """The keys that it holds; raises Unavailable for a file that holds none."""
        try:
            seen = self._stamp()
            text = self.path.read_text(encoding="ascii", errors="replace")
        except OSError as error:
            raise _unreadable(self.path, error) from error
        keys = read_keys(text.replace("\n", ",").strip(","), str(self.path))
        self._seen = seen
        return keys

    def write(self, keys: Sequence[bytes]) -> None:
        """Put these keys in the place of those that are there, all or none."""
        draft = self._draft(keys)
        draft.replace(self.path)
        _settle(self.path.parent)

    def make(self) -> None:
        """Make it with a new key; the first of several processes does."""
        if self.path.exists():
            return
        try:
            make_data_folder(self.path.parent)
            draft = self._draft([new_key()])
            try:
                os.link(draft, self.path)
                _settle(self.path.parent)
            except FileExistsError:
                pass
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def keep(self, keys: Sequence[bytes]) -> Path:
        """Keep keys that seal nothing any more in a file beside it, each once."""
        beside = self.path.with_name(f"{self.path.name}.retired")
        held = _read_retired(beside)
        old = KeyFile(beside)
        old.write([*held, *(key for key in keys if key not in held)])
        return beside

    def _draft(self, keys: Sequence[bytes]) -> Path:
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(8)}")
        _write(draft, b"".join(base64.b64encode(key) + b"\n" for key in keys))
        return draft

    def _stamp(self) -> tuple[int, int, int]:
        stat = self.path.stat()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size


def open_sealer(settings: Settings) -> Sealer:
    """The sealer of this Keiko; makes its key file if there is neither file nor setting.

    Raises Unavailable, with what to do, for a key that cannot be used: nothing is sealed then.
    """
    if settings.secret_key is not None:
        return Sealer(read_keys(settings.secret_key.get_secret_value(), "KEIKO_SECRET_KEY"))
    file = key_file(settings)
    file.make()
    return Sealer(file.read(), file)


def key_file(settings: Settings) -> KeyFile:
    """Where this Keiko's keys stand if no setting names them."""
    return KeyFile(settings.data / KEY_FILE)


def _read_retired(path: Path) -> Sequence[bytes]:
    return KeyFile(path).read() if path.exists() else ()


def new_key() -> bytes:
    """A key that nobody knows."""
    return secrets.token_bytes(_KEY_BYTES)


def read_keys(text: str, where: str) -> list[bytes]:
    """Keys in base64, with commas between them."""
    return [_read_key(one, where) for one in text.split(",")]


def _read_key(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise Unavailable(
            f"{where} does not hold a key: 32 bytes in base64, as `openssl rand -base64 32` "
            "prints them. What was sealed before opens with the key of then only."
        )
    return key


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"The key file {path} cannot be read or made ({error.strerror}). "
        "Let Keiko's account write there, or set KEIKO_SECRET_KEY."
    )


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(descriptor)


def _settle(folder: Path) -> None:
    """Have the disk keep the name too: a key that is lost again opens nothing."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
