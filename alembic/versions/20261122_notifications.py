"""Notifications: what was told to whom, and by which way."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d4e2a1b8c733"
down_revision = "c3d1f0a7b622"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KIND = sa.Enum("task_done", "task_failed", "question", "schedule_missed", "digest", "test",
               name="kind", native_enum=False, length=32)  # fmt: skip
CHANNEL = sa.Enum("page", "push", "email", "webhook",
                  name="channel", native_enum=False, length=32)  # fmt: skip
STATE = sa.Enum("pending", "sent", "failed", "dropped",
                name="deliverystate", native_enum=False, length=32)  # fmt: skip


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    _create_notifications()
    _create_settings()
    _create_push()
    op.create_table(
        "notification_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("channel", CHANNEL, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("sent_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], ondelete="CASCADE",
            name=op.f("fk_notification_deliveries_notification_id_notifications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_deliveries")),
        sa.UniqueConstraint(
            "notification_id", "channel", "target",
            name=op.f("uq_notification_deliveries_notification_id_channel_target"),
        ),
    )  # fmt: skip
    op.create_index(
        "ix_notification_deliveries_due", "notification_deliveries", ["next_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )  # fmt: skip


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid()),
        sa.Column("thread_id", sa.Uuid()),
        sa.Column("question_id", sa.Uuid()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("toast", sa.Boolean(), nullable=False),
        sa.Column("read_at", MOMENT),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE",
                                name=op.f("fk_notifications_user_id_users")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], ondelete="CASCADE",
                                name=op.f("fk_notifications_thread_id_threads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("user_id", "event_id",
                            name=op.f("uq_notifications_user_id_event_id")),
    )  # fmt: skip
    page = ["user_id", "created_at", "id"]
    op.create_index("ix_notifications_page", "notifications", page)
    op.create_index(
        "ix_notifications_unread", "notifications", page,
        postgresql_where=sa.text("read_at is null"),
    )  # fmt: skip
    op.create_index(op.f("ix_notifications_task_id"), "notifications", ["task_id"])
    op.create_index(op.f("ix_notifications_thread_id"), "notifications", ["thread_id"])


def _create_settings() -> None:
    op.create_table(
        "notification_settings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channels", postgresql.JSONB(), nullable=False),
        sa.Column("only_when_away", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Time()),
        sa.Column("quiet_until", sa.Time()),
        sa.Column("digest_at", sa.Time()),
        sa.Column("digest_due_at", MOMENT),
        sa.Column("digested_at", MOMENT),
        sa.Column("email", sa.String()),
        sa.Column("webhook_url", sa.String()),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE",
                                name=op.f("fk_notification_settings_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_settings")),
    )  # fmt: skip
    op.create_index(
        "ix_notification_settings_digest", "notification_settings", ["digest_due_at"],
        postgresql_where=sa.text("digest_due_at is not null"),
    )  # fmt: skip


def _create_push() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.String(), nullable=False),
        sa.Column("auth", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("last_ok_at", MOMENT),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE",
                                name=op.f("fk_push_subscriptions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_subscriptions_endpoint")),
    )  # fmt: skip
    op.create_index(op.f("ix_push_subscriptions_user_id"), "push_subscriptions", ["user_id"])
    op.create_table(
        "push_keys",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_keys")),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in ("notification_deliveries", "push_keys", "push_subscriptions",
                  "notification_settings", "notifications"):  # fmt: skip
        op.drop_table(table)
