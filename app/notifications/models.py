"""What a user is told, how they want to be told, and what was sent where."""

from datetime import datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import JSON, Base, Entity, closed_set
from app.core.sealed_types import SealedText


class Kind(StrEnum):
    """Why somebody is told something."""

    TASK_DONE = "task_done"
    TASK_FAILED = "task_failed"
    QUESTION = "question"
    QUESTION_EXPIRED = "question_expired"
    SCHEDULE_MISSED = "schedule_missed"
    SECURITY = "security"
    DIGEST = "digest"
    TEST = "test"


class Channel(StrEnum):
    """A way to reach somebody. The inbox is none: it holds everything."""

    PAGE = "page"
    PUSH = "push"
    EMAIL = "email"
    WEBHOOK = "webhook"


class DeliveryState(StrEnum):
    """How far a delivery is; one that is dropped need not be sent any more."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Notification(Entity):
    """One thing that a user is told: at most one for each event, whoever hears of it how often."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "event_id"),
        Index("ix_notifications_page", "user_id", "created_at", "id"),
        Index(
            "ix_notifications_unread",
            "user_id",
            "created_at",
            "id",
            postgresql_where=text("read_at is null"),
        ),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[Kind] = mapped_column(closed_set(Kind))
    event_id: Mapped[UUID]
    task_id: Mapped[UUID | None] = mapped_column(index=True)
    thread_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("threads.id", ondelete="CASCADE"), index=True
    )
    question_id: Mapped[UUID | None]
    title: Mapped[str] = mapped_column(SealedText("notifications", "title"))
    """What it is about, in its owner's own words: the name of a task, of a conversation."""
    text: Mapped[str] = mapped_column(SealedText("notifications", "text"), default="")
    """More of it: how an answer begins, or why there is none."""
    toast: Mapped[bool] = mapped_column(default=True)
    read_at: Mapped[datetime | None]


class NotificationSettings(Base):
    """How one user wants to be told; without a row, as `rules.USUAL` says."""

    __tablename__ = "notification_settings"
    __table_args__ = (
        Index(
            "ix_notification_settings_digest",
            "digest_due_at",
            postgresql_where=text("digest_due_at is not null"),
        ),
    )

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    channels: Mapped[JSON]
    """Kind → list of channels."""
    only_when_away: Mapped[bool] = mapped_column(default=False)
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    digest_at: Mapped[time | None]
    digest_due_at: Mapped[datetime | None]
    digested_at: Mapped[datetime | None]
    email: Mapped[str | None]
    webhook_url: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="en")
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class PushSubscription(Entity):
    """A browser that takes pushes even while no page is open (RFC 8030)."""

    __tablename__ = "push_subscriptions"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    endpoint: Mapped[str] = mapped_column(Text, unique=True)
    p256dh: Mapped[str]
    auth: Mapped[str] = mapped_column(SealedText("push_subscriptions", "auth"))
    browser: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en")
    last_ok_at: Mapped[datetime | None]


class PushKey(Base):
    """The one key pair with which this installation shows push services who it is (RFC 8292)."""

    __tablename__ = "push_keys"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    private_key: Mapped[str] = mapped_column(SealedText("push_keys", "private_key"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Delivery(Entity):
    """One notification on its way to one address. A claim moves `next_at`: it is the lease."""

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        UniqueConstraint("notification_id", "channel", "target"),
        Index(
            "ix_notification_deliveries_due",
            "next_at",
            postgresql_where=text("state = 'pending'"),
        ),
    )

    notification_id: Mapped[UUID] = mapped_column(
        ForeignKey("notifications.id", ondelete="CASCADE")
    )
    channel: Mapped[Channel] = mapped_column(closed_set(Channel))
    target: Mapped[str] = mapped_column(Text)
    """An e-mail address, a webhook's address, or the id of a push subscription."""
    language: Mapped[str] = mapped_column(default="en")
    state: Mapped[DeliveryState] = mapped_column(
        closed_set(DeliveryState), default=DeliveryState.PENDING
    )
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(default=now)
    error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
