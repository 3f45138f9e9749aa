"""Authenticator apps: six digits that change every half minute (RFC 6238).

A code is taken once, at most one step early or late. The secret lies sealed in its row; until its
first code was right there is no row, and the page holds the sealed draft.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id, now
from app.core.errors import Conflict, Invalid, Unavailable
from app.core.resources import Resources
from app.core.sealed import Place
from app.users.factor_models import TotpFactor
from app.users.models import User

STEP_SECONDS = 30
DRIFT = 1
"""Steps that a clock may be early or late."""

_DRAFT_LIFETIME = timedelta(minutes=15)

WRONG_FIRST = "This code is not right. Look at the app again; a code changes every half minute."
DRAFT_OVER = "This took too long. Begin anew, with another code to scan."
HAS_ONE = "There is an authenticator app already. Remove it first."


@dataclass(frozen=True)
class Draft:
    """What an app is told, as text and as an address to scan; `sealed` comes back with a code."""

    secret: str
    uri: str
    sealed: str


def draft_app(resources: Resources, user: User, bound_to: str) -> Draft:
    """A new secret for an app; `bound_to` is the hash of the token of whoever is shown it."""
    secret = pyotp.random_base32()
    until = (now() + _DRAFT_LIFETIME).isoformat()
    kept = {"secret": secret, "until": until, "bound_to": bound_to}
    sealed = base64.urlsafe_b64encode(resources.sealer.seal(kept, _draft_place(user.id))).decode()
    return Draft(secret, _uri(secret, user), sealed)


def open_draft(resources: Resources, user: User, bound_to: str, sealed: str) -> Draft:
    """The draft that was shown to the same browser. `Invalid` if it is not that, or too old."""
    try:
        raw = base64.urlsafe_b64decode(sealed.encode())
        kept = resources.sealer.unseal(raw, _draft_place(user.id))
    except (binascii.Error, ValueError, Unavailable):
        raise Invalid(DRAFT_OVER) from None
    is_theirs = hmac.compare_digest(kept["bound_to"], bound_to)
    if not is_theirs or datetime.fromisoformat(kept["until"]) < now():
        raise Invalid(DRAFT_OVER)
    return Draft(kept["secret"], _uri(kept["secret"], user), sealed)


async def add_app(
    session: AsyncSession, resources: Resources, user: User, draft: Draft, code: str
) -> None:
    """Have a user sign in with this app from now on. `Invalid` if the code is not the app's."""
    step = _step_of(draft.secret, code, after=0)
    if step is None:
        raise Invalid(WRONG_FIRST, field="code")
    id = new_id()
    sealed = resources.sealer.seal(draft.secret, _place(id))
    values = {"id": id, "user_id": user.id, "sealed": sealed, "last_step": step}
    kept = await session.scalar(
        insert(TotpFactor).values(values).on_conflict_do_nothing().returning(TotpFactor.id)
    )
    if kept is None:
        raise Conflict(HAS_ONE)


async def find_app(session: AsyncSession, user_id: UUID) -> TotpFactor | None:
    """A user's authenticator app, if there is one."""
    found: TotpFactor | None = await session.scalar(
        select(TotpFactor).where(TotpFactor.user_id == user_id)
    )
    return found


async def take_code(session: AsyncSession, resources: Resources, user_id: UUID, code: str) -> bool:
    """Whether this is the present code of a user's app; it is used up then (ASVS 5.0, 6.5.1)."""
    app = await session.scalar(
        select(TotpFactor).where(TotpFactor.user_id == user_id).with_for_update()
    )
    if app is None:
        return False
    secret = resources.sealer.unseal(app.sealed, _place(app.id))
    step = _step_of(secret, code, after=app.last_step)
    if step is None:
        return False
    app.last_step = step
    await session.flush()
    return True


async def remove_app(session: AsyncSession, user_id: UUID) -> bool:
    """Have a user's app count no more; says whether there was one."""
    gone = await session.scalar(
        delete(TotpFactor).where(TotpFactor.user_id == user_id).returning(TotpFactor.id)
    )
    return gone is not None


def _step_of(secret: str, code: str, *, after: int) -> int | None:
    """The step that a code belongs to, of those which may be used now."""
    digits = "".join(code.split())
    present = int(now().timestamp()) // STEP_SECONDS
    app = pyotp.TOTP(secret)
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        right = hmac.compare_digest(app.at(step * STEP_SECONDS).encode(), digits.encode())
        if right and step > after:
            found = step
    return found


def _uri(secret: str, user: User) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Keiko")


def _place(id: UUID) -> Place:
    return Place("totp_factors", "sealed", id)


def _draft_place(user_id: UUID) -> Place:
    return Place("totp_factors", "draft", user_id)
