"""A task's row beside the fold of its events."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_DIFFERENT = text("set local timezone to 'UTC'")
_FOLDED = text(
    """
    select t.id, to_jsonb(t) - '{lease_until,version}'::text[] || '{"name": null,
           "description": null, "parameters": null, "labels": null, "details": null}' as row,
           (select jsonb_object_agg(c.key, c.value) from (
                select distinct on (e.key) e.key, e.value
                from events, jsonb_each(payload -> 'changes') e
                where subject_id = t.id and source = 'tasks' and type like 'task.%'
                order by e.key, (payload ->> 'version')::int desc) c) as folded,
           (select count(*) from events where subject_id = t.id and type like 'task.%') as events,
           t.version + 1 as changes,
           (select count(*) from events where subject_id = t.id
                and type in ('task.completed', 'task.failed', 'task.cancelled', 'task.timed_out'))
               as ends
    from tasks t
    """
)


async def differing_tasks(session: AsyncSession) -> list[dict[str, Any]]:
    """The tasks whose row is not what their events add up to."""
    await session.execute(_DIFFERENT)
    rows = (await session.execute(_FOLDED)).mappings().all()
    return [dict(r) for r in rows if r["row"] != r["folded"] or r["events"] != r["changes"]]
