"""What must not be readable in the database: JSON values, sealed with a key that is not in it.

AES-256-GCM. A sealed value names its key, so that keys can be changed one by one, and is bound to
the place where it stands: copied into another row, column or table it does not open.
"""

import base64
import binascii
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.embedded.home import make_data_folder
from app.core.errors import Unavailable
from app.core.settings import Settings

KEY_FILE = "secret.key"
"""In the data folder: the key of a Keiko whose operator named none."""

_KEY_BYTES = 32
_FORM = b"\x01"
_ID_BYTES, _NONCE_BYTES = 8, 12
_HEAD = len(_FORM) + _ID_BYTES


@dataclass(frozen=True)
class Place:
    """Where a sealed value stands: a column of one row."""

    table: str
    column: str
    row: UUID

    def bound(self, head: bytes) -> bytes:
        """What a sealed value is bound to."""
        return b"\0".join((head, self.table.encode(), self.column.encode(), self.row.bytes))


class Sealer:
    """Seals with the first of its keys, and opens what any of them has sealed."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._first = _key_id(keys[0])

    def seal(self, value: Any, place: Place) -> bytes:
        """A JSON value, readable only with the key and only at its place."""
        head, nonce = _FORM + self._first, secrets.token_bytes(_NONCE_BYTES)
        text = orjson.dumps(value)
        return head + nonce + self._keys[self._first].encrypt(nonce, text, place.bound(head))

    def unseal(self, sealed: bytes, place: Place) -> Any:
        """What was sealed. Raises Unavailable where the key is not here or the value not this."""
        head, nonce, rest = (
            sealed[:_HEAD],
            sealed[_HEAD : _HEAD + _NONCE_BYTES],
            sealed[_HEAD + _NONCE_BYTES :],
        )
        key = self._keys.get(head[len(_FORM) :])
        if head[: len(_FORM)] != _FORM or key is None:
            raise Unavailable(
                "This was sealed with a key that is not here. Put it back into KEIKO_SECRET_KEY "
                f"or the file {KEY_FILE} of the data folder, or enter the secret values anew."
            )
        try:
            return orjson.loads(key.decrypt(nonce, rest, place.bound(head)))
        except (InvalidTag, ValueError):
            raise Unavailable(
                "A sealed value was damaged or moved. Enter the secret values anew."
            ) from None


def open_sealer(settings: Settings) -> Sealer:
    """The sealer of this Keiko; makes its key file if there is neither file nor setting.

    Raises Unavailable, with what to do, for a key that cannot be used: nothing is sealed then.
    """
    if settings.secret_key is not None:
        texts = settings.secret_key.get_secret_value().split(",")
        return Sealer([_read_key(text, "KEIKO_SECRET_KEY") for text in texts])
    file = settings.data / KEY_FILE
    try:
        text = _text_of(file)
    except OSError as error:
        raise Unavailable(
            f"The key file {file} cannot be read or made ({error.strerror}). "
            "Let Keiko's account write there, or set KEIKO_SECRET_KEY."
        ) from error
    return Sealer([_read_key(text, str(file))])


def _key_id(key: bytes) -> bytes:
    return sha256(b"keiko key id\0" + key).digest()[:_ID_BYTES]


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


def _text_of(file: Path) -> str:
    """What the key file holds; the first of several processes makes it, whole or not at all."""
    if not file.exists():
        make_data_folder(file.parent)
        draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        try:
            _write(draft, base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
            os.link(draft, file)
            _settle(file.parent)
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
    return file.read_text(encoding="ascii", errors="replace")


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
