"""/notifications: the inbox, the wishes and the ways, as a program sees them."""

from typing import Any

import pytest

from app.core.clock import new_id
from app.core.resources import Resources
from app.notifications.models import Kind, Notification
from app.notifications.service import News, notify
from tests.api.acting import Person
from tests.fakes.receivers import BrowserKeys

WISHES: dict[str, Any] = {
    "channels": {"task_done": ["page", "email"], "question": ["push"], "digest": ["email"]},
    "only_when_away": True,
    "quiet_from": "22:00",
    "quiet_until": "07:30",
    "digest_at": "08:00",
    "email": "ada@example.org",
    "webhook_url": "https://example.org/hook",
    "time_zone": "Europe/Berlin",
}


async def tell(resources: Resources, person: Person, title: str) -> Notification:
    news = News(user_id=person.user_id, kind=Kind.TASK_DONE, event_id=new_id(), title=title)
    async with resources.db.transaction() as session:
        told = await notify(session, resources, news)
    assert told is not None
    return told


async def told(resources: Resources, person: Person) -> dict[str, str]:
    """Ids of a notification, of a browser and of a delivery that are this person's."""
    notification = await tell(resources, person, "A secret")
    await person.done("PUT", "/notifications/settings", WISHES)
    (delivery,) = await person.done("POST", "/notifications/test", {"channel": "email"})
    browser = await person.done("POST", "/notifications/push", subscription())
    return {
        "notification_id": str(notification.id),
        "delivery_id": delivery["id"],
        "subscription_id": browser["id"],
    }


def subscription(endpoint: str = "https://push.example.org/a") -> dict[str, Any]:
    keys = BrowserKeys()
    return {"endpoint": endpoint, "keys": {"p256dh": keys.p256dh, "auth": keys.auth}}


async def test_the_inbox_is_paged_from_the_latest_on_and_counts_what_is_unread(
    resources: Resources, ada: Person, bob: Person
) -> None:
    for n in range(5):
        await tell(resources, ada, f"Paper {n}")
    first = await ada.done("GET", "/notifications?limit=3")
    assert [item["title"] for item in first["items"]] == ["Paper 4", "Paper 3", "Paper 2"]
    assert (first["items"][0]["headline"], first["unread"]) == ("Done: Paper 4", 5)
    rest = await ada.done("GET", f"/notifications?limit=3&after={first['next_cursor']}")
    assert [item["title"] for item in rest["items"]] == ["Paper 1", "Paper 0"]
    assert rest["next_cursor"] is None
    assert (await bob.done("GET", "/notifications"))["items"] == []


async def test_what_was_read_can_be_told_from_what_was_not(
    resources: Resources, ada: Person
) -> None:
    notification = await tell(resources, ada, "Paper")
    await tell(resources, ada, "Other")
    read = await ada.done("POST", f"/notifications/{notification.id}/read")
    assert read["read_at"]
    unread = await ada.done("GET", "/notifications?unread=true")
    assert [item["title"] for item in unread["items"]] == ["Other"]
    done = await ada.done("GET", "/notifications?unread=false")
    assert [item["title"] for item in done["items"]] == ["Paper"]


async def test_reading_all_can_be_taken_back(resources: Resources, ada: Person) -> None:
    ids = {str((await tell(resources, ada, f"Paper {n}")).id) for n in range(3)}
    marked = await ada.done("POST", "/notifications/read", {})
    assert (set(marked["ids"]), marked["unread"]) == (ids, 0)
    undone = await ada.done("POST", "/notifications/unread", {"ids": marked["ids"]})
    assert undone["unread"] == 3
    assert (await ada.done("GET", "/notifications/unread")) == {"unread": 3}


async def test_a_notification_can_be_removed(resources: Resources, ada: Person) -> None:
    notification = await tell(resources, ada, "Paper")
    await ada.done("DELETE", f"/notifications/{notification.id}")
    assert (await ada.done("GET", "/notifications"))["items"] == []
    assert (await ada.refused("DELETE", f"/notifications/{notification.id}"))[0] == 404


async def test_wishes_are_kept_as_they_were_said(ada: Person) -> None:
    usual = await ada.done("GET", "/notifications/settings")
    assert "push" in usual["channels"]["question"] and usual["can_email"] is False
    await ada.done("PUT", "/notifications/settings", WISHES)
    kept = await ada.done("GET", "/notifications/settings")
    silent = ("task_failed", "question_expired", "schedule_missed")
    empty: dict[str, list[str]] = {kind: [] for kind in silent}
    wanted = WISHES | {"channels": WISHES["channels"] | empty, "can_email": False}
    wanted["channels"]["task_done"] = ["email", "page"]
    assert kept == wanted


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channels": {"gossip": ["page"]}}, "channels"),
        ({"channels": {"question": ["pigeon"]}}, "channels.question.0"),
        ({"quiet_from": "25:00"}, "quiet_from"),
        ({"quiet_until": None}, "quiet_until"),
        ({"digest_at": "8"}, "digest_at"),
        ({"email": "nobody"}, "email"),
        ({"webhook_url": "http://127.0.0.1/"}, "webhook_url"),
        ({"webhook_url": "http://[::ffff:10.0.0.1]/"}, "webhook_url"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"gossip": True}, "gossip"),
    ],
)
async def test_a_wish_that_cannot_be_is_refused_and_nothing_is_stored(
    ada: Person, change: dict[str, Any], field: str
) -> None:
    before = await ada.done("GET", "/notifications/settings")
    status, error = await ada.refused("PUT", "/notifications/settings", WISHES | change)
    assert status == 422
    assert error["field"].startswith(field)
    assert await ada.done("GET", "/notifications/settings") == before


async def test_a_browser_subscribes_once_and_belongs_to_who_said_so_last(
    ada: Person, bob: Person
) -> None:
    push = await ada.done("GET", "/notifications/push")
    assert len(push["public_key"]) == 87 and push["subscriptions"] == []
    body = subscription()
    for _ in range(2):
        await ada.done("POST", "/notifications/push", body)
    (kept,) = (await ada.done("GET", "/notifications/push"))["subscriptions"]
    assert kept["endpoint"] == body["endpoint"]
    await bob.done("POST", "/notifications/push", body)
    assert (await ada.done("GET", "/notifications/push"))["subscriptions"] == []
    (kept,) = (await bob.done("GET", "/notifications/push"))["subscriptions"]
    await bob.done("DELETE", f"/notifications/push/{kept['id']}")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": "http://10.0.0.1/push"}, "endpoint"),
        ({"keys": {"p256dh": "AAAA", "auth": "MDEyMzQ1Njc4OWFiY2RlZg"}}, "p256dh"),
        ({"keys": subscription()["keys"] | {"auth": "AAAA"}}, "auth"),
    ],
)
async def test_a_subscription_that_cannot_be_names_what_is_wrong(
    ada: Person, change: dict[str, Any], field: str
) -> None:
    status, error = await ada.refused("POST", "/notifications/push", subscription() | change)
    assert (status, error["field"]) == (422, field)


async def test_a_way_is_tried_only_where_there_is_an_address(ada: Person) -> None:
    status, error = await ada.refused("POST", "/notifications/test", {"channel": "webhook"})
    assert (status, error["field"]) == (422, "channel")
    await ada.done("PUT", "/notifications/settings", WISHES)
    (sent,) = await ada.done("POST", "/notifications/test", {"channel": "webhook"})
    found = await ada.done("GET", f"/notifications/deliveries/{sent['id']}")
    assert (found["channel"], found["state"]) == ("webhook", "pending")
    assert (await ada.done("GET", "/notifications"))["items"] == []
