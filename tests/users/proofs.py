"""Second factors of people in tests: an app whose codes one can read, and a clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest

from app.core.resources import Resources
from app.users import credentials, totp
from app.users.models import User
from app.users.sessions import find_session
from app.users.signed_in import SignedIn
from tests.users.people import open_session

MOMENT = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)


@dataclass
class Clock:
    """What `now()` says, for whoever was told to ask it."""

    at: datetime

    def __call__(self) -> datetime:
        """The present moment."""
        return self.at

    def go_on(self, **by: float) -> None:
        """Let time pass."""
        self.at += timedelta(**by)


def stop_clock(monkeypatch: pytest.MonkeyPatch, *modules: Any) -> Clock:
    """A clock for these modules, which stands still until it is told."""
    clock = Clock(MOMENT)
    for module in modules:
        monkeypatch.setattr(module, "now", clock)
    return clock


@dataclass(frozen=True)
class Phone:
    """An authenticator app."""

    secret: str

    def code(self, at: datetime | None = None, *, steps: int = 0) -> str:
        """What it shows at a moment, some steps later or earlier."""
        moment = at or totp.__dict__["now"]()
        return pyotp.TOTP(self.secret).at(moment, counter_offset=steps)


async def signed_in_as(resources: Resources, user: User) -> SignedIn:
    """A session that began just now."""
    found = await find_session(resources, await open_session(resources, user))
    assert found is not None
    return found


async def give_app(resources: Resources, user: User) -> tuple[Phone, list[str]]:
    """Set up an authenticator app; also gives back the recovery codes.

    The code that sets it up is that of the step before: the present one is still good.
    """
    signed_in = await signed_in_as(resources, user)
    draft = await credentials.offer_app(resources, signed_in)
    phone = Phone(draft.secret)
    changed = await credentials.add_app(resources, signed_in, draft.sealed, phone.code(steps=-1))
    return phone, changed.codes
