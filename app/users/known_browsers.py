"""Browsers in which somebody signed in before: strangers' guesses do not make them wait.

Each holds a sealed cookie with a name of its own and the accounts that came in there. Its failures
are counted by themselves, so that neither a guess at an account nor very many at all accounts
shut an owner out, and a stolen cookie gives a thief no more tries than any browser has.
"""

import base64
import binascii
import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.core.clock import now
from app.core.errors import Unavailable
from app.core.resources import Resources
from app.core.sealed import Place

LIFETIME = timedelta(days=365)

_PLACE = Place("cookies", "known_browser", UUID(int=0))
_MOST_ACCOUNTS = 5


@dataclass(frozen=True)
class KnownBrowser:
    """A browser by its own name, and the accounts (`account_key`) that signed in there."""

    name: str
    accounts: tuple[str, ...]


def account_key(username: str) -> str:
    """What failures at an account are counted under, whether there is such an account or not."""
    return hashlib.sha256(username.strip().lower().encode()).hexdigest()[:32]


def recognise(resources: Resources, cookie: str | None) -> KnownBrowser | None:
    """The browser that this cookie was given to; None if it is not one of ours, or too old."""
    if not cookie:
        return None
    try:
        kept = resources.sealer.unseal(base64.urlsafe_b64decode(cookie.encode()), _PLACE)
    except (Unavailable, binascii.Error, ValueError):
        return None
    if datetime.fromisoformat(kept["until"]) < now():
        return None
    return KnownBrowser(kept["name"], tuple(kept["accounts"]))


def remember(resources: Resources, known: KnownBrowser | None, username: str) -> str | None:
    """The cookie of a browser in which this account has just come in; None without a key."""
    name = known.name if known else secrets.token_urlsafe(12)
    before = known.accounts if known else ()
    mine = account_key(username)
    accounts = [mine, *(each for each in before if each != mine)][:_MOST_ACCOUNTS]
    kept = {"name": name, "accounts": accounts, "until": (now() + LIFETIME).isoformat()}
    with contextlib.suppress(Unavailable):
        return base64.urlsafe_b64encode(resources.sealer.seal(kept, _PLACE)).decode()
    return None
