"""How the record is sealed: a hash of each entry, a tree of the hashes, and a keyed hash over it.

The tree is that of RFC 6962 (Certificate Transparency, 2.1): leaves and nodes are hashed with
different first bytes, so that neither can stand for the other. Each seal holds the hash of the one
before: whoever knows the last one knows them all.
"""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from app.core.errors import Invalid

PURPOSE = "keiko audit seals"
"""What the key of the seals is derived for."""

NOTHING_BEFORE = bytes(32)
"""What the first seal holds of a seal before it."""

HASH_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

CANONICAL = """json_build_array(e.id, e.seq, e.type, e.outcome, e.user_id, e.actor_id, e.session_id,
 e.key_id, e.subject_id, e.correlation_id,
 cast(extract(epoch from e.occurred_at) * 1000000 as bigint),
 cast(extract(epoch from e.recorded_at) * 1000000 as bigint),
 encode(e.place, 'hex'), e.details)::text"""
"""Everything that is in entry `e`, as SQL: a JSON array, whose text leaves nothing open."""

_LEAF, _NODE, _HEAD = b"\x00", b"\x01", b"\x02"


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Entries in their order, as they were when they were sealed."""

    n: int
    at: datetime
    count: int
    entries: list[UUID]
    leaves: bytes
    root: bytes
    previous: bytes
    key_id: str
    mac: bytes

    @property
    def sealed(self) -> bytes:
        """What the MAC is over."""
        microseconds = (self.at - _EPOCH) // timedelta(microseconds=1)
        numbers = b"".join(number.to_bytes(8) for number in (self.n, microseconds, self.count))
        return b"keiko audit seal 1\0" + numbers + self.root + self.previous + self.key_id.encode()

    @property
    def hash(self) -> bytes:
        """What the next seal holds of this one."""
        return sha256(_HEAD + self.sealed + self.mac).digest()

    @property
    def head(self) -> "Head":
        """What proves, kept elsewhere, that the record once reached this far."""
        return Head(self.n, self.hash)


@dataclass(frozen=True)
class Head:
    """A seal's number and hash."""

    n: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.n}:{self.hash.hex()}"


def read_head(text: str) -> Head:
    """A head as `str` writes it. Raises Invalid."""
    number, _, digest = text.strip().partition(":")
    try:
        head = Head(int(number), bytes.fromhex(digest))
    except ValueError:
        head = Head(0, b"")
    if head.n < 1 or len(head.hash) != HASH_BYTES:
        raise Invalid("A head looks like 17:5f3a…, with 64 digits behind the colon.", field="head")
    return head


def leaf(canonical: str) -> bytes:
    """The hash of one entry."""
    return sha256(_LEAF + canonical.encode()).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over these leaves."""
    level = list(leaves) or [sha256(b"").digest()]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(_NODE + left + right).digest() for left, right in pairs]
        level = above + level[len(level) - len(level) % 2 :]
    return level[0]


def split(leaves: bytes) -> list[bytes]:
    """Leaves that were stored as one."""
    return [leaves[i : i + HASH_BYTES] for i in range(0, len(leaves), HASH_BYTES)]


def make_mac(key: bytes, seal: Seal) -> bytes:
    """The MAC that the seal should have."""
    return hmac.digest(key, seal.sealed, "sha256")


def place_hash(salt: bytes, canonical: str) -> bytes:
    """What an entry holds of the place that it came from."""
    return sha256(salt + canonical.encode()).digest()


def join(leaves: Iterable[bytes]) -> bytes:
    """Leaves as they are stored."""
    return b"".join(leaves)
