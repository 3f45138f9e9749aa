"""What people and assistants write is sealed where it stands, and no event holds it any more.

Nothing is sealed here: Keiko does so while it runs. Events name which columns of a task differ,
and leave out what was written there; a task that is merely sealed anew has no event.
"""

from alembic import op

revision = "d8f30b6c4e29"
down_revision = "c7d1a90b4e52"
branch_labels = None
depends_on = None

SEARCHED = ("steps", "threads")
TEXTS = (
    ("threads", "name"),
    ("steps", "input"),
    ("steps", "output"),
    ("tasks", "name"),
    ("tasks", "description"),
    ("tool_executions", "output"),
    ("attachments", "text"),
    ("feedbacks", "comment"),
    ("notifications", "title"),
    ("notifications", "text"),
    ("webhook_endpoints", "secret"),
    ("webhook_endpoints", "old_secret"),
    ("push_subscriptions", "auth"),
    ("push_keys", "private_key"),
)

RECORD_TASK_EVENT = """
create or replace function record_task_event() returns trigger
language plpgsql set timezone to 'UTC' as $$
declare
    task tasks;
    changes jsonb;
    what text;
    written text[] := '{name,description,parameters,labels,details}';
begin
    if tg_op = 'DELETE' then
        task := old;
        changes := '{}';
        what := 'removed';
    elsif tg_op = 'INSERT' then
        task := new;
        select jsonb_object_agg(now.key,
            case when now.key = any(written) then 'null' else now.value end) into changes
        from jsonb_each(to_jsonb(new) - '{lease_until,version}'::text[]) now;
        what := 'created';
    else
        task := new;
        task.lease_until := old.lease_until;
        if current_setting('keiko.sealing', true) = 'on' then
            task.name := old.name;
            task.description := old.description;
            task.parameters := old.parameters;
            task.labels := old.labels;
            task.details := old.details;
        end if;
        if task *= old then
            return new;
        end if;
        task := new;
        select coalesce(jsonb_object_agg(now.key,
            case when now.key = any(written) then 'null' else now.value end), '{}') into changes
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
                'kind', task.kind, 'status', task.status,
                'in_background', task.in_background, 'error_code', task.error_code,
                'version', task.version, 'changes', changes),
            clock_timestamp());
    return case tg_op when 'DELETE' then old else new end;
end $$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in SEARCHED:
        op.execute(f"alter table {table} alter column search drop expression")
        op.execute(f"alter table {table} alter column search set default ''")
    for table, column in TEXTS:
        op.execute(f'alter table {table} alter column "{column}" type text')
    op.execute(RECORD_TASK_EVENT)


def downgrade() -> None:
    raise NotImplementedError("What is sealed cannot be read by an older Keiko.")
