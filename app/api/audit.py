"""/audit: what is on record: everything for administrators, one's own for everybody."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from app.api.deps import Body, CallerNow, Storable, may
from app.api.errors import documented
from app.audit.export import Format, export
from app.audit.heads import read_file
from app.audit.sealing import driver_of, last_seal, proving_keys
from app.audit.search import Found, Wanted, search, search_own
from app.audit.verifying import Verifier
from app.core.db import JSON
from app.core.envelope import Success
from app.events.access import OthersDataSeen, RecordExported
from app.events.patterns import check_pattern
from app.events.store import record
from app.users.permissions import Permission
from app.users.service import find_user

router = APIRouter(prefix="/audit", tags=["audit"], responses=documented(403))

SEALS_AT_ONCE = 25
"""What one request verifies: some 50,000 entries, a few seconds."""

_NOBODY = UUID(int=0)

READ = [may(Permission.AUDIT_READ)]


class EntryQuery(BaseModel):
    """Which entries are wanted; what is left out does not matter."""

    model_config = ConfigDict(extra="forbid")

    types: Annotated[
        list[Storable],
        Field(alias="type", max_length=20, description="`tool.executed`, `tool.*` or `*`."),
    ] = []
    subject: Annotated[UUID | None, Field(description="The id of what it is about.")] = None
    outcome: Literal["success", "failure", "refused"] | None = None
    since: AwareDatetime | None = None
    until: Annotated[AwareDatetime | None, Field(description="Not included.")] = None


class WholeQuery(EntryQuery):
    """The same, among the entries of all users."""

    user: Annotated[
        Storable | None,
        Field(max_length=64, description="Name of whom it concerns, or who did it."),
    ] = None
    address: Annotated[Storable | None, Field(max_length=64, description="From where.")] = None


class PageQuery(EntryQuery):
    """One page of one's own entries."""

    after: Annotated[
        Storable | None, Field(max_length=500, description="`next_cursor` of the page before.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class WholePageQuery(PageQuery, WholeQuery):
    """One page of all entries."""


class ExportQuery(WholeQuery):
    """Which entries are taken elsewhere, and how."""

    format: Annotated[
        Format, Field(description="`jsonl`: as they are. `ocsf`: as events of OCSF 1.3.")
    ] = Format.JSONL


class Entry(BaseModel):
    """One thing that somebody may have to answer for."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    type: str
    outcome: str
    user_id: UUID | None = Field(description="Whom it concerns.")
    username: str | None
    actor_id: UUID | None = Field(description="Who did it, as far as that is known.")
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


class EntryPage(BaseModel):
    """One page, latest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[Entry]
    next_cursor: str | None


class SealView(BaseModel):
    """The newest seal, and what waits for the next one."""

    n: int | None
    at: datetime | None
    head: str | None = Field(description="Kept elsewhere, it shows later that nothing is cut off.")
    told: str | None = Field(description="The head in the data folder.")
    waiting: int


class VerifyBody(Body):
    """Where to go on: `until` of the answer before, 0 to begin."""

    after: Annotated[int, Field(ge=0, lt=2**62)] = 0


class FindingView(BaseModel):
    """Something that was done to the record behind Keiko's back."""

    model_config = ConfigDict(from_attributes=True)

    damage: str
    seal: int | None
    entry: UUID | None


class Verified(BaseModel):
    """What was looked at and found. With `done` false, ask again with `after` = `until`."""

    seals: int
    entries: int
    removed: int = Field(description="Entries whose time was over.")
    waiting: int = Field(description="Entries that wait for their seal.")
    until: int
    done: bool
    findings: list[FindingView]
    more: int = Field(description="Findings beyond those that are named.")


@router.get("", operation_id="search_audit", dependencies=READ)
async def read_all(
    caller: CallerNow, query: Annotated[WholePageQuery, Query()]
) -> Success[EntryPage]:
    """The record of all users, latest first. Reading it is on record too."""
    async with caller.transaction() as session:
        wanted = await _wanted(session, query)
        found, cursor = await search(session, wanted, after=query.after, limit=query.limit)
        record(session, OthersDataSeen(user_id=_known(wanted.who), what="the record"))
    return Success(data=_page(found, cursor))


@router.get("/mine", operation_id="list_own_audit", dependencies=[may(Permission.EVENTS_READ)])
async def read_own(caller: CallerNow, query: Annotated[PageQuery, Query()]) -> Success[EntryPage]:
    """What is on record about you, latest first; where others acted from is left out."""
    async with caller.transaction() as session:
        found, cursor = await search_own(
            session, caller.user_id, _plain(query), after=query.after, limit=query.limit
        )
    return Success(data=_page(found, cursor))


@router.get(
    "/export",
    operation_id="export_audit",
    dependencies=READ,
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}}},
)
async def take_elsewhere(
    caller: CallerNow, query: Annotated[ExportQuery, Query()]
) -> StreamingResponse:
    """Entries as JSON Lines, oldest first. That it happened is on record."""
    async with caller.transaction() as session:
        wanted = await _wanted(session, query)
        record(session, RecordExported(user_id=caller.user_id, format=query.format))
    pieces = export(caller.resources.db, wanted, query.format)
    headers = {"Content-Disposition": f'attachment; filename="keiko-audit.{query.format}"'}
    return StreamingResponse(pieces, media_type="application/jsonl", headers=headers)


