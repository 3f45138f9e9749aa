"""Accounts at providers with which people sign in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import Entity


class Identity(Entity):
    """An account at a provider: issuer and subject say whose it is here, and nothing else does."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(String(31))
    """By which of the operator's providers it came last."""
    issuer: Mapped[str] = mapped_column(String(2048))
    subject: Mapped[str] = mapped_column(String(255))
    shown: Mapped[str] = mapped_column(String(300))
    """What its owner recognises it by."""
    last_used_at: Mapped[datetime] = mapped_column(default=now)
    sealed: Mapped[bytes | None]
    """The provider's tokens."""
    expires_at: Mapped[datetime | None]
    """When its access token runs out."""
