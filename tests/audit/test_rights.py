"""The application's role adds to the record and reads it; all else the database refuses."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from app.core.db import open_engine
from app.core.resources import Resources
from app.core.rights import may_change_record
from tests.audit.acting import put_on_record, record_of, seal_all
from tests.product import Product


@pytest.fixture
async def application(resources: Resources, database_url: str) -> AsyncIterator[Any]:
    """A connection as Keiko's processes have it, on a record that holds something."""
    await put_on_record(resources, 3)
    await seal_all(resources)
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    yield connection
    await connection.close()


TABLES = ("audit_entries", "audit_seals", "audit_places")
CHANGES = [
    "update {} set {} = {}",
    "delete from {}",
    "truncate {}",
    "drop table {} cascade",
    "alter table {} disable trigger all",
    "alter table {} add column x text",
    "alter table {} owner to keiko_app",
    "create trigger x before insert on {} execute function refuse_change_of_record()",
    "create rule x as on insert to {} do instead nothing",
]
COLUMNS = {"audit_entries": "type", "audit_seals": "mac", "audit_places": "address"}


@pytest.mark.asvs("16.4.2", "13.2.2")
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
async def test_what_is_on_record_stays_as_it_is(application: Any, table: str, change: str) -> None:
    column = COLUMNS[table]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(change.format(table, column, column))


@pytest.mark.asvs("16.4.2")
@pytest.mark.parametrize(
    "way",
    [
        "set session_replication_role = replica",
        "set role keiko",
        "set session authorization keiko",
        "alter role keiko_app superuser",
        "grant keiko to keiko_app",
        "drop function refuse_change_of_record() cascade",
        "create or replace function refuse_change_of_record() returns trigger"
        " language plpgsql as 'begin return null; end'",
        "alter function remove_old_audit_entries(integer) owner to keiko_app",
        "create function public.x() returns int language sql as 'select 1'",
        "create table public.audit_entries_2 ()",
        "delete from alembic_version",
        "copy audit_entries to program 'true'",
        "insert into audit_pending values (gen_random_uuid())",
        "with gone as (delete from audit_entries returning id) select count(*) from gone",
        "merge into audit_entries e using audit_seals s on true when matched then delete",
        "insert into audit_entries (id, type, occurred_at, details) select id, type,"
        " occurred_at, details from audit_entries on conflict (id) do update set type = 'x'",
        "do $$ begin execute 'delete from audit_seals'; end $$",
        "do $$ begin perform set_config('role', 'keiko', false); end $$",
        "select 1 from audit_entries for update",
        "do $$ begin lock table audit_entries in exclusive mode; end $$",
        "create view public.x as select 1",
        "create schema x",
        "alter sequence audit_entries_seq_seq restart",
        "select setval('audit_entries_seq_seq', 1)",
        "comment on table audit_entries is ''",
        "cluster audit_entries",
        "insert into audit_entries (id, seq, type, occurred_at, details) overriding system value"
        " values (gen_random_uuid(), 1, 'a.b', now(), '{}')",
        "insert into audit_entries (id, type, occurred_at, recorded_at, details)"
        " values (gen_random_uuid(), 'a.b', now(), now() - interval '1 year', '{}')",
        "insert into audit_entries (id, type, occurred_at, details)"
        """ values (gen_random_uuid(), 'audit.removed', now(), '{"until": 7}')""",
    ],
)
async def test_there_is_no_way_round(application: Any, way: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(way)


@pytest.mark.asvs("16.4.2")
async def test_the_switch_of_the_removal_is_of_no_use_without_the_right(application: Any) -> None:
    await application.execute("select set_config('keiko.audit_removal', 'on', false)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("delete from audit_entries")
    await application.execute("grant delete on audit_entries to keiko_app")  # a warning, no more
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("delete from audit_entries")
    with pytest.raises(asyncpg.RaiseError, match="30 days at least"):
        await application.execute("select remove_old_audit_entries(0)")
    assert await application.fetchval("select remove_old_audit_entries(30)") == 0


async def test_tables_of_its_own_do_not_come_before_those_of_the_record(
    application: Any, resources: Resources
) -> None:
    before = len(await record_of(resources))
    await application.execute("create temp table audit_pending (entry_id uuid)")
    await application.execute(
        "insert into audit_entries (id, type, occurred_at, details)"
        " values (gen_random_uuid(), 'a.b', now(), '{}')"
    )
    assert await application.fetchval("select count(*) from public.audit_pending") == 1
    assert len(await record_of(resources)) == before + 1


@pytest.mark.asvs("16.4.2")
async def test_a_role_that_could_change_the_record_is_told_from_one_that_cannot(
    resources: Resources, owner_url: str
) -> None:
    async with resources.db.engine.connect() as connection:
        assert not await may_change_record(connection)
    engine = open_engine(owner_url, pool_size=1)
    try:
        async with engine.connect() as connection:
            assert await may_change_record(connection)
            await connection.execute(text("grant update on audit_seals to keiko_app"))
            await connection.commit()
    finally:
        await engine.dispose()
    async with resources.db.engine.connect() as connection:
        assert await may_change_record(connection)


@pytest.mark.asvs("13.2.2", "16.4.2")
async def test_all_processes_of_a_whole_keiko_come_as_the_lesser_role(product: Product) -> None:
    owner = await asyncpg.connect(product.database_url.replace("+asyncpg", ""))
    try:
        roles = await owner.fetch(
            "select distinct usename from pg_stat_activity"
            " where datname = 'keiko' and pid <> pg_backend_pid()"
            " and backend_type = 'client backend'"
        )
        may = await owner.fetchval(
            "select has_table_privilege('keiko_app', 'audit_entries', 'update, delete, truncate')"
        )
    finally:
        await owner.close()
    assert [role["usename"] for role in roles] == ["keiko_app"]
    assert may is False
