"""What is on record: entries that nobody changes or removes, for the database refuses it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import JSON, Base


class AuditEntry(Base):
    """One thing that somebody may have to answer for. Its id is that of the event."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "user_id", "seq"), Index(None, "seq"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    type: Mapped[str]
    user_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    details: Mapped[JSON]
