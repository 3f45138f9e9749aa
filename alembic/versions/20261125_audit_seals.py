"""The record is sealed: who acted and from where, seals, what waits for one, and what may go."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b7d94e10c2f3"
down_revision = "b4c2ebf86733"
branch_labels = None
depends_on = None

REFUSE = """
create or replace function refuse_change_of_record() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('keiko.audit_removal', true) = 'on' then
        return null;
    end if;
    raise exception 'What is on record is neither changed nor removed.';
end $$
"""
REFUSE_ALL = """
create or replace function refuse_change_of_record() returns trigger language plpgsql as $$
begin
    raise exception 'What is on record is neither changed nor removed.';
end $$
"""
AWAIT_SEAL = """
create function await_audit_seal() returns trigger language plpgsql security definer
set search_path = pg_catalog, public, pg_temp as $$
begin
    insert into audit_pending (entry_id) select id from added;
    return null;
end $$
"""
REMOVE = """
create function remove_old_audit_entries(days integer) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    before bigint := coalesce((select max((details ->> 'until')::bigint) from audit_entries
                               where type = 'audit.removed'), 0);
    until bigint;
    removed bigint;
begin
    if days < 30 then
        raise exception 'Entries stay on record for 30 days at least.';
    end if;
    lock table audit_places in share row exclusive mode;
    select coalesce(min(n) - 1, (select max(n) from audit_seals)) into until
    from audit_seals where at >= now() - make_interval(days => days);
    if until is null or until <= before then
        return 0;
    end if;
    until := least(until, before + 200);
    perform set_config('keiko.audit_removal', 'on', true);
    delete from audit_places p using (
        select unnest(entries) id from audit_seals where n > before and n <= until
    ) s where p.entry_id = s.id;
    delete from audit_entries e using (
        select unnest(entries) id from audit_seals where n > before and n <= until
    ) s where e.id = s.id;
    get diagnostics removed = row_count;
    perform set_config('keiko.audit_removal', '', true);
    insert into audit_entries (id, type, outcome, occurred_at, details)
    values (gen_random_uuid(), 'audit.removed', 'success', now(), jsonb_build_object(
        'from', before + 1, 'until', until, 'entries', removed, 'days', days));
    return removed;
end $$
"""
FORGET = """
create function forget_audit_places(person uuid) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    removed bigint;
begin
    perform set_config('keiko.audit_removal', 'on', true);
    delete from audit_places p using audit_entries e
    where p.entry_id = e.id and (e.user_id = person or e.actor_id = person);
    get diagnostics removed = row_count;
    perform set_config('keiko.audit_removal', '', true);
    insert into audit_entries (id, type, outcome, user_id, occurred_at, details)
    values (gen_random_uuid(), 'audit.places_forgotten', 'success', person, now(),
            jsonb_build_object('entries', removed));
    return removed;
end $$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("events", sa.Column("actor", postgresql.JSONB()))
    _entries()
    op.create_table(
        "audit_places",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_places")),
    )
    op.create_index(op.f("ix_audit_places_address"), "audit_places", ["address"])
    op.create_table(
        "audit_pending",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_pending")),
    )
    op.create_table(
        "audit_seals",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("entries", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_audit_seals")),
    )
    for column in ("entries", "leaves"):
        op.execute(f"alter table audit_seals alter column {column} set storage external")
    op.execute("insert into audit_pending (entry_id) select id from audit_entries")
    _functions()


def _entries() -> None:
    op.add_column(
        "audit_entries",
        sa.Column("outcome", sa.String(), nullable=False, server_default="success"),
    )
    for name in ("actor_id", "session_id", "key_id"):
        op.add_column("audit_entries", sa.Column(name, sa.Uuid()))
    op.add_column("audit_entries", sa.Column("place", sa.LargeBinary()))
    for name in ("actor_id", "type", "subject_id"):
        op.create_index(op.f(f"ix_audit_entries_{name}_seq"), "audit_entries", [name, "seq"])
    op.create_index(op.f("ix_audit_entries_occurred_at"), "audit_entries", ["occurred_at"])


def _functions() -> None:
    op.execute(REFUSE)
    for table in ("audit_places", "audit_seals"):
        op.execute(
            f"create trigger {table}_stay before update or delete or truncate on {table}"
            " for each statement execute function refuse_change_of_record()"
        )
    op.execute(AWAIT_SEAL)
    op.execute(
        "create trigger audit_entries_await_seal after insert on audit_entries"
        " referencing new table as added for each statement execute function await_audit_seal()"
    )
    for function in (REMOVE, FORGET):
        op.execute(function)
    for name in ("remove_old_audit_entries(integer)", "forget_audit_places(uuid)"):
        op.execute(f"revoke execute on function {name} from public")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop trigger audit_entries_await_seal on audit_entries")
    for name in (
        "await_audit_seal()", "remove_old_audit_entries(integer)", "forget_audit_places(uuid)",
    ):  # fmt: skip
        op.execute(f"drop function {name}")
    for table in ("audit_seals", "audit_pending", "audit_places"):
        op.drop_table(table)
    op.execute(REFUSE_ALL)
    op.drop_index(op.f("ix_audit_entries_occurred_at"), "audit_entries")
    for name in ("actor_id", "type", "subject_id"):
        op.drop_index(op.f(f"ix_audit_entries_{name}_seq"), "audit_entries")
    for name in ("place", "key_id", "session_id", "actor_id", "outcome"):
        op.drop_column("audit_entries", name)
    op.drop_column("events", "actor")
