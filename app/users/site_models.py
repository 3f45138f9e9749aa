"""Sites: pages of others that show Keiko in a frame, and what their visitors may do there."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import JSON, Entity


class Site(Entity):
    """One site. Its key stands in its pages and is no secret; of its secret a hash is kept.

    A revoked one stays, for what its visitors did is theirs to be found by.
    """

    __tablename__ = "sites"
    __table_args__ = (
        Index(
            "uq_sites_name",
            func.lower(text("name")),
            unique=True,
            postgresql_where=text("revoked_at is null"),
        ),
    )

    name: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[str] = mapped_column(unique=True)
    origins: Mapped[list[str]] = mapped_column(ARRAY(String))
    """Which pages may show the frame: `https://host[:port]`."""
    allows_anonymous: Mapped[bool] = mapped_column(default=False)
    model: Mapped[str | None]
    """The model that answers its visitors; the usual one if none is named."""
    instructions: Mapped[str | None]
    """What the assistant is told about the site."""
    tools: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    """Patterns `server/tool`: what the assistant may use there; nothing else."""
    allows_functions: Mapped[bool] = mapped_column(default=True)
    messages_per_visitor_day: Mapped[int] = mapped_column(default=100)
    messages_per_day: Mapped[int] = mapped_column(default=2_000)
    texts: Mapped[JSON] = mapped_column(default=dict)
    """By language: `title`, `greeting`, `placeholder`, `disclaimer`."""
    colors: Mapped[JSON] = mapped_column(default=dict)
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL", use_alter=True), index=True
    )
    updated_at: Mapped[datetime] = mapped_column(default=now)
    revoked_at: Mapped[datetime | None]


USERS_OWN = "k:"
"""How the `external_id` of a visitor begins who is a user here; the user's id follows."""


@dataclass(frozen=True, kw_only=True)
class SiteSession:
    """Where a visitor is: on which site, in a page of which origin."""

    site_id: UUID
    site_key: str
    host_origin: str
    is_full: bool
    """Whether it is a page of our own, and not a frame in another's."""
