"""Codes and tokens: random text that is given away, and the hash that is kept of it."""

import hashlib
import secrets
from typing import NamedTuple


class Key(NamedTuple):
    """What is given away, and what is kept."""

    text: str
    hashed: str


def new_key() -> Key:
    """256 random bits, which need no slow hash."""
    text = secrets.token_urlsafe(32)
    return Key(text, hash_of(text))


def hash_of(text: str) -> str:
    """What is kept of a code or token, whatever somebody shows as such."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
