"""Passwords that were in known breaches: what everybody tries first, checked without a network.

`breached_passwords.bin` holds the first five bytes of the SHA-256 of each, in lower case, sorted
(docs/decisions/0010). Of a million passwords that are not in it, none is taken for one that is.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

_WIDTH = 5


def is_breached(password: str) -> bool:
    """Whether this is one of them, in whatever case it is written (ASVS 5.0, 6.2.4 and 6.2.12)."""
    wanted, known = sha256(password.lower().encode()).digest()[:_WIDTH], _known()
    low, high = 0, len(known) // _WIDTH
    while low < high:
        middle = (low + high) // 2
        if known[middle * _WIDTH : (middle + 1) * _WIDTH] < wanted:
            low = middle + 1
        else:
            high = middle
    return known[low * _WIDTH : (low + 1) * _WIDTH] == wanted


@cache
def _known() -> bytes:
    return Path(__file__).with_name("breached_passwords.bin").read_bytes()
