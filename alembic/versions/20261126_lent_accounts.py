"""Servers of tools that work with their users' accounts at a sign-in provider."""

import sqlalchemy as sa
from alembic import op

revision = "f4b7c21d8e60"
down_revision = "c40b7a5e9d12"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("mcp_servers", sa.Column("provider", sa.String(31)))
    op.add_column("mcp_credentials", sa.Column("identity_id", sa.Uuid()))
    op.create_foreign_key(
        op.f("fk_mcp_credentials_identity_id_identities"),
        "mcp_credentials", "identities", ["identity_id"], ["id"], ondelete="CASCADE",
    )  # fmt: skip
    op.create_index(op.f("ix_mcp_credentials_identity_id"), "mcp_credentials", ["identity_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_mcp_credentials_identity_id"), "mcp_credentials")
    op.drop_constraint(
        op.f("fk_mcp_credentials_identity_id_identities"), "mcp_credentials", type_="foreignkey"
    )
    op.drop_column("mcp_credentials", "identity_id")
    op.drop_column("mcp_servers", "provider")
