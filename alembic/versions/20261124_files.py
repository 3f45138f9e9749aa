"""Files that tasks brought, which versions of tools were accepted, and groups of users."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b8c6e5f20177"
down_revision = "a7b5d4e1f066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid()),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(127), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("source", sa.String(500), nullable=False),
        sa.Column("audience", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE",
                                name=op.f("fk_files_user_id_users")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], ondelete="CASCADE",
                                name=op.f("fk_files_task_id_tasks")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], ondelete="CASCADE",
                                name=op.f("fk_files_thread_id_threads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )  # fmt: skip
    op.create_index("ix_files_user_page", "files", ["user_id", "created_at", "id"])
    for column in ("task_id", "thread_id", "sha256"):
        op.create_index(op.f(f"ix_files_{column}"), "files", [column])
    op.add_column(
        "tool_executions",
        sa.Column("more", postgresql.JSONB(), nullable=False, server_default="{}"),
    )
    op.alter_column("tool_executions", "more", server_default=None)
    op.create_table(
        "known_tools",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("server_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid()),
        sa.Column("tool", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("told", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["server_id"], ["mcp_servers.id"], ondelete="CASCADE",
                                name=op.f("fk_known_tools_server_id_mcp_servers")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE",
                                name=op.f("fk_known_tools_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_tools")),
        sa.UniqueConstraint("server_id", "user_id", "tool", "fingerprint",
                            name=op.f("uq_known_tools_server_id_user_id_tool_fingerprint"),
                            postgresql_nulls_not_distinct=True),
    )  # fmt: skip
    op.create_index(op.f("ix_known_tools_user_id"), "known_tools", ["user_id"])
    op.create_table(
        "groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
    )
    op.create_index("uq_groups_name", "groups", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "group_members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], ondelete="CASCADE",
                                name=op.f("fk_group_members_group_id_groups")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE",
                                name=op.f("fk_group_members_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_members")),
        sa.UniqueConstraint("group_id", "user_id",
                            name=op.f("uq_group_members_group_id_user_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_group_members_user_id"), "group_members", ["user_id"])
    op.add_column("mcp_servers", sa.Column("group_id", sa.Uuid()))
    op.create_foreign_key(
        op.f("fk_mcp_servers_group_id_groups"), "mcp_servers", "groups", ["group_id"], ["id"],
        ondelete="CASCADE",
    )  # fmt: skip
    op.create_index(op.f("ix_mcp_servers_group_id"), "mcp_servers", ["group_id"])


def downgrade() -> None:
    op.drop_column("mcp_servers", "group_id")
    op.drop_table("group_members")
    op.drop_table("groups")
    op.drop_table("known_tools")
    op.drop_column("tool_executions", "more")
    op.drop_table("files")
