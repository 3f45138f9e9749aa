"""/events: everything that happens to a user, as it happens and as it was."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import datetime
from time import monotonic
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import Caller, CallerNow, Storable, may
from app.api.events import EventStream
from app.api.feed import Listener
from app.api.stream import HEARTBEAT, QUIET
from app.core.db import JSON, persist
from app.core.envelope import Success
from app.core.errors import Unauthenticated
from app.events.envelope import Envelope, encode, envelope
from app.events.history import Place, list_events, list_published, place_of
from app.events.patterns import check_pattern, matches
from app.users.permissions import Permission
from app.users.sessions import list_ended

router = APIRouter(prefix="/events", tags=["events"], dependencies=[may(Permission.EVENTS_READ)])

REPLAYED_AT_ONCE = 500

LOOK_SECONDS = 60.0
"""However much happens, so often it is looked whether session or key are over by now."""

ABOUT = """\
Each event has its type as `event` (`task.completed`), its id as `id`, and as `data` the envelope
that `GET /events/history` shows. A comment is sent when nothing happens for 15 seconds. The
stream ends with the session. Who comes back with `Last-Event-ID` is told what was missed, up to
a day; an event may then come twice, with the same id.
"""

Types = Annotated[
    list[Storable] | None,
    Query(alias="type", max_length=20, description="`task.completed`, `task.*` or `*`."),
]


class EventView(BaseModel):
    """Something that happened."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    type: str
    source: str
    time: datetime = Field(validation_alias="occurred_at")
    user_id: UUID | None
    subject_id: UUID | None
    correlation_id: UUID | None
    causation_id: UUID | None
    payload: JSON


class EventPage(BaseModel):
    """One page, latest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[EventView]
    next_cursor: str | None


@router.get("/history", operation_id="list_events")
async def list_own_events(
    caller: CallerNow,
    types: Types = None,
    after: Annotated[
        Storable | None, Query(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Success[EventPage]:
    """What has happened to you, latest first."""
    patterns = _patterns(types)
    async with caller.transaction() as session:
        found, cursor = await list_events(
            session, caller.user_id, patterns=patterns, after=after, limit=limit
        )
    items = [EventView.model_validate(event) for event in found]
    return Success(data=EventPage(items=items, next_cursor=cursor))


@router.get(
    "",
    operation_id="follow_events",
    response_class=Response,
    responses={
        200: {
            "description": ABOUT,
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def follow_events(
    caller: CallerNow,
    types: Types = None,
    last_event_id: Annotated[
        str | None, Header(description="The `id` of the last event that was read.")
    ] = None,
) -> Response:
    """Follow everything that happens to you, in any conversation, task or schedule."""
    patterns = _patterns(types) or ["*"]
    return EventStream(_follow(caller, patterns, _id(last_event_id)))


def _patterns(types: list[str] | None) -> list[str]:
    return [check_pattern(pattern, field="type") for pattern in types or []]


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


async def _follow(caller: Caller, patterns: list[str], last: UUID | None) -> AsyncGenerator[bytes]:
    signed_in = caller.signed_in
    with (
        caller.feed.listening(signed_in.user_id) as listener,
        caller.readers.reading(listener, signed_in.session_id, signed_in.user_id),
        suppress(Unauthenticated),
    ):
        place = await _begin(caller, last)
        must_look, look_at = last is not None, monotonic() + LOOK_SECONDS
        yield HEARTBEAT
        while True:
            events: list[Envelope] = []
            if not must_look:
                events, must_look = await listener.take(QUIET)
            if must_look or monotonic() >= look_at:
                look_at = monotonic() + LOOK_SECONDS
                missed, reached = await _look(caller, place)
                events += missed
                must_look = len(missed) == REPLAYED_AT_ONCE
                place = reached if must_look or not missed else reached.before
            told = _told(listener, events, patterns)
            yield told or HEARTBEAT


def _told(listener: Listener, events: list[Envelope], patterns: list[str]) -> bytes:
    return b"".join(
        f"event: {event.type}\nid: {event.id}\ndata: {encode(event).decode()}\n\n".encode()
        for event in events
        if matches(event.type, patterns) and listener.untold(event)
    )


async def _begin(caller: Caller, last: UUID | None) -> Place:
    async def read(session: AsyncSession) -> Place:
        await _require_alive(session, caller)
        return await place_of(session, caller.user_id, last)

    return await persist(caller.resources.db, read)


async def _look(caller: Caller, place: Place) -> tuple[list[Envelope], Place]:
    """What was published since, as the rows say, and how far that is.

    Raises Unauthenticated once the session is over.
    """

    async def read(session: AsyncSession) -> tuple[list[Envelope], Place]:
        await _require_alive(session, caller)
        rows = await list_published(session, caller.user_id, place, limit=REPLAYED_AT_ONCE)
        reached = place
        if rows and rows[-1].published_at:
            reached = Place(rows[-1].published_at, rows[-1].seq)
        return [envelope(row) for row in rows], reached

    return await persist(caller.resources.db, read)


async def _require_alive(session: AsyncSession, caller: Caller) -> None:
    if await list_ended(session, {caller.signed_in.session_id}):
        raise Unauthenticated("This session is over.")
