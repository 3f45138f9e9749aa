"""Schedules: what is asked again and again, when, and what happened to it so far."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Entity, closed_set
from app.core.sealed_types import SealedText
from app.schedules.rules import Rule, RuleKind


class Missed(StrEnum):
    """What becomes of runs whose moment passed while nothing ran."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"


class Overlap(StrEnum):
    """What becomes of a run whose moment comes while the one before still works."""

    SKIP = "skip"
    QUEUE = "queue"


class Schedule(Entity):
    """Something that is asked by itself: once at a moment, or by a rule.

    All its runs are turns of one conversation (`thread_id`, made by the first). It rests while
    `paused_at` is set, is over once `ended_at` is, and may be brought back after `removed_at`.
    `next_at` is set exactly while it waits for a run.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        Index("ix_schedules_due", "next_at", postgresql_where=text("next_at is not null")),
        Index("ix_schedules_user_page", "user_id", "created_at", "id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(SealedText("schedules", "name"))
    text: Mapped[str] = mapped_column(SealedText("schedules", "text"))
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    model: Mapped[str | None]
    kind: Mapped[RuleKind] = mapped_column(closed_set(RuleKind))
    rule: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    most_runs: Mapped[int | None]
    start_within_seconds: Mapped[int | None]
    missed: Mapped[Missed] = mapped_column(closed_set(Missed), default=Missed.ONCE)
    overlap: Mapped[Overlap] = mapped_column(closed_set(Overlap), default=Overlap.SKIP)
    priority: Mapped[str] = mapped_column(String(32), default="normal", server_default="normal")
    next_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]
    runs: Mapped[int] = mapped_column(default=0, server_default="0")
    thread_id: Mapped[UUID | None] = mapped_column(ForeignKey("threads.id", ondelete="SET NULL"))
    paused_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]

    def as_rule(self) -> Rule:
        """What says when it runs."""
        return Rule(
            kind=self.kind,
            text=self.rule,
            time_zone=self.time_zone,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )
