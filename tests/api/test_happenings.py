"""What happens to a user is told to that user only: as it happens, after a pause, and later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import update

from app.api import happenings
from app.consumers.relay import relay_events
from app.core.cancel import end
from app.core.clock import new_id, now
from app.core.resources import Resources
from app.events.access import GroupChanged
from app.events.store import record
from app.users.models import Session
from app.users.sessions import end_sessions_of
from tests.api.acting import Following, Person


@pytest.fixture(autouse=True)
async def relaying(resources: Resources) -> AsyncIterator[None]:
    running = asyncio.create_task(relay_events(resources, ()))
    yield
    await end(running)


@asynccontextmanager
async def following(
    person: Person, query: str = "", last_event_id: str | None = None
) -> AsyncIterator[Following]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with person.http.stream("GET", f"/api/v1/events{query}", headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Following(response)


async def test_an_event_is_told_as_it_happens_and_to_its_user_only(
    ada: Person, bob: Person
) -> None:
    async with following(ada, "?type=task.created") as hers, following(bob) as his:
        said = await ada.say("A secret")
        event = await hers.next()
        assert (event.name, event.data["subject_id"]) == ("task.created", said["task_id"])
        assert event.id == event.data["id"]
        own = await bob.say("Mine")
        while (event := await his.next()).name != "task.created":
            assert event.data["user_id"] == str(bob.user_id)
        assert event.data["subject_id"] == own["task_id"]


async def test_who_comes_back_is_told_what_was_missed(ada: Person) -> None:
    async with following(ada, "?type=task.created") as stream:
        await ada.say("one")
        last = (await stream.next()).id
    missed = [(await ada.say(text))["task_id"] for text in ("two", "three")]
    async with following(ada, "?type=task.created", last) as stream:
        assert [(await stream.next()).data["subject_id"] for _ in missed] == missed
        later = (await ada.say("four"))["task_id"]
        assert (await stream.next()).data["subject_id"] == later


async def test_what_the_channel_dropped_is_read_from_the_rows(
    ada: Person, resources: Resources
) -> None:
    async with following(ada, "?type=task.created") as stream:
        first = await ada.say("one")
        assert (await stream.next()).data["subject_id"] == first["task_id"]
        await resources.redis.client_kill_filter(_type="pubsub", skipme=True)
        second = await ada.say("two")
        assert (await stream.next()).data["subject_id"] == second["task_id"]


async def test_the_stream_ends_with_the_session(ada: Person, resources: Resources) -> None:
    async with following(ada) as stream:
        async with resources.db.transaction() as session:
            await end_sessions_of(session, resources, ada.user_id)
        await stream.rest()


async def test_history_is_paged_and_can_be_narrowed(ada: Person, bob: Person) -> None:
    ids = [(await ada.say(f"number {n}"))["task_id"] for n in range(5)]
    await bob.say("Mine")
    seen, cursor = [], ""
    while True:
        page = await ada.done("GET", f"/events/history?type=task.created&limit=2{cursor}")
        seen += [event["subject_id"] for event in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&after={page['next_cursor']}"
    assert seen == ids[::-1]
    everything = (await ada.done("GET", "/events/history"))["items"]
    assert {event["user_id"] for event in everything} == {str(ada.user_id)}
    assert all(UUID(event["id"]) for event in everything)


@pytest.mark.parametrize("query", ["type=Task", "type=task.", "after=x"])
async def test_what_makes_no_sense_names_its_field(ada: Person, query: str) -> None:
    status, error = await ada.refused("GET", f"/events/history?{query}")
    assert (status, error["field"]) == (422, query.partition("=")[0])


@pytest.mark.asvs("7.3.2")
async def test_a_busy_stream_ends_when_its_session_has_run_out(
    ada: Person, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(happenings, "LOOK_SECONDS", 0.0)
    async with following(ada, "?type=group.changed") as stream:
        async with resources.db.transaction() as session:
            await session.execute(update(Session).values(expires_at=now()))
            record(session, GroupChanged(user_id=ada.user_id, group_id=new_id(), name="x",
                                         change="members"))  # fmt: skip
        assert await stream.rest() == []


async def test_a_stream_that_begins_while_its_session_ends_is_over_at_once(
    ada: Person, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(happenings, "QUIET", 1000.0)
    await ada.done("GET", "/me")  # from here on a copy says for a while that the session is alive
    async with resources.db.transaction() as session:
        await session.execute(update(Session).values(ended_at=now()))
    async with following(ada) as stream:
        assert await stream.rest() == []
