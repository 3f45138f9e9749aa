"""Calls of functions of host pages: each is carried out by one tab, once."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import JSON, Entity, closed_set
from app.core.sealed_types import SealedJSON


class PageCallStatus(StrEnum):
    """How far a call is."""

    OPEN = "open"
    CLAIMED = "claimed"
    """A tab carries it out."""
    DONE = "done"
    FAILED = "failed"
    GIVEN_UP = "given_up"
    """No tab took it in time: nothing happened, and nothing will."""


class PageCall(Entity):
    """A call of the function `name`, for the tab whose id is `client`."""

    __tablename__ = "page_calls"
    __table_args__ = (
        Index(
            "ix_page_calls_open",
            "user_id",
            "client",
            postgresql_where=text("status = 'open'"),
        ),
    )

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    client: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(64))
    arguments: Mapped[JSON] = mapped_column(SealedJSON("page_calls", "arguments"))
    status: Mapped[PageCallStatus] = mapped_column(
        closed_set(PageCallStatus), default=PageCallStatus.OPEN
    )
    claimed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[JSON] = mapped_column(SealedJSON("page_calls", "outcome"), default=dict)
    """What the page gave back: `value`, or `error`."""
