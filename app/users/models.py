"""Accounts and their browser sessions."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import JSON, Entity, closed_set
from app.users import site_models  # noqa: F401 - users name its table


class Role(StrEnum):
    """What an account may do, from most to least (seed: RBAC)."""

    ADMIN = "admin"
    OPERATOR = "operator"
    USER = "user"
    VIEWER = "viewer"


class User(Entity):
    """Somebody who may sign in; or with `site_id` a visitor of a site, who has no other way in."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_username", func.lower(text("username")), unique=True),
        UniqueConstraint("site_id", "external_id"),
    )

    username: Mapped[str]
    full_name: Mapped[str | None]
    email: Mapped[str | None]
    role: Mapped[Role] = mapped_column(closed_set(Role), default=Role.USER)
    password_hash: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    timezone: Mapped[str] = mapped_column(default="UTC")
    preferences: Mapped[JSON] = mapped_column(default=dict)
    last_login_at: Mapped[datetime | None]
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    external_id: Mapped[str | None]
    """Who a visitor is: `t:` and the site's own id, `a:` for nobody known, `k:` and a user's."""


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
    amr: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    """How its owner proved who they are (RFC 8176: pwd, otp, hwk, swk, mfa; `fed` is a provider's
    word, `rec` a recovery code)."""
    auth_time: Mapped[datetime] = mapped_column(default=now)
    """When they did so last."""
    host_origin: Mapped[str | None]
    """The origin of the page that shows a visitor's frame."""
    is_full: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether it is a visitor's page of our own, and not a frame."""


class Invitation(Entity):
    """A one-time link with which somebody chooses name and password; kept as a hash.

    One of an admin's (`invited_by`) is good as long as they may invite; others are the operator's.
    """

    __tablename__ = "invitations"

    token_hash: Mapped[str] = mapped_column(unique=True)
    role: Mapped[Role] = mapped_column(closed_set(Role))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))


class Group(Entity):
    """Users whom an admin shares something with."""

    __tablename__ = "groups"
    __table_args__ = (Index("uq_groups_name", func.lower(text("name")), unique=True),)

    name: Mapped[str] = mapped_column(String(50))


class GroupMember(Entity):
    """One user in one group."""

    __tablename__ = "group_members"
    __table_args__ = (UniqueConstraint("group_id", "user_id"),)

    group_id: Mapped[UUID] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
