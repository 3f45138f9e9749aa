"""Words that can be looked for in the database and not be read there.

A word becomes a keyed hash. Each owner has a key of their own, derived from the key that seals: the
same word looks different for everybody, so that nobody learns others' words by writing their own.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b
from uuid import UUID

LENGTHS = (6, 3)
"""Beginnings of words that are kept, in characters: what is looked for may go on."""

LONGEST_SEARCHED = 200_000
"""Characters of one text that can be found again."""

_WORD = re.compile(r"\w+")
_TOKEN_BYTES = 5


class Blind:
    """Turns words into tokens, for one owner and one key."""

    def __init__(self, root: bytes, owner: UUID) -> None:
        own = blake2b(owner.bytes, key=root, digest_size=32).digest()
        self._hash = blake2b(key=own, digest_size=_TOKEN_BYTES)

    def token(self, word: str) -> str:
        """What stands for a word: 40 bits, enough to find and too few to prove anything."""
        hashed = self._hash.copy()
        hashed.update(word.encode())
        return hashed.hexdigest()

    def vector(self, text: str) -> str:
        """A text as a tsvector of the beginnings of its words."""
        return " ".join(map(self.token, beginnings(words_of(text[:LONGEST_SEARCHED]))))


def words_of(text: str) -> list[str]:
    """The words of a text, as they are compared."""
    return _WORD.findall(text.casefold().replace("_", " "))


def beginnings(words: Iterable[str]) -> set[str]:
    """What of words is kept to find them."""
    return {word[:length] for word in set(words) for length in LENGTHS if len(word) >= length}


def query(blinds: Iterable[Blind], words: Iterable[str]) -> str:
    """A tsquery for texts that may have words that begin so; empty if that says nothing.

    It finds all texts that do, and some that do not: `has_all` tells.
    """
    longest = [next((n for n in LENGTHS if len(word) >= n), 0) for word in words]
    kept = sorted({word[:n] for word, n in zip(words, longest, strict=True) if n})
    each = [" & ".join(f"'{blind.token(word)}'" for word in kept) for blind in blinds]
    return " | ".join(f"({one})" for one in each) if kept else ""


def has_all(text: str, wanted: Iterable[str]) -> bool:
    """Whether a text has, for each wanted word, one that begins so."""
    words = set(words_of(text[:LONGEST_SEARCHED]))
    return all(
        want in words or any(word.startswith(want) for word in words) for want in set(wanted)
    )
