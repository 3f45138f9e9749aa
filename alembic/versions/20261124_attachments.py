"""What servers offer beside tools, and what messages bring along of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "f2a0c9d64511"
down_revision = "e1f9b8c534a0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for column in ("prompts", "resources", "templates"):
        op.add_column(
            "mcp_servers",
            sa.Column(column, JSONB(), nullable=False, server_default=sa.text("'[]'::jsonb")),
        )
        op.alter_column("mcp_servers", column, server_default=None)
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("server_id", sa.Uuid(), nullable=False),
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("uri", sa.String()),
        sa.Column("arguments", JSONB(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("size", sa.Integer()),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("files", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["steps.id"], ondelete="CASCADE",
                                name=op.f("fk_attachments_message_id_steps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("message_id", "position",
                            name=op.f("uq_attachments_message_id_position")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("attachments")
    for column in ("prompts", "resources", "templates"):
        op.drop_column("mcp_servers", column)
