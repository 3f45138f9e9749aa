"""What is on record is found again, and taken elsewhere as JSON Lines or OCSF."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.audit.export import Format, export
from app.audit.search import Found, Wanted, search, search_own
from app.core.actor import Actor, acting
from app.core.clock import new_id, now
from app.core.resources import Resources
from app.events.access import (
    AccessRefused,
    GroupChanged,
    SessionEnded,
    SignInFailed,
    SiteChanged,
    SiteCreated,
    SiteRevoked,
    UserCreated,
    UserSignedIn,
)
from app.events.event import Event
from app.events.types import McpServerChanged, ToolExecuted, WebhookChanged
from tests.audit.acting import keep
from tests.consumers.acting import happen
from tests.factories import MakeUser


async def look(resources: Resources, **wanted: Any) -> list[Found]:
    async with resources.db.transaction() as session:
        return (await search(session, Wanted(**wanted), after=None, limit=50))[0]


async def test_entries_are_found_by_everything_that_one_may_know(
    resources: Resources, make_user: MakeUser
) -> None:
    ada, root = await make_user("ada"), await make_user("root")
    tool = ToolExecuted(user_id=ada.id, task_id=new_id(), server="s", tool="t", milliseconds=1,
                        success=False)  # fmt: skip
    with acting(Actor(user_id=root.id, address="192.0.2.9")):
        changed = GroupChanged(user_id=ada.id, subject_id=uuid4(), group_id=uuid4(), name="g",
                               change="created")  # fmt: skip
    begun = now()
    later = UserCreated(user_id=uuid4(), username="bob", role="user",
                        occurred_at=begun + timedelta(hours=1))  # fmt: skip
    await happen(resources, tool, changed, later)
    await keep(resources)

    async def ids(**wanted: Any) -> list[object]:
        return [each.id for each in await look(resources, **wanted)]

    everything = await ids(types=["*"])
    assert everything[:3] == [later.event_id, changed.event_id, tool.event_id]
    assert (await ids(who=ada.id))[:2] == [changed.event_id, tool.event_id]
    assert await ids(who=root.id, types=["group.*"]) == [changed.event_id]
    assert (await ids(types=["tool.*", "user.created"]))[:2] == [later.event_id, tool.event_id]
    assert await ids(subject_id=changed.subject_id) == [changed.event_id]
    assert await ids(outcome="failure") == [tool.event_id]
    assert await ids(address="192.0.2.9") == [changed.event_id]
    assert await ids(since=begun + timedelta(minutes=1)) == [later.event_id]
    assert await ids(until=begun + timedelta(minutes=1)) == everything[1:]
    (entry,) = await look(resources, who=root.id, types=["group.*"])
    assert (entry.username, entry.actor) == ("ada", "root")


async def test_pages_follow_each_other_without_gap_and_repeat(resources: Resources) -> None:
    events = [UserCreated(user_id=uuid4(), username=f"u{n}", role="user") for n in range(7)]
    await happen(resources, *events)
    await keep(resources)
    seen, after = [], None
    while True:
        async with resources.db.transaction() as session:
            page, after = await search(session, Wanted(), after=after, limit=3)
        seen += [each.id for each in page]
        if after is None:
            break
    assert seen == [event.event_id for event in reversed(events)]


@pytest.mark.asvs("8.2.2")
async def test_a_user_sees_their_own_entries_and_not_from_where_others_acted(
    resources: Resources, make_user: MakeUser
) -> None:
    ada, root = await make_user("ada"), await make_user("root")
    with acting(Actor(user_id=root.id, session_id=uuid4(), address="192.0.2.9", agent="x")):
        by_root = GroupChanged(user_id=ada.id, group_id=uuid4(), name="g", change="created")
    with acting(Actor(user_id=ada.id, address="192.0.2.7", agent="y")):
        by_ada = GroupChanged(user_id=ada.id, group_id=uuid4(), name="h", change="created")
    others = GroupChanged(user_id=root.id, group_id=uuid4(), name="i", change="created")
    await happen(resources, by_root, by_ada, others)
    await keep(resources)
    async with resources.db.transaction() as session:
        wanted = Wanted(who=root.id, types=["group.*"])
        found, _ = await search_own(session, ada.id, wanted, after=None, limit=50)
    assert [(each.id, each.address, each.session_id) for each in found] == [
        (by_ada.event_id, "192.0.2.7", None),
        (by_root.event_id, None, None),
    ]


REQUIRED = {
    3001: {"user"},
    3002: {"user", "service"},
    3004: {"entity"},
    6003: {"actor", "api", "src_endpoint"},
}
"""Required beside those of every event: OCSF 1.3, `events/iam` and `events/application`."""

EVERY = {
    "activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid",
}  # fmt: skip


def happenings() -> list[tuple[Event, int, int]]:
    """Events, with the class and activity that OCSF has for them."""
    who, what = uuid4(), uuid4()
    return [
        (UserSignedIn(user_id=who, session_id=what), 3002, 1),
        (SignInFailed(way="pwd", reason="wrong_password", account="f00"), 3002, 1),
        (SessionEnded(user_id=who, session_id=what), 3002, 2),
        (UserCreated(user_id=who, username="ada", role="user"), 3001, 1),
        (GroupChanged(user_id=who, group_id=what, name="g", change="created"), 3004, 1),
        (GroupChanged(user_id=who, group_id=what, name="g", change="members"), 3004, 3),
        (WebhookChanged(user_id=who, webhook_id=what, change="removed"), 3004, 4),
        (SiteCreated(user_id=who, site_id=what, name="s"), 3004, 1),
        (SiteChanged(user_id=who, site_id=what, name="s", fields=["tools"]), 3004, 3),
        (SiteRevoked(user_id=who, site_id=what, name="s"), 3004, 4),
        (McpServerChanged(user_id=who, server_id=what, name="s", shared=True, fields=[],
                          change="registered"), 3004, 1),
        (ToolExecuted(user_id=who, task_id=what, server="s", tool="t", milliseconds=1,
                      success=True), 6003, 99),
        (AccessRefused(reason="forbidden", what="GET /a"), 6003, 99),
    ]  # fmt: skip


async def test_an_export_in_ocsf_has_what_its_classes_require(resources: Resources) -> None:
    expected = happenings()
    with acting(Actor(address="192.0.2.7", agent="A browser")):
        await happen(resources, *(event for event, _, _ in expected))
    await keep(resources)
    lines = b"".join([piece async for piece in export(resources.db, Wanted(), Format.OCSF)])
    events = [json.loads(line) for line in lines.splitlines()]
    assert [(e["class_uid"], e["activity_id"]) for e in events] == [e[1:] for e in expected]
    for event, (said, kind, activity) in zip(events, expected, strict=True):
        assert set(event) >= EVERY | REQUIRED[kind], said
        assert event["category_uid"] == kind // 1000
        assert event["type_uid"] == kind * 100 + activity
        assert event["metadata"]["version"] == "1.3.0"
        assert {"name", "vendor_name"} <= set(event["metadata"]["product"])
        assert event["metadata"]["uid"] == str(said.event_id)
        assert abs(event["time"] / 1000 - now().timestamp()) < 3600
        assert set(event["actor"]) & {"user", "app_name", "session"}
        assert set(event["src_endpoint"]) & {"ip", "svc_name"}
        for user in filter(None, (event.get("user"), event["actor"].get("user"))):
            assert {"uid", "name"} & set(user)
    assert [e["status_id"] for e in events] == [1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]


async def test_an_export_as_it_is_holds_every_entry_in_its_order(resources: Resources) -> None:
    events = [UserCreated(user_id=uuid4(), username=f"u{n}", role="user") for n in range(1200)]
    for begin in range(0, 1200, 400):
        await happen(resources, *events[begin : begin + 400])
    await keep(resources)
    pieces = [piece async for piece in export(resources.db, Wanted(), Format.JSONL)]
    assert len(pieces) == 3
    lines = [json.loads(line) for line in b"".join(pieces).splitlines()]
    assert {line["id"] for line in lines} == {str(event.event_id) for event in events}
    assert [line["seq"] for line in lines] == sorted(line["seq"] for line in lines)
