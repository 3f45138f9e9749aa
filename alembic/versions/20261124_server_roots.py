"""Folders that a registered server is told of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a3b1dae75622"
down_revision = "f2a0c9d64511"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column(
        "mcp_servers",
        sa.Column("roots", postgresql.ARRAY(sa.String()), server_default="{}", nullable=False),
    )
