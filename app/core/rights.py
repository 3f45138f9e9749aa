"""What the application may do in its own database: everything but change its record or its shape.

The owner of the tables migrates, and nobody else needs to be it. The application comes as a role
that may add to the record and read it, may not change or remove what stands there, and can
switch off no trigger.
"""

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.db import asyncpg_url, open_engine
from app.core.errors import Unavailable

APPLICATION = "keiko_app"
"""The application's role in the built-in database."""

_ONE_AT_A_TIME = 0x6B656972_0001
_RECORD = ("audit_entries", "audit_places", "audit_seals")
_SAID = (
    "id, type, outcome, user_id, actor_id, session_id, key_id, subject_id, correlation_id,"
    " occurred_at, details, place"
)
"""What the application says in an entry; its number and when it was added are not its to say."""

_FUNCTIONS = ("remove_old_audit_entries(integer)", "forget_audit_places(uuid)")
_TOO_MUCH = text(
    "select rolsuper or exists (select from pg_class c where c.relname = any(:record)"
    " and (pg_has_role(r.oid, c.relowner, 'member')"
    "  or has_table_privilege(r.oid, c.oid, 'update, delete, truncate, trigger')))"
    " from pg_roles r where r.rolname = current_user"
)


def role_of(url: str) -> str:
    """The role that an address of a database comes as."""
    return make_url(asyncpg_url(url)).username or ""


def as_application(url: str) -> str:
    """The built-in database's address for the application instead of the owner."""
    changed = make_url(url).set(username=APPLICATION)
    return changed.render_as_string(hide_password=False)


def statements(role: str) -> list[str]:
    """What the owner says, after each migration, for the application's role."""
    name = _quoted(role)
    record = ", ".join(_RECORD)
    return [
        "revoke create on schema public from public",
        f"grant usage on schema public to {name}",
        f"grant select, insert, update, delete on all tables in schema public to {name}",
        f"grant usage, select on all sequences in schema public to {name}",
        f"revoke insert, update, delete on alembic_version from {name}",
        f"revoke update, delete on {record} from {name}",
        f"revoke insert on audit_entries from {name}",
        f"grant insert ({_SAID}) on audit_entries to {name}",
        f"revoke insert, update on audit_pending from {name}",
        *(f"grant execute on function {function} to {name}" for function in _FUNCTIONS),
    ]


def creation(role: str, password: str | None) -> str:
    """How the role is made."""
    secret = "" if password is None else " password '" + password.replace("'", "''") + "'"
    return (
        f"create role {_quoted(role)} login nosuperuser nocreatedb nocreaterole noinherit{secret}"
    )


async def give_rights(owner_url: str, application_url: str) -> None:
    """Let the application's role do what it needs; makes the role if there is none.

    Raises Unavailable if the owner may not make roles.
    """
    role = role_of(application_url)
    engine = open_engine(owner_url, pool_size=1)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"select pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
            known = text("select exists (select from pg_roles where rolname = :role)")
            if not await connection.scalar(known, {"role": role}):
                await connection.exec_driver_sql(
                    creation(role, make_url(asyncpg_url(application_url)).password)
                )
            for statement in statements(role):
                await connection.exec_driver_sql(statement)
    except ProgrammingError as error:
        reason = str(error.orig).partition("\n")[0]
        raise Unavailable(
            f"The database's owner cannot set up the application's role ({reason}). Have its "
            "superuser run what `./keiko audit role` prints."
        ) from error
    finally:
        await engine.dispose()


async def may_change_record(connection: AsyncConnection) -> bool:
    """Whether this connection could change what is on record, or whose tables they are."""
    return bool(await connection.scalar(_TOO_MUCH, {"record": list(_RECORD)}))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
