"""Schedules: what begins when, and how each run went."""

import sqlalchemy as sa
from alembic import op

revision = "c3d1f0a7b622"
down_revision = "b0c2a9d4e511"
branch_labels = None
depends_on = None


def _moment(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _choice(column: str, name: str, *values: str) -> sa.Column:
    return sa.Column(
        column, sa.Enum(*values, name=name, native_enum=False, length=32), nullable=False
    )


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid(), nullable=False),
        _moment("created_at", nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False, server_default="en"),
        sa.Column("model", sa.String()),
        _choice("kind", "rulekind", "once", "cron", "rrule"),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        _moment("starts_at", nullable=False),
        _moment("ends_at"),
        sa.Column("most_runs", sa.Integer()),
        sa.Column("start_within_seconds", sa.Integer()),
        _choice("missed", "missed", "skip", "once", "all"),
        _choice("overlap", "overlap", "skip", "queue"),
        sa.Column("priority", sa.String(32), nullable=False, server_default="normal"),
        _moment("next_at"),
        _moment("last_at"),
        sa.Column("runs", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("thread_id", sa.Uuid()),
        _moment("paused_at"),
        _moment("ended_at"),
        _moment("removed_at"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_schedules_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name=op.f("fk_schedules_thread_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )  # fmt: skip
    op.create_index(
        "ix_schedules_due", "schedules", ["next_at"],
        postgresql_where=sa.text("next_at is not null"),
    )  # fmt: skip
    op.create_index("ix_schedules_user_page", "schedules", ["user_id", "created_at", "id"])
    op.create_foreign_key(
        op.f("fk_tasks_schedule_id"), "tasks", "schedules", ["schedule_id"], ["id"],
        ondelete="SET NULL",
    )  # fmt: skip


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_tasks_schedule_id"), "tasks", type_="foreignkey")
    op.drop_table("schedules")
