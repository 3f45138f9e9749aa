"""Guessing passwords is slow: after a few failures each further try has to wait longer.

Failures are counted per account, per address and in total, in Redis for all processes together;
while Redis is away each process counts by itself. A delay that grows, never a lock: the owner of an
account cannot be shut out for good. Unknown accounts are counted like known ones.
"""

import asyncio
import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from app.core.clock import now
from app.core.errors import TooMany
from app.core.redis import LOST
from app.users.browser import Browser
from app.users.known_browsers import account_key

_REMEMBERED = timedelta(hours=1)
_PATIENCE_SECONDS = 0.5
_MOST_NOTED = 10_000


@dataclass(frozen=True)
class Counted:
    """Something that failures are counted for."""

    key: str
    free: int
    """Failures that cost nothing."""
    longest: int
    """Seconds to wait at most."""

    def delay(self, failures: int) -> int:
        """Seconds until the next try is heard: 1, 2, 4 and so on once the free ones are used."""
        over = failures - self.free
        return 0 if over <= 0 else min(2 ** min(over - 1, 16), self.longest)


@dataclass
class _Note:
    failures: int
    until: datetime
    forget: datetime


TOTAL = Counted("sign_in:total", free=300, longest=5)
"""All failures of browsers that nobody signed in with before."""

_notes: dict[str, _Note] = {}

_RESERVE = """
local left = redis.call('pttl', KEYS[1])
if left > 0 then return left end
local tries = redis.call('incr', KEYS[2])
redis.call('expire', KEYS[2], ARGV[3])
local over = tries - ARGV[1]
if over > 0 then
  redis.call('set', KEYS[1], 1, 'ex', math.min(2 ^ math.min(over - 1, 16), ARGV[2]))
end
return 0
"""


def counted_codes(user_id: UUID) -> Counted:
    """What a try at a second factor's code counts for, whichever browser it comes from."""
    return Counted(f"sign_in:code:{user_id}", free=5, longest=900)


def counted(username: str, browser: Browser) -> tuple[Counted, ...]:
    """What a try at signing in counts for: the account that it names comes first.

    A browser in which that account came in before counts by itself. All others share one more
    budget, so that guesses from very many networks are slow too.
    """
    account = account_key(username)
    network = Counted(f"sign_in:address:{_network(browser.address)}", free=20, longest=300)
    known = browser.known
    if known is not None and account in known.accounts:
        return (Counted(f"sign_in:browser:{known.name}:{account}", free=5, longest=60), network)
    return (Counted(f"sign_in:account:{account}", free=5, longest=60), network, TOTAL)


def counted_key(address: str) -> Counted:
    """What a wrong API key counts for: the network it comes from. A right one is always heard."""
    return Counted(f"api_key:address:{_network(address)}", free=20, longest=300)


async def require_patience(redis: Redis, *things: Counted) -> None:
    """Raise `TooMany` if one of these still has to wait."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            waits = [await redis.pttl(_wait(thing)) / 1000 for thing in things]
    except LOST:
        waits = [_local_wait(thing) for thing in things]
    _refuse(max(waits))


def _refuse(left: float) -> None:
    seconds = math.ceil(left)
    if seconds == 1:
        raise TooMany("Too many tries. Please wait 1 second, then try again.", retry_after=1)
    if seconds > 0:
        raise TooMany(
            f"Too many tries. Please wait {seconds} seconds, then try again.", retry_after=seconds
        )


async def note_failure(redis: Redis, *things: Counted) -> None:
    """Count a failure for each of these."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            for thing in things:
                await _count(redis, thing)
    except LOST:
        for thing in things:
            _count_locally(thing)


async def reserve_try(redis: Redis, thing: Counted) -> None:
    """Count a try before it is heard, so that none of many at once slips past the delay.

    `TooMany` if it has to wait. `note_success` takes the count back.
    """
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            keys = [_wait(thing), _failures(thing)]
            given = [thing.free, thing.longest, int(_REMEMBERED.total_seconds())]
            asked: Any = redis.eval(_RESERVE, 2, *keys, *map(str, given))
            left = int(await asked) / 1000
    except LOST:
        left = _local_wait(thing)
        if left <= 0:
            _count_locally(thing)
    _refuse(left)


async def note_success(redis: Redis, account: Counted) -> None:
    """Forget the failures of this account. Those of the address stay: it may try others too."""
    _notes.pop(account.key, None)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await redis.delete(_failures(account), _wait(account))
    except LOST:
        return


async def _count(redis: Redis, thing: Counted) -> None:
    failures = await redis.incr(_failures(thing))
    await redis.expire(_failures(thing), _REMEMBERED)
    if delay := thing.delay(failures):
        await redis.set(_wait(thing), 1, ex=delay)


def _count_locally(thing: Counted) -> None:
    at = now()
    for key in [key for key, note in _notes.items() if note.forget <= at]:
        del _notes[key]
    if len(_notes) >= _MOST_NOTED:
        _notes.clear()
    note = _notes.setdefault(thing.key, _Note(0, at, at))
    note.failures += 1
    note.until = at + timedelta(seconds=thing.delay(note.failures))
    note.forget = at + _REMEMBERED


def _local_wait(thing: Counted) -> float:
    note = _notes.get(thing.key)
    return (note.until - now()).total_seconds() if note else 0.0


def _failures(thing: Counted) -> str:
    return f"throttle:failures:{thing.key}"


def _wait(thing: Counted) -> str:
    return f"throttle:wait:{thing.key}"


def _network(address: str) -> str:
    """One household: an IPv4 address, or the /64 that an IPv6 host may choose from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
