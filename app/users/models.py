"""Accounts and their browser sessions."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import JSON, Entity, closed_set


class Role(StrEnum):
    """What an account may do, from most to least (seed: RBAC)."""

    ADMIN = "admin"
    OPERATOR = "operator"
    USER = "user"
    VIEWER = "viewer"


class User(Entity):
    """Somebody who may sign in."""

    __tablename__ = "users"
    __table_args__ = (Index("uq_users_username", func.lower(text("username")), unique=True),)

    username: Mapped[str]
    full_name: Mapped[str | None]
    email: Mapped[str | None]
    role: Mapped[Role] = mapped_column(closed_set(Role), default=Role.USER)
    password_hash: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    timezone: Mapped[str] = mapped_column(default="UTC")
    preferences: Mapped[JSON] = mapped_column(default=dict)
    last_login_at: Mapped[datetime | None]


class Session(Entity):
    """One browser in which a user is signed in. The cookie's value is kept as a hash only."""

    __tablename__ = "sessions"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    user_agent: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")


class Invitation(Entity):
    """A one-time link with which somebody chooses name and password; kept as a hash."""

    __tablename__ = "invitations"

    token_hash: Mapped[str] = mapped_column(unique=True)
    role: Mapped[Role] = mapped_column(closed_set(Role))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
