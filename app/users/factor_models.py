"""What proves who somebody is besides a password, and a sign-in that waits for such a proof."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Entity


class PendingSignIn(Entity):
    """A first proof that awaits the second; opens nothing. Its token is kept as a hash only."""

    __tablename__ = "pending_sign_ins"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    amr: Mapped[list[str]] = mapped_column(ARRAY(String))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class TotpFactor(Entity):
    """An authenticator app (RFC 6238), of which one code was right already."""

    __tablename__ = "totp_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    sealed: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(BigInteger)
    """The time step whose code was used last: no code of it or before is taken again."""


class Passkey(Entity):
    """A key pair of which a device, or its keychain, holds the secret half (WebAuthn)."""

    __tablename__ = "passkeys"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]] = mapped_column(ARRAY(String))
    name: Mapped[str] = mapped_column(String(60))
    is_synced: Mapped[bool]
    last_used_at: Mapped[datetime | None]


class PasskeyChallenge(Entity):
    """What a passkey is to sign, once, in the one browser that asked (`bound_to` is a hash)."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (UniqueConstraint("bound_to", "purpose"),)

    bound_to: Mapped[str]
    purpose: Mapped[str] = mapped_column(String(32))
    challenge: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class RecoveryCode(Entity):
    """A code on paper for whoever lost every other second factor; used once."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(unique=True)
    used_at: Mapped[datetime | None]
