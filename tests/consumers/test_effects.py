"""What the record and the counts hold after events, however often these were delivered."""

import pytest
from sqlalchemy.exc import DBAPIError

from app.consumers import CONSUMERS
from app.core.resources import Resources
from app.events.types import ThreadRenamed, ToolExecuted
from tests.consumers.acting import consume, created, happen, rows


async def test_what_matters_is_on_record_once_and_in_order(resources: Resources) -> None:
    kept = [created("a"), created("b")]
    unkept = ThreadRenamed(thread_id=kept[0].event_id)
    await happen(resources, *kept, unkept)
    await consume(resources, "audit", CONSUMERS["audit"].handle)
    await rows(resources, "update events set published_at = null returning id")
    await consume(resources, "audit", CONSUMERS["audit"].handle)
    on_record = await rows(resources, "select id from audit_entries order by seq")
    assert on_record == [event.event_id for event in kept]


@pytest.mark.asvs("16.4.2")
@pytest.mark.parametrize(
    "change",
    [
        "update audit_entries set type = 'x' returning 1",
        "delete from audit_entries returning 1",
        "truncate audit_entries",
    ],
)
async def test_the_record_cannot_be_changed(resources: Resources, change: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        await rows(resources, change)


async def test_events_are_counted_once_and_tools_timed(resources: Resources) -> None:
    tool = ToolExecuted(
        task_id=created().event_id, server="s", tool="t", milliseconds=40, success=True
    )
    await happen(resources, created("a"), created("b"), tool)
    for _ in range(2):
        await consume(resources, "metrics", CONSUMERS["metrics"].handle)
        await rows(resources, "update events set published_at = null returning id")
    counts = await rows(
        resources,
        "select type || ' ' || count || ' ' || milliseconds from event_counts order by type",
    )
    assert counts == ["tool.executed 1 40", "user.created 2 0"]