@router.get("/seal", operation_id="get_audit_seal", dependencies=READ)
async def read_seal(caller: CallerNow) -> Success[SealView]:
    """The newest seal."""
    async with caller.resources.db.engine.connect() as held:
        driver = await driver_of(held)
        seal = await last_seal(driver)
        waiting = await driver.fetchval("select count(*) from audit_pending")
    told = read_file(caller.resources.settings.data)
    return Success(
        data=SealView(
            n=seal.n if seal else None,
            at=seal.at if seal else None,
            head=str(seal.head) if seal else None,
            told=str(told) if told else None,
            waiting=waiting,
        )
    )


@router.post("/verify", operation_id="verify_audit", dependencies=READ)
async def verify(caller: CallerNow, body: VerifyBody) -> Success[Verified]:
    """Look for anything that was changed, removed, moved or added; some seals at once."""
    resources = caller.resources
    told = read_file(resources.settings.data)
    heads = (told,) if told and told.n > body.after else ()
    keys = await proving_keys(resources.db, resources.sealer)
    async with resources.db.engine.connect() as held:
        driver = await driver_of(held)
        async with driver.transaction(isolation="repeatable_read", readonly=True):
            verifier = Verifier(driver, keys, heads=heads)
            done = await verifier.verify(after=body.after, most=SEALS_AT_ONCE)
    report = verifier.report
    counts = {name: getattr(report, name) for name in ("seals", "entries", "removed", "waiting")}
    return Success(
        data=Verified(
            **counts,
            until=verifier.until,
            done=done,
            findings=[FindingView.model_validate(each) for each in report.findings],
            more=report.more,
        )
    )


def _plain(query: EntryQuery) -> Wanted:
    return Wanted(
        types=[check_pattern(each, field="type") for each in query.types],
        subject_id=query.subject,
        outcome=query.outcome,
        since=query.since,
        until=query.until,
    )


async def _wanted(session: AsyncSession, query: WholeQuery) -> Wanted:
    who = None
    if query.user:
        user = await find_user(session, query.user)
        who = user.id if user else _NOBODY
    return Wanted(**{**asdict(_plain(query)), "who": who, "address": query.address})


def _known(who: UUID | None) -> UUID | None:
    return None if who == _NOBODY else who


def _page(found: list[Found], cursor: str | None) -> EntryPage:
    items = [Entry.model_validate(each) for each in found]
    return EntryPage(items=items, next_cursor=cursor)
