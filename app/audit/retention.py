"""Removes entries whose time is over: whole seals, by rules that the database itself keeps.

The seals stay, with the hash of every entry, and the removal is an entry of its own.
"""

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[Any]

_LONG_SECONDS = 3600.0
"""One step takes up to 400,000 entries."""


async def remove_old(connection: "Connection", days: int) -> int:
    """Remove what was sealed more than `days` days ago; returns how many entries."""
    removed = 0
    statement = "select remove_old_audit_entries($1)"
    while done := await connection.fetchval(statement, days, timeout=_LONG_SECONDS):
        removed += done
    return removed


async def forget_places(connection: "Connection", user_id: UUID) -> int:
    """Forget from where a user came, and with which browsers; the entries stay."""
    forgotten: int = await connection.fetchval("select forget_audit_places($1)", user_id)
    return forgotten
