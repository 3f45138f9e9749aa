"""Passwords: which are good enough, and hashes that are slow for a thief (OWASP, argon2id)."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import Invalid
from app.users.breached import is_breached

Answer = TypeVar("Answer")

SHORTEST, LONGEST = 8, 256

ADVISED = 15
"""What the pages recommend (ASVS 5.0, 6.2.1)."""

TOO_SHORT = f"A password has at least {SHORTEST} characters."
TOO_LONG = f"A password has at most {LONGEST} characters."
TOO_COMMON = "This password is among the first that anybody would try. Please choose another."
TOO_OBVIOUS = "This password is little more than a name. Please choose another."

PRODUCT = "keiko"
_SHORTEST_NAME = 3
_LEAST_LEFT = 6

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_PLACES = os.cpu_count() or 1
_LESS_URGENT = 5

hashing_slot = asyncio.Semaphore(_PLACES)
"""A place at the hashing bench: each takes a core and 19 MiB, so there are few."""


def require_good_password(password: str, username: str = "") -> None:
    """Raise `Invalid`, with a sentence, for a password that must not be chosen.

    There are no rules of composition (ASVS 5.0, 6.2.5).
    """
    if len(password) < SHORTEST:
        raise Invalid(TOO_SHORT, field="password")
    if len(password) > LONGEST:
        raise Invalid(TOO_LONG, field="password")
    if is_breached(password):
        raise Invalid(TOO_COMMON, field="password")
    if _is_made_of_names(password, username):
        raise Invalid(TOO_OBVIOUS, field="password")


async def hash_password(password: str, username: str = "") -> str:
    """The hash to keep for a new password. Raises `Invalid` for one that must not be chosen."""
    require_good_password(password, username)
    async with hashing_slot:
        return await hash_aside(_hasher.hash, password)


async def matches(password_hash: str | None, password: str) -> bool:
    """Whether this is the password. Takes as long when there is no account, or no password.

    To be called inside `hashing_slot`.
    """
    kept = password_hash or _nobody()
    right = await hash_aside(_verify, kept, password[: LONGEST + 1])
    return right and password_hash is not None


async def hash_aside(work: Callable[..., Answer], *values: object) -> Answer:
    """Do slow hashing in a thread that gives way to whoever else wants the core.

    To be called inside `hashing_slot`: so many who sign in at once do not hold up the chat.
    """
    return await asyncio.get_running_loop().run_in_executor(_bench, partial(work, *values))


def _give_way() -> None:
    """On Linux each thread has a priority of its own; elsewhere this would be the process's."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LESS_URGENT)


_bench = ThreadPoolExecutor(_PLACES, "hashing", initializer=_give_way)


def _is_made_of_names(password: str, username: str) -> bool:
    """Whether little is left of it without the user's name and the product's (6.2.11)."""
    left = password.lower()
    for name in (username.strip().lower(), PRODUCT):
        if len(name) >= _SHORTEST_NAME:
            left = left.replace(name, "")
    return left != password.lower() and len(left) < _LEAST_LEFT


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """A hash that unknown users are compared with."""
    return _hasher.hash("nobody has this password")
