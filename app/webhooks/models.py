"""Webhooks: addresses that a user wants told, and every single telling as a row."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Entity, closed_set
from app.core.sealed_types import SealedText


class EndpointState(StrEnum):
    """Whether an address is told of events."""

    ACTIVE = "active"
    PAUSED = "paused"
    """By its owner."""
    GONE = "gone"
    """It answered 410: it wants nothing more."""


class DeliveryStatus(StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up; it waits for somebody who has it sent again."""


class WebhookEndpoint(Entity):
    """An address that is told of its owner's events."""

    __tablename__ = "webhook_endpoints"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    url: Mapped[str]
    patterns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[EndpointState] = mapped_column(closed_set(EndpointState))
    secret: Mapped[str] = mapped_column(SealedText("webhook_endpoints", "secret"))
    old_secret: Mapped[str | None] = mapped_column(SealedText("webhook_endpoints", "old_secret"))
    old_secret_until: Mapped[datetime | None]
    updated_at: Mapped[datetime]

    def secrets(self, at: datetime) -> list[str]:
        """What a delivery is signed with: for a day after a change, the old secret too."""
        if self.old_secret and self.old_secret_until and self.old_secret_until > at:
            return [self.secret, self.old_secret]
        return [self.secret]


class WebhookDelivery(Entity):
    """One event on its way to one address."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        Index("ix_webhook_deliveries_page", "endpoint_id", "created_at", "id"),
        Index(
            "ix_webhook_deliveries_due",
            "due_at",
            postgresql_where=text("status in ('pending', 'retrying')"),
        ),
    )

    endpoint_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhook_endpoints.id", ondelete="CASCADE")
    )
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    status: Mapped[DeliveryStatus] = mapped_column(closed_set(DeliveryStatus))
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    response_status: Mapped[int | None]
    error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
