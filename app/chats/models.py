"""Threads, the steps shown in them, and what their readers thought of an answer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import JSON, Entity, closed_set
from app.core.sealed_types import SealedJSON, SealedText


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
    name: Mapped[str] = mapped_column(SealedText("threads", "name"))
    updated_at: Mapped[datetime] = mapped_column(default=now)
    search: Mapped[str] = mapped_column(TSVECTOR, server_default="")
    """Tokens of the words of its name (`app/chats/index.py`)."""


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
    input: Mapped[str] = mapped_column(SealedText("steps", "input"), default="")
    output: Mapped[str] = mapped_column(SealedText("steps", "output"), default="")
    is_error: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]
    details: Mapped[JSON] = mapped_column(SealedJSON("steps", "details"), default=dict)
    search: Mapped[str] = mapped_column(TSVECTOR, server_default="")
    """Tokens of the words that were said; none of a tool's."""


class AttachmentKind(StrEnum):
    """What a message brings along: a resource to read, or a prompt that speaks in its place."""

    RESOURCE = "resource"
    PROMPT = "prompt"


class AttachmentState(StrEnum):
    """Whether it has been read: once it has, it stays as it was read."""

    WAITING = "waiting"
    READ = "read"
    FAILED = "failed"


class Attachment(Entity):
    """Something of an MCP server that a message brings along.

    `text` is what the model is told, kept so that whoever runs the turn again tells it the same.
    `sentence` says why there is none, or what was left out. `files` are what came with it that is
    no text, each with `name`, `kind` and `size`.
    """

    __tablename__ = "attachments"
    __table_args__ = (UniqueConstraint("message_id", "position"),)

    message_id: Mapped[UUID] = mapped_column(ForeignKey("steps.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[AttachmentKind] = mapped_column(closed_set(AttachmentKind))
    server_id: Mapped[UUID]
    server: Mapped[str]
    name: Mapped[str]
    uri: Mapped[str | None]
    arguments: Mapped[JSON] = mapped_column(SealedJSON("attachments", "arguments"), default=dict)
    state: Mapped[AttachmentState] = mapped_column(
        closed_set(AttachmentState), default=AttachmentState.WAITING
    )
    text: Mapped[str] = mapped_column(SealedText("attachments", "text"), default="")
    size: Mapped[int | None]
    sentence: Mapped[str] = mapped_column(default="")
    files: Mapped[list[JSON]] = mapped_column(JSONB, default=list)


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
    comment: Mapped[str | None] = mapped_column(SealedText("feedbacks", "comment"))
