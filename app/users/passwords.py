"""Passwords: which are good enough, and hashes that are slow for a thief (OWASP, argon2id)."""

import asyncio
import os
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import Invalid

SHORTEST, LONGEST = 8, 256

TOO_SHORT = f"A password has at least {SHORTEST} characters."
TOO_LONG = f"A password has at most {LONGEST} characters."
TOO_COMMON = "This password is among the first that anybody would try. Please choose another."

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

hashing_slot = asyncio.Semaphore(2 * (os.cpu_count() or 1))
"""A place at the hashing bench: each takes a core and 19 MiB, so there are few."""


def require_good_password(password: str) -> None:
    """Raise `Invalid`, with a sentence, for a password that must not be chosen."""
    if len(password) < SHORTEST:
        raise Invalid(TOO_SHORT, field="password")
    if len(password) > LONGEST:
        raise Invalid(TOO_LONG, field="password")
    if password.lower() in _worst():
        raise Invalid(TOO_COMMON, field="password")


async def hash_password(password: str) -> str:
    """The hash to keep for a new password. Raises `Invalid` for one that must not be chosen."""
    require_good_password(password)
    async with hashing_slot:
        return await asyncio.to_thread(_hasher.hash, password)


async def matches(password_hash: str | None, password: str) -> bool:
    """Whether this is the password. Takes as long when there is no account, or no password.

    To be called inside `hashing_slot`.
    """
    right = await asyncio.to_thread(_verify, password_hash or _nobody(), password[: LONGEST + 1])
    return right and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _worst() -> frozenset[str]:
    """The first guesses of everybody, in English and German, that are long enough."""
    return frozenset(Path(__file__).with_name("worst_passwords.txt").read_text("utf-8").split())


@cache
def _nobody() -> str:
    """A hash that unknown users are compared with."""
    return _hasher.hash("nobody has this password")
