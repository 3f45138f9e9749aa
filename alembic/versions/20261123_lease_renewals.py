"""A renewed lease is no event: see so by looking at the row, not by comparing JSON of it."""

from alembic import op

revision = "f6a4c3d0e955"
down_revision = "e5f3b2c9d844"
branch_labels = None
depends_on = None

RECORD_TASK_EVENT = """
create or replace function record_task_event() returns trigger
language plpgsql set timezone to 'UTC' as $$
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
        %s
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

LOOK_AT_THE_ROW = """
        task := new;
        task.lease_until := old.lease_until;
        if task *= old then
            return new;
        end if;"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(RECORD_TASK_EVENT % LOOK_AT_THE_ROW)


def downgrade() -> None:
    op.execute(RECORD_TASK_EVENT % "")
