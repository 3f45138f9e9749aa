"""Sign-ins to MCP servers, and who signs in to which."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "e1f9b8c534a0"
down_revision = "d0e8a7b42399"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for column in (
        sa.Column("sign_in", sa.String(32), server_default="user", nullable=False),
        sa.Column("wants_sign_in", sa.Boolean(), server_default=sa.false(), nullable=False),
    ):
        op.add_column("mcp_servers", column)
        op.alter_column("mcp_servers", column.name, server_default=None)
    op.create_table(
        "mcp_credentials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("server_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid()),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("wanted", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["server_id"], ["mcp_servers.id"], ondelete="CASCADE",
                                name=op.f("fk_mcp_credentials_server_id_mcp_servers")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE",
                                name=op.f("fk_mcp_credentials_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mcp_credentials")),
    )  # fmt: skip
    op.create_index(
        "uq_mcp_credentials_machine", "mcp_credentials", ["server_id"], unique=True,
        postgresql_where=sa.text("user_id is null"),
    )  # fmt: skip
    op.create_index(
        "uq_mcp_credentials_server_id_user_id", "mcp_credentials", ["server_id", "user_id"],
        unique=True, postgresql_where=sa.text("user_id is not null"),
    )  # fmt: skip
    op.create_index(op.f("ix_mcp_credentials_user_id"), "mcp_credentials", ["user_id"])


def downgrade() -> None:
    op.drop_table("mcp_credentials")
    op.drop_column("mcp_servers", "wants_sign_in")
    op.drop_column("mcp_servers", "sign_in")
