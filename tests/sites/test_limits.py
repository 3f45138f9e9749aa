"""How much visitors may do, and what they are told when it was enough."""

from datetime import UTC, datetime
from uuid import uuid4

from app.core.resources import Resources
from app.sites.limits import NEWCOMERS_PER_HOUR, seconds_until_tomorrow
from app.users.models import User
from tests.api.acting import Web, Worker
from tests.sites.acting import HOST, Frame, Shop, open_shop

NOBODY = {"host_origin": HOST, "anonymous": True}


async def test_a_visitor_may_send_so_many_messages_a_day(
    web: Web, resources: Resources, admin: User
) -> None:
    shop = await open_shop(resources, web.url, admin, messages_per_visitor_day=2)
    async with shop.frame() as frame, shop.frame() as other:
        await frame.come_in()
        await other.come_in(await shop.ticket(user={"id": "43"}))
        for left in (1, 0):
            await frame.done("POST", "/messages", {"text": "Hello"})
            found = await frame.done("GET", "/widget/session")
            assert found["site"]["messages_left"] == left
        answer = await frame.ask("POST", "/messages", {"text": "Hello"}, Accept_Language="de")
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert "Morgen geht es weiter." in answer.json()["error"]["message"]
        await other.done("POST", "/messages", {"text": "Hello"})


async def test_a_site_may_answer_so_many_messages_a_day(
    web: Web, resources: Resources, admin: User
) -> None:
    shop = await open_shop(resources, web.url, admin, messages_per_day=2)
    async with shop.frame() as frame, shop.frame() as other:
        await frame.come_in()
        await other.come_in(await shop.ticket(user={"id": "43"}))
        await frame.done("POST", "/messages", {"text": "Hello"})
        await other.done("POST", "/messages", {"text": "Hello"})
        assert (await frame.refused("POST", "/messages", {"text": "Hello"}))[0] == 429
        assert (await other.refused("POST", "/messages", {"text": "Hello"}))[0] == 429


async def test_every_way_to_have_something_done_counts(
    web: Web, resources: Resources, admin: User, worker: Worker
) -> None:
    shop = await open_shop(resources, web.url, admin, messages_per_visitor_day=4)
    async with shop.frame() as frame:
        await frame.come_in()
        said = await frame.done("POST", "/messages", {"text": "Hello"})
        await worker.end(await worker.claim(said["task_id"]))
        thread, message = f"/threads/{said['thread_id']}", f"/messages/{said['message_id']}"
        await frame.done("PUT", message, {"text": "Hello again"})
        await frame.done("POST", "/tasks", {"text": "Look it up"})
        await frame.done("POST", f"{thread}/messages", {"text": "And now?"})
        for method, path in (
            ("POST", "/messages"),
            ("POST", f"{thread}/messages"),
            ("PUT", message),
            ("POST", "/tasks"),
        ):
            status, code = await frame.refused(method, path, {"text": "More"})
            assert (status, code) == (429, "too_many"), path
        assert (await frame.refused("POST", f"/tasks/{said['task_id']}/run-again"))[0] == 429
        assert (await frame.refused("POST", f"/tasks/{said['task_id']}/retry"))[0] == 429


async def test_a_message_sent_once_more_and_one_that_is_refused_cost_nothing(
    web: Web, resources: Resources, admin: User
) -> None:
    shop = await open_shop(resources, web.url, admin, messages_per_visitor_day=1)
    async with shop.frame() as frame:
        await frame.come_in()
        nowhere = f"/threads/{uuid4()}/messages"
        assert (await frame.refused("POST", nowhere, {"text": "Hello"}))[0] == 404
        assert (await frame.refused("POST", "/messages", {"text": "   "}))[0] == 422
        message = {"text": "Hello", "message_id": str(uuid4())}
        assert (await frame.done("POST", "/messages", message))["is_new"]
        assert not (await frame.done("POST", "/messages", message))["is_new"]


async def test_a_deleted_conversation_gives_no_messages_back(
    web: Web, resources: Resources, admin: User
) -> None:
    shop = await open_shop(resources, web.url, admin, messages_per_visitor_day=1)
    async with shop.frame() as frame:
        await frame.come_in()
        said = await frame.done("POST", "/messages", {"text": "Hello"})
        await frame.done("DELETE", f"/threads/{said['thread_id']}")
        assert (await frame.refused("POST", "/messages", {"text": "Hello"}))[0] == 429


async def test_nobody_known_comes_in_only_where_the_site_wants_that(
    frame: Frame, web: Web, resources: Resources, admin: User
) -> None:
    assert await frame.refused("POST", "/widget/session", NOBODY) == (403, "forbidden")
    shop = await open_shop(resources, web.url, admin, name="Open", allows_anonymous=True)
    async with shop.frame() as one, shop.frame() as another:
        first = await one.done("POST", "/widget/session", NOBODY)
        second = await another.done("POST", "/widget/session", NOBODY)
        assert first["user"]["is_anonymous"]
        assert first["user"]["id"] != second["user"]["id"]
        again = await one.done("POST", "/widget/session", NOBODY)
        assert again["user"]["id"] == first["user"]["id"]


async def test_one_address_brings_no_more_than_so_many_new_visitors_an_hour(
    web: Web, resources: Resources, admin: User
) -> None:
    shop = await open_shop(resources, web.url, admin, allows_anonymous=True)
    for _ in range(NEWCOMERS_PER_HOUR):
        async with shop.frame() as frame:
            await frame.done("POST", "/widget/session", NOBODY)
    async with shop.frame() as frame:
        assert await frame.refused("POST", "/widget/session", NOBODY) == (429, "too_many")
        await frame.come_in()  # whom the shop vouches for comes in all the same


async def test_tickets_have_a_limit_per_minute(shop: Shop, resources: Resources) -> None:
    most = resources.settings.rate_limits.tickets
    key = f"rate_limit:{shop.key}:tickets"
    await resources.redis.set(key, most, ex=60)
    answer = await shop.ask_for_ticket()
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_days_are_counted_anew_at_midnight() -> None:
    assert seconds_until_tomorrow(datetime(2026, 11, 23, 23, 59, 30, tzinfo=UTC)) == 30
    assert seconds_until_tomorrow(datetime(2026, 11, 23, tzinfo=UTC)) == 86_400
