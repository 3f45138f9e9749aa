"""Only the database itself says that something was removed from the record."""

from alembic import op

revision = "c40b7a5e9d12"
down_revision = "f2c86d1b7a94"
branch_labels = None
depends_on = None

REFUSE = """
create function refuse_forged_removal() returns trigger language plpgsql
set search_path = pg_catalog as $$
begin
    if not pg_has_role(current_user, (select relowner from pg_class where oid = tg_relid), 'member')
    then
        raise insufficient_privilege using
            message = 'Only the database itself says what was removed from the record.';
    end if;
    return new;
end $$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(REFUSE)
    op.execute(
        "create trigger audit_entries_removals before insert on audit_entries for each row"
        " when (new.type in ('audit.removed', 'audit.places_forgotten'))"
        " execute function refuse_forged_removal()"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop trigger audit_entries_removals on audit_entries")
    op.execute("drop function refuse_forged_removal()")
