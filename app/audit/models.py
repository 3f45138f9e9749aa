"""What is on record: entries that nobody changes or removes, for the database refuses it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Identity, Index, Uuid, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import JSON, Base


class AuditEntry(Base):
    """One thing that somebody may have to answer for. Its id is that of the event.

    `user_id` is whom it concerns, `actor_id` who did it, where that is somebody else or known.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "user_id", "seq"),
        Index(None, "seq"),
        Index(None, "actor_id", "seq"),
        Index(None, "type", "seq"),
        Index(None, "subject_id", "seq"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    type: Mapped[str]
    outcome: Mapped[str] = mapped_column(server_default="success")
    user_id: Mapped[UUID | None]
    actor_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    key_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    details: Mapped[JSON]
    place: Mapped[bytes | None]
    """Hash of its `AuditPlace`, which may be forgotten without the record losing its proof."""


class AuditPlace(Base):
    """From where somebody acted: personal, and therefore apart from the entry that proves it."""

    __tablename__ = "audit_places"

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    salt: Mapped[bytes]
    address: Mapped[str] = mapped_column(index=True)
    agent: Mapped[str]


class AuditPending(Base):
    """An entry that no seal covers yet; a trigger writes it with the entry."""

    __tablename__ = "audit_pending"

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)


class AuditSeal(Base):
    """Entries in an order that holds from now on: their hashes, the root over them, and a MAC."""

    __tablename__ = "audit_seals"

    n: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    count: Mapped[int]
    entries: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    leaves: Mapped[bytes]
    root: Mapped[bytes]
    previous: Mapped[bytes]
    key_id: Mapped[str]
    mac: Mapped[bytes]
