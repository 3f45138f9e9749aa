"""MCP servers that people register, what is allowed of their tools, and how long calls took."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a7b5d4e1f066"
down_revision = "f6a4c3d0e955"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "mcp_servers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid()),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("transport", sa.String(32), nullable=False),
        sa.Column("command", sa.String()),
        sa.Column("args", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("url", sa.String()),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("timeout_seconds", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("chosen", sa.String(32)),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("state_text", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True)),
        sa.Column("tools", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE",
                                name=op.f("fk_mcp_servers_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mcp_servers")),
    )  # fmt: skip
    op.create_index(
        "uq_mcp_servers_shared_name", "mcp_servers", ["name"], unique=True,
        postgresql_where=sa.text("user_id is null"),
    )  # fmt: skip
    op.create_index(
        "uq_mcp_servers_user_id_name", "mcp_servers", ["user_id", "name"], unique=True,
        postgresql_where=sa.text("user_id is not null"),
    )  # fmt: skip
    op.create_table(
        "tool_policies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid()),
        sa.Column("thread_id", sa.Uuid()),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.String()),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE",
                                name=op.f("fk_tool_policies_user_id_users")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], ondelete="CASCADE",
                                name=op.f("fk_tool_policies_thread_id_threads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool_policies")),
    )  # fmt: skip
    op.create_index(op.f("ix_tool_policies_user_id"), "tool_policies", ["user_id"])
    op.create_index(op.f("ix_tool_policies_thread_id"), "tool_policies", ["thread_id"])
    for column in (
        sa.Column("server_id", sa.Uuid()),
        sa.Column("milliseconds", sa.Integer()),
        sa.Column("size", sa.Integer()),
    ):
        op.add_column("tool_executions", column)
    op.create_foreign_key(
        op.f("fk_tool_executions_server_id_mcp_servers"), "tool_executions", "mcp_servers",
        ["server_id"], ["id"], ondelete="SET NULL",
    )  # fmt: skip
    op.create_index(
        "ix_tool_executions_server_id_created_at", "tool_executions", ["server_id", "created_at"]
    )
    op.add_column("questions", sa.Column("expires_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_questions_expiring", "questions", ["expires_at"],
        postgresql_where=sa.text("answered_at is null and expires_at is not null"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_questions_expiring", "questions")
    op.drop_column("questions", "expires_at")
    op.drop_index("ix_tool_executions_server_id_created_at", "tool_executions")
    op.drop_constraint(op.f("fk_tool_executions_server_id_mcp_servers"), "tool_executions")
    for column in ("server_id", "milliseconds", "size"):
        op.drop_column("tool_executions", column)
    op.drop_table("tool_policies")
    op.drop_table("mcp_servers")
