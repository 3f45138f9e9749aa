"""What the stream lost is published again; what was handled, or still waits there, is not."""

from datetime import timedelta

import asyncpg
import pytest

from app.consumers.runtime import each
from app.core.redis import EVENTS
from app.core.resources import Resources
from app.events import sweeper
from app.events.relay import leading
from app.events.sweeper import reopen_lost
from tests.consumers.acting import consume, created, happen, relay, rows
from tests.consumers.test_runtime import Notes


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "GRACE", timedelta(0))


async def sweep(resources: Resources, *consumers: str) -> int:
    async with leading(resources.db) as connection:
        return await reopen_lost(connection, resources.redis, consumers)


async def test_a_flushed_stream_is_filled_again(resources: Resources) -> None:
    notes = Notes()
    ids = await happen(resources, created("a"), created("b"))
    await relay(resources)
    await resources.redis.flushall()
    assert await sweep(resources, "notes") == 2
    await consume(resources, "notes", each(notes.handle))
    assert notes.ids == ids
    assert await sweep(resources, "notes") == 0


async def test_what_was_handled_is_not_published_again(resources: Resources) -> None:
    await happen(resources, created())
    await consume(resources, "notes", each(Notes().handle))
    await resources.redis.flushall()
    assert await sweep(resources, "notes") == 0


async def test_what_waits_in_the_stream_is_not_published_again(resources: Resources) -> None:
    """A consumer that is slow, or away, is no loss."""
    await happen(resources, created("a"))
    await consume(resources, "notes", each(Notes().handle))
    await happen(resources, created("b"))
    await relay(resources)
    assert await sweep(resources, "notes", "never started") == 0
    await resources.redis.xreadgroup("notes", "slow", {EVENTS: ">"})
    assert await sweep(resources, "notes") == 0


async def test_one_consumer_of_several_is_enough_to_publish_again(resources: Resources) -> None:
    first, second = Notes(), Notes()
    ids = await happen(resources, created())
    await consume(resources, "first", each(first.handle))
    await resources.redis.flushall()
    assert await sweep(resources, "first", "second") == 1
    await consume(resources, "first", each(first.handle))
    await consume(resources, "second", each(second.handle))
    assert first.ids == second.ids == ids


async def test_the_mark_moves_over_all_that_was_looked_at(resources: Resources) -> None:
    await happen(resources, created())
    await consume(resources, "notes", each(Notes().handle))
    await sweep(resources, "notes")
    [behind] = await rows(
        resources,
        "select count(*) from events e, event_sweeps s"
        " where (e.published_at, e.seq) > (s.published_at, s.seq)",
    )
    assert behind == 0


async def test_a_sweep_reads_no_more_than_what_came_after_its_mark(owner_url: str) -> None:
    """A plan that walks over all events is a second of work per second, some day."""
    connection = await asyncpg.connect(owner_url.replace("+asyncpg", ""))
    try:
        await connection.execute("alter table events disable trigger all")
        await connection.execute(
            "insert into events (id, type, source, payload, occurred_at, published_at)"
            " select gen_random_uuid(), 'a.b', 'a', '{}', now(), now() - n * interval '1 second'"
            " from generate_series(1, 20000) n"
        )
        await connection.execute("analyze events")
        plan = await connection.fetch(
            "explain (analyze, format text) "
            + sweeper._PUBLISHED.replace("$1", "now()")
            .replace("$2", "0")
            .replace("$3", "now()")
            .replace("$4", "2000")
        )
    finally:
        await connection.close()
    said = "\n".join(line[0] for line in plan)
    assert "ix_events_published" in said and "Rows Removed" not in said, said
