"""Keeps the record: who came in or was refused, what was done for whom, what was changed."""

from collections.abc import Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.events.envelope import Envelope
from app.events.patterns import matches

ON_RECORD = (
    "user.*",
    "session.*",
    "task.created",
    "task.completed",
    "task.failed",
    "task.cancelled",
    "task.timed_out",
    "task.removed",
    "question.*",
    "tool.*",
    "mcp.*",
    "connected_app.*",
    "schedule.*",
    "webhook.*",
    "thread.deleted",
    "access.*",
    "api_key.*",
    "audit.*",
    "group.*",
    "identity.*",
    "settings.*",
    "site.*",
    "tool_rule.*",
)
"""The types of events that are kept."""

_UNKEPT = {"changes"}
"""What people wrote is not for the record: it must stay removable."""

_FAILURES = {"task.failed", "task.timed_out", "user.sign_in_failed", "question.expired"}

_ADD = text("""
with given as materialized (
    select g.*, e.actor, uuid_send(gen_random_uuid()) as salt,
           coalesce(e.actor ->> 'address', '') as address,
           coalesce(e.actor ->> 'agent', '') as agent
    from jsonb_to_recordset(:rows) as g(
        place integer, id uuid, type text, outcome text, user_id uuid, subject_id uuid,
        correlation_id uuid, occurred_at timestamptz, details jsonb)
    left join events e on e.id = g.id
), places as (
    insert into audit_places (entry_id, salt, address, agent)
    select id, salt, address, agent from given where address <> '' or agent <> ''
)
insert into audit_entries (id, type, outcome, user_id, actor_id, session_id, key_id, subject_id,
                           correlation_id, occurred_at, details, place)
select id, type, outcome, user_id, cast(actor ->> 'user_id' as uuid),
       cast(actor ->> 'session_id' as uuid), cast(actor ->> 'key_id' as uuid), subject_id,
       correlation_id, occurred_at, details, case when address <> '' or agent <> '' then
       sha256(salt || convert_to(cast(json_build_array(address, agent) as text), 'UTF8')) end
from given order by place
""").bindparams(bindparam("rows", type_=JSONB))


def is_on_record(event: Envelope) -> bool:
    """Whether an event is kept."""
    return matches(event.type, ON_RECORD)


async def keep(session: AsyncSession, events: Sequence[Envelope]) -> None:
    """Put events on record, in their order."""
    rows = [
        {
            "place": place,
            "id": event.id,
            "type": event.type,
            "outcome": _outcome(event),
            "user_id": event.user_id,
            "subject_id": event.subject_id,
            "correlation_id": event.correlation_id,
            "occurred_at": event.time,
            "details": {k: v for k, v in event.payload.items() if k not in _UNKEPT},
        }
        for place, event in enumerate(events)
    ]
    if rows:
        await session.execute(_ADD, {"rows": rows})


def _outcome(event: Envelope) -> str:
    if event.type == "access.refused":
        return "refused"
    failed = event.type in _FAILURES or event.payload.get("success") is False
    return "failure" if failed else "success"
