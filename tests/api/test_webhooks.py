"""Webhooks: told once per event, signed, tried again, given up, and nobody else's business."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web as http

from app.consumers import CONSUMERS
from app.consumers.webhook_sender import send_due, send_webhooks
from app.core.cancel import end
from app.core.outbound import open_outbound
from app.core.resources import Resources
from app.core.settings import Settings
from app.webhooks.deliveries import claim_due
from tests.api.acting import Person
from tests.consumers.acting import consume, rows


class Receiver:
    """A program on this machine that is told of events."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.seen: list[tuple[dict[str, str], bytes]] = []

    async def take(self, request: http.Request) -> http.Response:
        self.seen.append((dict(request.headers), await request.read()))
        return http.Response(status=self.status)

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.seen]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    it, app = Receiver(), http.Application()
    app.router.add_post("/hook", it.take)
    runner = http.AppRunner(app)
    await runner.setup()
    await http.TCPSite(runner, "127.0.0.1", 0).start()
    it.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield it
    await runner.cleanup()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"outbound_private": ["127.0.0.1"]})


async def tell(resources: Resources) -> None:
    """Relay, find who wants to be told, and send."""
    await consume(resources, "webhooks", CONSUMERS["webhooks"].handle)
    await hurry(resources)


async def hurry(resources: Resources) -> None:
    """Send what waits, whatever it waits for."""
    await rows(resources, "update webhook_deliveries set due_at = now() returning 1")
    async with open_outbound(resources.settings) as outbound:
        await send_due(resources, outbound)


async def make(person: Person, receiver: Receiver, *events: str) -> dict[str, str]:
    body = {"name": "Mine", "url": receiver.url, "events": list(events) or ["task.created"]}
    made: dict[str, str] = await person.done("POST", "/webhooks", body)
    return made


async def deliveries(person: Person, webhook: dict[str, str]) -> list[dict[str, object]]:
    page = await person.done("GET", f"/webhooks/{webhook['id']}/deliveries")
    items: list[dict[str, object]] = page["items"]
    return items


def signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    signed = f"{headers['x-kei-timestamp']}.{headers['x-kei-delivery-id']}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


async def test_an_event_is_told_once_and_signed(
    ada: Person, bob: Person, receiver: Receiver, resources: Resources
) -> None:
    webhook = await make(ada, receiver)
    said = await ada.say()
    await bob.say("A secret")
    await tell(resources)
    await tell(resources)
    [(headers, body)] = receiver.seen
    assert json.loads(body)["subject_id"] == said["task_id"]
    assert headers["x-kei-event-type"] == "task.created"
    assert headers["x-kei-signature"] == signature(webhook["secret"], headers, body)
    [delivery] = await deliveries(ada, webhook)
    assert (delivery["status"], delivery["id"]) == ("delivered", headers["x-kei-delivery-id"])


async def test_the_secret_is_shown_once_and_both_sign_for_a_day(
    ada: Person, receiver: Receiver, resources: Resources
) -> None:
    webhook = await make(ada, receiver)
    assert "secret" not in await ada.done("GET", f"/webhooks/{webhook['id']}")
    new = await ada.done("POST", f"/webhooks/{webhook['id']}/secret")
    await ada.done("POST", f"/webhooks/{webhook['id']}/test")
    await hurry(resources)
    [(headers, body)] = receiver.seen
    both = [signature(secret, headers, body) for secret in (new["secret"], webhook["secret"])]
    assert headers["x-kei-signature"] == ",".join(both)
    assert receiver.types == ["webhook.tested"]


