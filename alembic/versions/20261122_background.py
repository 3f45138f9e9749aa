"""Background work: what a task is asked for, what it waits for, and an event for every change."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b0c2a9d4e511"
down_revision = "afca40a10b22"
branch_labels = None
depends_on = None

RECORD_TASK_EVENT = """
create function record_task_event() returns trigger language plpgsql set timezone to 'UTC' as $$
declare
    task tasks;
    changes jsonb;
    what text;
begin
    if tg_op = 'DELETE' then
        task := old;
        changes := '{}';
        what := 'removed';
    elsif tg_op = 'INSERT' then
        task := new;
        changes := to_jsonb(new) - '{lease_until,version}'::text[];
        what := 'created';
    else
        task := new;
        select coalesce(jsonb_object_agg(now.key, now.value), '{}') into changes
        from jsonb_each(to_jsonb(new) - '{lease_until,version}'::text[]) now
        where now.value is distinct from to_jsonb(old) -> now.key;
        if changes = '{}' then
            return new;
        end if;
        what := case
            when new.status = 'running' and new.fence > old.fence then 'started'
            when new.status = old.status then case
                when changes ?| '{progress,step}' then 'progressed'
                when changes ? 'in_background' and new.in_background then 'sent_to_background'
                when changes ? 'in_background' then 'brought_to_front'
                else 'changed' end
            when new.status = 'queued' and old.status = 'running' then 'handed_over'
            when new.status = 'timeout' then 'timed_out'
            else new.status end;
        new.version := old.version + 1;
        task := new;
    end if;
    insert into events (id, type, source, user_id, subject_id, correlation_id, causation_id,
                        payload, occurred_at)
    values (gen_random_uuid(), 'task.' || what, 'tasks', task.user_id, task.id,
            coalesce(task.message_id, task.id), task.parent_id,
            jsonb_build_object('task_id', task.id, 'thread_id', task.thread_id,
                'kind', task.kind, 'name', task.name, 'status', task.status,
                'in_background', task.in_background, 'error_code', task.error_code,
                'version', task.version, 'changes', changes),
            clock_timestamp());
    return case tg_op when 'DELETE' then old else new end;
end $$
"""

TELL_RELAY = """
create function tell_relay() returns trigger language plpgsql as $$
begin
    notify events;
    return null;
end $$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("events", sa.Column("seq", sa.BigInteger(), sa.Identity(always=True)))
    op.add_column("events", sa.Column("subject_id", sa.Uuid()))
    op.add_column("events", sa.Column("causation_id", sa.Uuid()))
    op.drop_index("ix_events_unpublished", "events")
    op.drop_index("ix_events_user_id", "events")
    op.create_index(
        "ix_events_unpublished", "events", ["seq"],
        postgresql_where=sa.text("published_at is null"),
    )  # fmt: skip
    op.create_index("ix_events_seq", "events", ["seq"])
    op.create_index("ix_events_user_id_seq", "events", ["user_id", "seq"])
    op.create_index("ix_events_subject_id_seq", "events", ["subject_id", "seq"])
    _extend_tasks()
    op.create_table(
        "task_dependencies",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("on_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("completion", "data", "resource", name="dependencykind", native_enum=False,
                    length=32),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["on_id"], ["tasks.id"], ondelete="CASCADE",
                                name=op.f("fk_task_dependencies_on_id_tasks")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], ondelete="CASCADE",
                                name=op.f("fk_task_dependencies_task_id_tasks")),
        sa.PrimaryKeyConstraint("task_id", "on_id", name=op.f("pk_task_dependencies")),
    )  # fmt: skip
    op.create_index(op.f("ix_task_dependencies_on_id"), "task_dependencies", ["on_id"])
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False,
                  server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_inbox")),
    )  # fmt: skip
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("replayed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.UniqueConstraint("consumer", "event_id", name=op.f("uq_dead_letters_consumer_event_id")),
    )
    op.execute(RECORD_TASK_EVENT)
    op.execute(TELL_RELAY)
    op.execute(
        "create trigger tasks_change before update on tasks"
        " for each row execute function record_task_event()"
    )
    op.execute(
        "create trigger tasks_come_and_go after insert or delete on tasks"
        " for each row execute function record_task_event()"
    )
    op.execute(
        "create trigger events_arrive after insert on events"
        " for each statement execute function tell_relay()"
    )


