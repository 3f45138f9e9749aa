"""What is past its time is removed, and nothing else."""

from app.core.resources import Resources
from app.jobs.housekeeping import remove_old_rows
from tests.consumers.acting import created, happen, relay, rows


async def test_events_and_inbox_rows_are_kept_for_their_time(resources: Resources) -> None:
    old, young = await happen(resources, created("old"), created("young"))
    await relay(resources)
    unpublished = await happen(resources, created("late"))
    await rows(
        resources,
        "update events set published_at = now() - interval '91 days' where id = :id returning id",
        id=old,
    )
    await rows(
        resources,
        "insert into inbox (consumer, event_id, handled_at) values"
        " ('a', :old, now() - interval '73 hours'), ('a', :young, now() - interval '71 hours')"
        " returning event_id",
        old=old,
        young=young,
    )
    await remove_old_rows({"resources": resources})
    assert await rows(resources, "select id from events order by seq") == [young, *unpublished]
    assert await rows(resources, "select event_id from inbox") == [young]
