"""Whose a tool call is stands in its row, so that a user's calls are listed by an index."""

import sqlalchemy as sa
from alembic import op

revision = "d0e8a7b42399"
down_revision = "c9d7f6e31288"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("tool_executions", sa.Column("user_id", sa.Uuid()))
    op.execute(
        "update tool_executions set user_id = tasks.user_id from tasks"
        " where tasks.id = tool_executions.task_id"
    )
    op.alter_column("tool_executions", "user_id", nullable=False)
    op.create_foreign_key(
        op.f("fk_tool_executions_user_id_users"),
        "tool_executions",
        "users",
        ["user_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index(
        "ix_tool_executions_user_page", "tool_executions", ["user_id", "created_at", "id"]
    )


def downgrade() -> None:
    op.drop_column("tool_executions", "user_id")
