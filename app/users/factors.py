"""Second factors as a whole: who has one, who must have one, and what counts as one."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.settings import Settings
from app.users.factor_models import Passkey, TotpFactor
from app.users.models import Role

TWO_FACTORS = "mfa"
"""What a sign-in with two proofs says of itself (RFC 8176)."""


def has_two_factors(amr: Iterable[str]) -> bool:
    """Whether a sign-in was proved twice, here or by a provider whose word is taken."""
    return TWO_FACTORS in amr


def must_have_factor(settings: Settings, role: Role) -> bool:
    """Whether the operator wants a second factor of whoever has this role."""
    return role in settings.second_factor


async def has_factor(session: AsyncSession, user_id: UUID) -> bool:
    """Whether a user has an authenticator app or a passkey."""
    app = exists().where(TotpFactor.user_id == user_id)
    passkey = exists().where(Passkey.user_id == user_id)
    return bool(await session.scalar(select(or_(app, passkey))))
