"""What visitors have used up."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class SiteUsage(Base):
    """How many messages a visitor of a site has sent on one day (UTC)."""

    __tablename__ = "site_usage"
    __table_args__ = (Index(None, "site_id", "day"),)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    messages: Mapped[int]
