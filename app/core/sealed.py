"""What must not be readable in the database: values sealed with a key that is not in it.

AES-256-GCM. A sealed value names its key, so that keys can be changed one by one, and is bound to
the place where it stands: copied into another row, column or table it does not open.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.exc import DontWrapMixin

from app.core.blind import Blind
from app.core.errors import Unavailable

MARK = "\x01"
"""What a sealed value begins with where it stands as text."""

KEY_FILE = "secret.key"
"""In the data folder: the keys of a Keiko whose operator named none, one in each line."""

DOUBTFUL = (
    "The key file was exchanged for one that this database is not sealed with. Put the right one "
    "back; until then nothing new is written."
)

_FORM = b"\x01"
_ID_BYTES, _NONCE_BYTES, _KEY_BYTES = 8, 12, 32
_HEAD = len(_FORM) + _ID_BYTES
_SEARCH = "search"


class CannotOpen(DontWrapMixin, Unavailable):
    """A sealed value stays closed: its key is not here, or it is not what was sealed."""


@dataclass(frozen=True)
class Place:
    """Where a sealed value stands: a column of one row."""

    table: str
    column: str
    row: UUID

    def bound(self, head: bytes) -> bytes:
        """What a sealed value is bound to."""
        return b"\0".join((head, self.table.encode(), self.column.encode(), self.row.bytes))


class KeySource(Protocol):
    """Where keys come from that may change while a process runs."""

    def look(self) -> Sequence[bytes] | None:
        """The keys, if they have changed since; asked before each use, so it must be quick."""

    def read(self) -> Sequence[bytes]:
        """The keys as they are now."""


class Sealer:
    """Seals with the first of its keys, and opens what any of them has sealed."""

    def __init__(self, keys: Sequence[bytes], source: KeySource | None = None) -> None:
        self._source = source
        self._hold(keys)

    def _take(self, keys: Sequence[bytes]) -> None:
        """Have these keys, unless none is one of those that were here: whose they are is asked."""
        self._doubtful = bool(self._keys) and not {key_id(key) for key in keys} & set(self._keys)
        if not self._doubtful:
            self._hold(keys)

    def _hold(self, keys: Sequence[bytes]) -> None:
        self._doubtful = False
        self._keys: dict[bytes, AESGCM] = {key_id(key): AESGCM(key) for key in keys}
        self._material = {key_id(key): key for key in keys}
        self._roots = list(derived_keys(self, _SEARCH).values())
        self._first = next(iter(self._keys), b"")

    def _look(self) -> None:
        if self._source is not None and (keys := self._source.look()):
            self._take(keys)

    @property
    def ids(self) -> list[str]:
        """The names of its keys; the first is the one that seals."""
        self._look()
        return [id.hex() for id in self._keys]

    def head(self) -> bytes:
        """How everything begins that is sealed now."""
        self._need()
        return _FORM + self._first

    def look_again(self) -> None:
        """Take the keys as they are now, at once."""
        if self._source is not None:
            self._take(self._source.read())

    @property
    def is_doubtful(self) -> bool:
        """Whether other keys lie where its own did.

        It opens, and seals nothing until it is clear whether the database knows them.
        """
        self._look()
        return self._doubtful

    def take_over(self, other: "Sealer") -> None:
        """Have the keys of another from now on."""
        self._source = other._source
        self._hold(list(other._material.values()))

    def _need(self) -> None:
        self._look()
        if not self._keys:
            raise CannotOpen(
                "Keiko has no key yet for what is written. It waits for its database; "
                "try again in a moment."
            )
        if self._doubtful:
            raise CannotOpen(DOUBTFUL)

    def seal(self, value: Any, place: Place) -> bytes:
        """A JSON value, readable only with the key and only at its place."""
        return self.seal_bytes(orjson.dumps(value), place)

    def seal_bytes(self, content: bytes, place: Place) -> bytes:
        """The same for bytes of any kind."""
        head, nonce = self.head(), secrets.token_bytes(_NONCE_BYTES)
        return head + nonce + self._keys[self._first].encrypt(nonce, content, place.bound(head))

    def seal_text(self, value: Any, place: Place) -> str:
        """A JSON value, sealed, as text."""
        return MARK + base64.b64encode(self.seal(value, place)).decode()

    def unseal(self, sealed: bytes, place: Place) -> Any:
        """What was sealed. Raises Unavailable where the key is not here or the value not this."""
        try:
            return orjson.loads(self.unseal_bytes(sealed, place))
        except orjson.JSONDecodeError:
            raise _damaged() from None

    def unseal_text(self, sealed: str, place: Place) -> Any:
        """What was sealed as text."""
        try:
            return self.unseal(base64.b64decode(sealed[len(MARK) :], validate=True), place)
        except ValueError:
            raise _damaged() from None

    def unseal_bytes(self, sealed: bytes, place: Place) -> bytes:
        """The bytes that were sealed; raises what `unseal` raises."""
        head, nonce, rest = (
            sealed[:_HEAD],
            sealed[_HEAD : _HEAD + _NONCE_BYTES],
            sealed[_HEAD + _NONCE_BYTES :],
        )
        key = self._key_of(head)
        try:
            return key.decrypt(nonce, rest, place.bound(head))
        except (InvalidTag, ValueError):
            raise _damaged() from None

    def _key_of(self, head: bytes) -> AESGCM:
        id = head[len(_FORM) :]
        if head[: len(_FORM)] == _FORM and id not in self._keys:
            self.look_again()
        key = self._keys.get(id)
        if head[: len(_FORM)] != _FORM or key is None:
            raise CannotOpen(
                "This was sealed with a key that is not here. Put it back into KEIKO_SECRET_KEY "
                f"or the file {KEY_FILE} of the data folder, or enter the secret values anew."
            )
        return key

    def blind(self, owner: UUID) -> Blind:
        """Blinds words of this owner as they are written now."""
        self._need()
        return Blind(self._roots[0], owner)

    def blinds(self, owner: UUID) -> list[Blind]:
        """The same for each key that an index may have been written with."""
        if not self._doubtful:
            self._need()
        return [Blind(root, owner) for root in self._roots]


def derived_keys(sealer: Sealer, purpose: str) -> dict[str, bytes]:
    """Keys for another purpose (HKDF, RFC 5869), by the ids of those that they come from.

    The first is the one to use; the others are for what was made with older keys.
    """
    return {
        id.hex(): HKDF(SHA256(), _KEY_BYTES, None, purpose.encode()).derive(key)
        for id, key in sealer._material.items()
    }


def key_id(key: bytes) -> bytes:
    """The name of a key, which says nothing about it."""
    return sha256(b"keiko key id\0" + key).digest()[:_ID_BYTES]


def head_as_text(head: bytes) -> str:
    """How sealed text begins whose bytes begin so: nine bytes are twelve characters."""
    return MARK + base64.b64encode(head).decode()


def _damaged() -> CannotOpen:
    return CannotOpen("A sealed value was damaged or moved. Enter the secret values anew.")
