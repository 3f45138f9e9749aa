"""Memories as rows."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Entity, closed_set
from app.core.sealed_types import SealedText

LONGEST_TEXT = 2000
"""Characters of one memory."""


class MemorySource(StrEnum):
    """Who had it remembered."""

    USER = "user"
    ASSISTANT = "assistant"
    APP = "app"
    """A program of others that the user let in; `source_name` says which."""


class Memory(Entity):
    """One thing to remember about or for its user, in plain words."""

    __tablename__ = "memories"
    __table_args__ = (
        Index(None, "user_id", "created_at", "id"),
        Index("ix_memories_search", "search", postgresql_using="gin"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(SealedText("memories", "text"))
    source: Mapped[MemorySource] = mapped_column(closed_set(MemorySource))
    source_name: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]
    search: Mapped[str] = mapped_column(TSVECTOR, server_default="")
    """Tokens of its words (`app/memory/index.py`)."""