def _extend_tasks() -> None:
    text = sa.Text()
    for column in (
        sa.Column("name", sa.String(255)),
        sa.Column("description", text),
        sa.Column("tags", postgresql.ARRAY(text), nullable=False, server_default="{}"),
        sa.Column("labels", postgresql.JSONB(), nullable=False, server_default="{}"),
        sa.Column("details", postgresql.JSONB(), nullable=False, server_default="{}"),
        sa.Column("in_background", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("rank_at", sa.DateTime(timezone=True), nullable=False,
                  server_default=sa.text("now()")),
        sa.Column("not_before", sa.DateTime(timezone=True)),
        sa.Column("start_until", sa.DateTime(timezone=True)),
        sa.Column("timeout_seconds", sa.Integer()),
        sa.Column("max_retries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("retries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("progress", sa.SmallInteger()),
        sa.Column("step", text),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("schedule_id", sa.Uuid()),
        sa.Column("request_hash", text),
        sa.Column("pause_requested_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False, server_default="0"),
    ):  # fmt: skip
        op.add_column("tasks", column)
    op.create_foreign_key(
        op.f("fk_tasks_parent_id_tasks"), "tasks", "tasks", ["parent_id"], ["id"],
        ondelete="SET NULL",
    )  # fmt: skip
    op.create_index(op.f("ix_tasks_parent_id"), "tasks", ["parent_id"])
    op.create_index(op.f("ix_tasks_schedule_id_created_at"), "tasks", ["schedule_id", "created_at"])
    op.create_index("ix_tasks_user_page", "tasks", ["user_id", "created_at", "id"])
    op.create_index(
        "ix_tasks_user_background", "tasks", ["user_id", "created_at", "id"],
        postgresql_where=sa.text("in_background"),
    )  # fmt: skip
    op.create_index(
        "ix_tasks_user_open", "tasks", ["user_id", "created_at", "id"],
        postgresql_where=sa.text("completed_at is null"),
    )  # fmt: skip
    op.drop_index("ix_tasks_user_id", "tasks")
    op.drop_index("ix_tasks_open", "tasks")
    op.create_index(
        "ix_tasks_running", "tasks", ["lease_until"],
        postgresql_where=sa.text("status = 'running'"),
    )  # fmt: skip
    op.create_index(
        "ix_tasks_queued", "tasks", ["rank_at"], postgresql_where=sa.text("status = 'queued'")
    )
    op.create_index(
        "ix_tasks_pending", "tasks", ["not_before"],
        postgresql_where=sa.text("status in ('pending', 'retrying')"),
    )  # fmt: skip
    op.drop_index("uq_tasks_thread_running", "tasks")
    op.create_index(
        "uq_tasks_thread_running", "tasks", ["thread_id"], unique=True,
        postgresql_where=sa.text(
            "status in ('running', 'waiting', 'suspended', 'retrying') and not in_background"
        ),
    )  # fmt: skip


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop trigger events_arrive on events")
    op.execute("drop trigger tasks_come_and_go on tasks")
    op.execute("drop trigger tasks_change on tasks")
    op.execute("drop function tell_relay()")
    op.execute("drop function record_task_event()")
    for table in ("dead_letters", "inbox", "task_dependencies"):
        op.drop_table(table)
    for index in ("uq_tasks_thread_running", "ix_tasks_pending", "ix_tasks_queued",
                  "ix_tasks_running", "ix_tasks_user_page", "ix_tasks_user_background",
                  "ix_tasks_user_open"):  # fmt: skip
        op.drop_index(index, "tasks")
    for column in ("version", "pause_requested_at", "request_hash", "schedule_id", "parent_id",
                   "step", "progress", "retries", "max_retries", "timeout_seconds", "start_until",
                   "not_before", "rank_at", "in_background", "details", "labels", "tags",
                   "description", "name"):  # fmt: skip
        op.drop_column("tasks", column)
    op.create_index(op.f("ix_tasks_user_id"), "tasks", ["user_id"])
    op.create_index(
        "ix_tasks_open", "tasks", ["status", "lease_until"],
        postgresql_where=sa.text("status in ('queued', 'running', 'retrying')"),
    )  # fmt: skip
    op.create_index(
        "uq_tasks_thread_running", "tasks", ["thread_id"], unique=True,
        postgresql_where=sa.text("status in ('running', 'waiting', 'suspended', 'retrying')"),
    )  # fmt: skip
    for index in ("ix_events_subject_id_seq", "ix_events_user_id_seq", "ix_events_seq",
                  "ix_events_unpublished"):  # fmt: skip
        op.drop_index(index, "events")
    for column in ("causation_id", "subject_id", "seq"):
        op.drop_column("events", column)
    op.create_index(op.f("ix_events_user_id"), "events", ["user_id"])
    op.create_index(
        "ix_events_unpublished", "events", ["id"],
        postgresql_where=sa.text("published_at is null"),
    )  # fmt: skip
