"""A consumer handles every event once, whatever is delivered how often, and loses none."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.consumers import runtime
from app.consumers.runtime import MOST_DELIVERIES, Consumer, each
from app.core.cancel import end
from app.core.redis import EVENTS
from app.core.resources import Resources
from app.events.envelope import Envelope
from app.events.inbox import list_dead_letters, replay_dead_letters
from tests.consumers.acting import consume, created, happen, relay, rows

INBOX = "select event_id from inbox where consumer = 'notes' order by event_id"


class Notes:
    """A handler that remembers what it was given; refuses names that it dislikes."""

    def __init__(self, *disliked: str) -> None:
        self.ids: list[UUID] = []
        self.disliked = set(disliked)

    async def handle(self, _: Resources, session: AsyncSession, event: Envelope) -> None:
        if event.payload["username"] in self.disliked:
            raise ValueError("I do not like it.")
        session.info.setdefault("seen", []).append(event.id)
        self.ids.append(event.id)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "RETRY_SECONDS", 0.0)


async def test_every_event_is_handled_once_in_order(resources: Resources) -> None:
    notes = Notes()
    ids = await happen(resources, *[created(f"user{n}") for n in range(300)])
    await consume(resources, "notes", each(notes.handle))
    assert notes.ids == ids
    assert await rows(resources, INBOX) == sorted(ids)


async def test_what_is_delivered_twice_has_its_effect_once(resources: Resources) -> None:
    notes = Notes()
    ids = await happen(resources, created())
    await relay(resources)
    await rows(resources, "update events set published_at = null returning id")
    await consume(resources, "notes", each(notes.handle))
    assert await resources.redis.xlen(EVENTS) == 2
    assert notes.ids == ids


async def test_a_group_made_late_reads_from_the_beginning(resources: Resources) -> None:
    first, second = Notes(), Notes()
    ids = await happen(resources, created("a"), created("b"))
    await consume(resources, "notes", each(first.handle))
    await consume(resources, "others", each(second.handle))
    assert first.ids == second.ids == ids


async def test_a_bad_event_harms_nobody_else_and_becomes_a_dead_letter(
    resources: Resources,
) -> None:
    notes = Notes("bad")
    good, bad, late = await happen(resources, created("good"), created("bad"), created("late"))
    consumer = await consume(resources, "notes", each(notes.handle))
    assert set(notes.ids) >= {good, late}
    for _ in range(MOST_DELIVERIES):
        await consumer.retry()
    assert await rows(resources, INBOX) == sorted([good, bad, late])
    [error] = await rows(resources, "select error from dead_letters where event_id = :id", id=bad)
    assert error == "ValueError: I do not like it."
    assert (await resources.redis.xpending(EVENTS, "notes"))["pending"] == 0


async def test_a_failure_that_passes_is_no_dead_letter(resources: Resources) -> None:
    notes = Notes("bad")
    [bad] = await happen(resources, created("bad"))
    consumer = await consume(resources, "notes", each(notes.handle))
    notes.disliked.clear()
    await consumer.retry()
    assert notes.ids == [bad]
    assert await rows(resources, "select id from dead_letters") == []


async def test_a_failed_effect_leaves_no_inbox_row(resources: Resources) -> None:
    await happen(resources, created("bad"))
    await consume(resources, "notes", each(Notes("bad").handle))
    assert await rows(resources, INBOX) == []


async def test_what_a_dead_predecessor_was_given_is_taken_back(resources: Resources) -> None:
    notes = Notes()
    ids = await happen(resources, created("a"), created("b"))
    await relay(resources)
    await resources.redis.xgroup_create(EVENTS, "notes", id="0", mkstream=True)
    await resources.redis.xreadgroup("notes", "dead", {EVENTS: ">"}, count=10)
    await consume(resources, "notes", each(notes.handle))
    assert notes.ids == ids


async def test_an_entry_that_cannot_be_read_is_passed_over(resources: Resources) -> None:
    notes = Notes()
    await resources.redis.xadd(EVENTS, {"e": b"{nonsense"})
    await resources.redis.xadd(EVENTS, {"other": b"field"})
    ids = await happen(resources, created())
    await consume(resources, "notes", each(notes.handle))
    assert notes.ids == ids


async def test_a_consumer_makes_its_group_anew_after_a_flush(resources: Resources) -> None:
    handled = asyncio.Event()

    async def handle(_: Resources, __: AsyncSession, events: Sequence[Envelope]) -> None:
        if len(events):
            handled.set()

    running = asyncio.create_task(Consumer(resources, "notes", handle).run())
    async with asyncio.timeout(20):
        for _ in range(2):
            handled.clear()
            await happen(resources, created())
            await relay(resources)
            await handled.wait()
            await resources.redis.flushall()
    await end(running)


async def test_a_dead_letter_that_is_replayed_has_its_effect_once(resources: Resources) -> None:
    notes, others = Notes("bad"), Notes()
    [bad] = await happen(resources, created("bad"))
    consumer = await consume(resources, "notes", each(notes.handle))
    await consume(resources, "others", each(others.handle))
    for _ in range(MOST_DELIVERIES):
        await consumer.retry()
    notes.disliked.clear()
    async with resources.db.transaction() as session:
        [(letter, type)] = await list_dead_letters(session, limit=10)
        assert (letter.consumer, letter.event_id, type) == ("notes", bad, "user.created")
        assert await replay_dead_letters(session, None) == 1
    await consume(resources, "notes", each(notes.handle))
    await consume(resources, "others", each(others.handle))
    assert notes.ids == others.ids == [bad]
    async with resources.db.transaction() as session:
        assert await replay_dead_letters(session, None) == 0


async def test_members_that_are_long_gone_are_forgotten_unless_they_owe_something(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    await happen(resources, created())
    await relay(resources)
    await resources.redis.xgroup_create(EVENTS, "notes", id="0", mkstream=True)
    await resources.redis.xgroup_createconsumer(EVENTS, "notes", "gone")
    await resources.redis.xreadgroup("notes", "owes", {EVENTS: ">"}, count=10)
    monkeypatch.setattr(runtime, "DEAD_SECONDS", -1.0)
    await Consumer(resources, "notes", each(Notes().handle)).forget_dead()
    members = await resources.redis.xinfo_consumers(EVENTS, "notes")
    assert [member["name"] for member in members] == [b"owes"]
