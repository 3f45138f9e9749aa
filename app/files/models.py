"""Files as rows: whose, from where, and of what kind; their bytes stand in the storage."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Entity, closed_set


class Audience(StrEnum):
    """Whom the tool that brought a file meant it for."""

    ALL = "all"
    USER = "user"
    MODEL = "model"


class File(Entity):
    """One thing that a task brought. It goes when its task, its thread or its user goes.

    `kind` is the media type as the content shows it, not as somebody claims. `source` says which
    tool it came from, as `server/tool`. Two files with the same content share their bytes.
    """

    __tablename__ = "files"
    __table_args__ = (
        Index("ix_files_user_page", "user_id", "created_at", "id"),
        Index(None, "task_id"),
        Index(None, "thread_id"),
        Index(None, "sha256"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    thread_id: Mapped[UUID | None] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(127))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(500))
    audience: Mapped[Audience] = mapped_column(closed_set(Audience), default=Audience.ALL)