async def test_a_failure_is_tried_five_times_and_can_be_sent_again(
    ada: Person, receiver: Receiver, resources: Resources
) -> None:
    webhook = await make(ada, receiver)
    await ada.say()
    receiver.status = 500
    await tell(resources)
    [delivery] = await deliveries(ada, webhook)
    assert (delivery["status"], delivery["attempts"]) == ("retrying", 1)
    for _ in range(6):
        await hurry(resources)
    [delivery] = await deliveries(ada, webhook)
    assert (delivery["status"], delivery["response_status"]) == ("failed", 500)
    assert len(receiver.seen) == 5
    receiver.status = 204
    path = f"/webhooks/{webhook['id']}/deliveries/{delivery['id']}/redeliver"
    assert (await ada.done("POST", path))["status"] == "pending"
    await hurry(resources)
    assert [d["status"] for d in await deliveries(ada, webhook)] == ["delivered"]
    assert len({headers["x-kei-delivery-id"] for headers, _ in receiver.seen}) == 1


async def test_an_address_that_is_gone_is_told_nothing_more(
    ada: Person, receiver: Receiver, resources: Resources
) -> None:
    webhook = await make(ada, receiver)
    receiver.status = 410
    await ada.say()
    await tell(resources)
    assert (await ada.done("GET", f"/webhooks/{webhook['id']}"))["state"] == "gone"
    await ada.say()
    await tell(resources)
    assert len(receiver.seen) == 1


async def test_a_paused_webhook_is_told_nothing(
    ada: Person, receiver: Receiver, resources: Resources
) -> None:
    webhook = await make(ada, receiver, "task.*")
    await ada.done("PATCH", f"/webhooks/{webhook['id']}", {"state": "paused"})
    await ada.say()
    await tell(resources)
    assert receiver.seen == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://10.0.0.1/hook"),
        ("url", "ftp://example.com/"),
        ("url", "http://0x7f000001/"),
        ("name", " "),
        ("events", []),
        ("events", ["task"]),
        ("events", ["Task.created"]),
    ],
)
async def test_bad_input_names_its_field_and_stores_nothing(
    ada: Person, field: str, value: object
) -> None:
    body = {"name": "Mine", "url": "https://example.com/hook", "events": ["*"], field: value}
    status, error = await ada.refused("POST", "/webhooks", body)
    assert (status, error["field"]) == (422, field)
    assert await ada.done("GET", "/webhooks") == []


async def test_a_name_that_leads_inside_is_given_up_at_once(
    ada: Person, receiver: Receiver, resources: Resources
) -> None:
    url = receiver.url.replace("127.0.0.1", "localhost")
    webhook = await ada.done(
        "POST", "/webhooks", {"name": "Mine", "url": url, "events": ["task.created"]}
    )
    resources.settings.outbound_private.clear()
    await ada.say()
    await tell(resources)
    assert receiver.seen == []
    assert [d["status"] for d in await deliveries(ada, webhook)] == ["failed"]


async def test_another_users_webhook_does_not_exist(
    ada: Person, bob: Person, receiver: Receiver
) -> None:
    webhook = await make(ada, receiver)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/deliveries")):
        status, _ = await bob.refused(method, f"/webhooks/{webhook['id']}{path}")
        assert status == 404
    assert await bob.done("GET", "/webhooks") == []


async def test_the_sender_loop_sends_what_is_due(
    ada: Person, receiver: Receiver, resources: Resources
) -> None:
    await make(ada, receiver)
    sending = asyncio.create_task(send_webhooks(resources))
    await ada.say()
    await consume(resources, "webhooks", CONSUMERS["webhooks"].handle)
    async with asyncio.timeout(20):
        while not receiver.seen:
            await asyncio.sleep(0.02)
    await end(sending)
    assert receiver.types == ["task.created"]


async def test_a_sender_that_died_leaves_its_delivery_to_the_next(
    ada: Person, receiver: Receiver, resources: Resources
) -> None:
    webhook = await make(ada, receiver)
    await ada.say()
    await consume(resources, "webhooks", CONSUMERS["webhooks"].handle)
    async with resources.db.transaction() as session:
        assert len(await claim_due(session, most=10)) == 1
    async with open_outbound(resources.settings) as outbound:
        assert await send_due(resources, outbound) == 0
    await hurry(resources)
    assert [d["attempts"] for d in await deliveries(ada, webhook)] == [2]
    assert len(receiver.seen) == 1
