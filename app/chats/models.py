"""Threads, the steps shown in them, and what their readers thought of an answer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Computed, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import JSON, Entity, closed_set


class StepKind(StrEnum):
    """What a step is; the values are Chainlit's step types."""

    USER_MESSAGE = "user_message"
    ASSISTANT_MESSAGE = "assistant_message"
    TOOL = "tool"


class Thread(Entity):
    """One conversation of one user. A new one is named by the page that opens it."""

    __tablename__ = "threads"
    __table_args__ = (
        Index(None, "user_id", "updated_at", "id"),
        Index("ix_threads_search", "search", postgresql_using="gin"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(default=now)
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed("to_tsvector('simple', name)", persisted=True)
    )


class Step(Entity):
    """One thing shown in a thread: a message or a tool call."""

    __tablename__ = "steps"
    __table_args__ = (
        Index(None, "thread_id", "created_at"),
        Index("ix_steps_search", "search", postgresql_using="gin"),
    )

    thread_id: Mapped[UUID] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    task_id: Mapped[UUID | None] = mapped_column(index=True)
    kind: Mapped[StepKind] = mapped_column(closed_set(StepKind))
    name: Mapped[str]
    input: Mapped[str] = mapped_column(default="")
    output: Mapped[str] = mapped_column(default="")
    is_error: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]
    details: Mapped[JSON] = mapped_column(default=dict)
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "case when kind = 'tool' then ''::tsvector "
            "else to_tsvector('simple', left(output, 200000)) end",
            persisted=True,
        ),
    )


class Feedback(Entity):
    """A thumb, up (1) or down (0), with a comment: one per user and answered turn."""

    __tablename__ = "feedbacks"
    __table_args__ = (UniqueConstraint("task_id", "user_id"),)

    thread_id: Mapped[UUID] = mapped_column(
        ForeignKey("threads.id", ondelete="CASCADE"), index=True
    )
    task_id: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    value: Mapped[int]
    comment: Mapped[str | None]
