"""Looks things up in the record: page by page for people, all of it for an export."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.audit.models import AuditEntry, AuditPlace
from app.core.db import JSON, Database
from app.core.errors import Invalid
from app.users.models import User

OUTCOMES = ("success", "failure", "refused")

_AT_ONCE = 500
_Whom, _Actor = aliased(User), aliased(User)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which entries somebody looks for; what is not given does not matter."""

    who: UUID | None = None
    """Whom they concern, or who did it."""
    types: Sequence[str] = ()
    """Patterns: `tool.executed`, `tool.*` or `*`."""
    subject_id: UUID | None = None
    outcome: str | None = None
    address: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An entry, with the names of those who are in it and the place that it came from."""

    id: UUID
    seq: int
    type: str
    outcome: str
    user_id: UUID | None
    username: str | None
    actor_id: UUID | None
    actor: str | None
    session_id: UUID | None
    key_id: UUID | None
    subject_id: UUID | None
    correlation_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    address: str | None
    agent: str | None
    details: JSON


async def search(
    session: AsyncSession, wanted: Wanted, *, after: str | None, limit: int
) -> tuple[list[Found], str | None]:
    """Entries, latest first, and the cursor of the next page."""
    query = _query(wanted).order_by(AuditEntry.seq.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(AuditEntry.seq < _cursor(after))
    found = [_found(row) for row in await session.execute(query)]
    more = len(found) > limit
    return found[:limit], str(found[limit - 1].seq) if more else None


async def search_own(
    session: AsyncSession, user_id: UUID, wanted: Wanted, *, after: str | None, limit: int
) -> tuple[list[Found], str | None]:
    """The same for a user's own entries; from where others acted is not theirs to know."""
    own = replace(wanted, who=user_id)
    found, cursor = await search(session, own, after=after, limit=limit)
    return [_veiled(each, user_id) for each in found], cursor


async def read_all(db: Database, wanted: Wanted) -> AsyncIterator[Found]:
    """Every entry that is wanted, oldest first, in bounded memory."""
    last = -1
    while True:
        query = _query(wanted).where(AuditEntry.seq > last)
        async with db.transaction() as session:
            rows = await session.execute(query.order_by(AuditEntry.seq).limit(_AT_ONCE))
            found = [_found(row) for row in rows]
        for each in found:
            yield each
        if len(found) < _AT_ONCE:
            return
        last = found[-1].seq


def _query(wanted: Wanted) -> Select[AuditEntry, AuditPlace, str, str]:
    query = (
        select(AuditEntry, AuditPlace, _Whom.username, _Actor.username)
        .outerjoin(AuditPlace, AuditPlace.entry_id == AuditEntry.id)
        .outerjoin(_Whom, _Whom.id == AuditEntry.user_id)
        .outerjoin(_Actor, _Actor.id == AuditEntry.actor_id)
    )
    if wanted.who is not None:
        is_in_it = (AuditEntry.user_id == wanted.who, AuditEntry.actor_id == wanted.who)
        query = query.where(or_(*is_in_it))
    if wanted.types:
        query = query.where(or_(*map(_covers, wanted.types)))
    if wanted.subject_id is not None:
        query = query.where(AuditEntry.subject_id == wanted.subject_id)
    if wanted.outcome is not None:
        query = query.where(AuditEntry.outcome == wanted.outcome)
    if wanted.address is not None:
        query = query.where(AuditPlace.address == wanted.address)
    if wanted.since is not None:
        query = query.where(AuditEntry.occurred_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.occurred_at < wanted.until)
    return query


def _covers(pattern: str) -> ColumnElement[bool]:
    if pattern == "*":
        return AuditEntry.type.is_not(None)
    if pattern.endswith(".*"):
        return AuditEntry.type.startswith(pattern[:-1], autoescape=True)
    return AuditEntry.type == pattern


def _cursor(after: str) -> int:
    if not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise Invalid("This is not a cursor of a page before.", field="after")
    return int(after)


def _found(row: Row[AuditEntry, AuditPlace, str, str]) -> Found:
    entry, username, actor = row[0], row[2], row[3]
    place: AuditPlace | None = row[1]
    own = ("id", "seq", "type", "outcome", "user_id", "actor_id", "session_id", "key_id",
           "subject_id", "correlation_id", "occurred_at", "recorded_at", "details")  # fmt: skip
    return Found(
        **{name: getattr(entry, name) for name in own},
        username=username,
        actor=actor,
        address=place.address if place else None,
        agent=place.agent if place else None,
    )


def _veiled(found: Found, user_id: UUID) -> Found:
    if found.actor_id in (None, user_id):
        return found
    return replace(found, address=None, agent=None, session_id=None, key_id=None)
