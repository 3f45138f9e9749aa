"""What people are told: in open pages, in the inbox, by pushes, and as their settings say."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from app.core.children import end
from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab
from tests.fakes.model import model_process
from tests.fakes.receivers import BrowserKeys, Mailbox, Receiver, open_mailbox, open_receiver
from tests.product import OWNER, Product

TOAST = "[data-sonner-toast]"
NOTICE = "li.notice"


@pytest.fixture(scope="module")
async def mailbox() -> AsyncIterator[Mailbox]:
    async with open_mailbox() as running:
        yield running


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as running:
        yield running


@pytest.fixture(scope="module")
async def keiko(mailbox: Mailbox) -> AsyncIterator[Product]:
    """Keiko with a scripted model, a mail server, and leave to call this machine."""
    with model_process(first_token_ms=20, tokens=10) as url:
        product = Product(
            KEIKO_MODELS=json.dumps([{"name": "M", "url": url, "key": "any", "model": "m"}]),
            KEIKO_OUTBOUND_PRIVATE='["127.0.0.1"]',
            KEIKO_SMTP_URL=mailbox.url,
            KEIKO_SMTP_FROM="keiko@example.org",
        )
        try:
            yield product.start()
        finally:
            product.remove()


@pytest.fixture(scope="module")
def person() -> str:
    """The owner: this Keiko is nobody else's."""
    return OWNER


@pytest.fixture
def client(keiko: Product) -> Iterator[httpx.Client]:
    """The owner's program; nothing in their inbox is unread to begin with."""
    with keiko.client() as client:
        ask(client, "POST", "/notifications/read", {})
        yield client


def ask(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    answer = client.request(method, f"/api/v1{path}", json=body)
    assert answer.is_success, answer.text
    return answer.json()["data"]


def start(client: httpx.Client, name: str, text: str = "!say Three papers.") -> Any:
    """Begin a background task."""
    return ask(client, "POST", "/tasks", {"text": text, "name": name})


async def until(true: Callable[[], object]) -> None:
    """Wait for something that tells nobody when it happens."""
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.1)


def badge(page: Page) -> Any:
    return page.locator("#keiko-bell .count")


async def test_every_open_page_is_told_once_and_the_bell_counts(
    client: httpx.Client, reader: Reader
) -> None:
    one, two = await reader.open(), await reader.open()
    await one.connects()
    await two.connects()
    await expect(badge(one.page)).to_be_hidden()
    start(client, "Papers of Tuesday")
    for tab in (one, two):
        await expect(tab.page.locator(TOAST)).to_have_text("Done: Papers of Tuesday")
        await expect(badge(tab.page)).to_have_text("1")
    start(client, "Papers of Friday")
    for tab in (one, two):
        toasts = tab.page.locator(TOAST)
        await expect(toasts.filter(has_text="Friday")).to_have_count(1)
        await expect(toasts.filter(has_text="Tuesday")).to_have_count(1)
        await expect(badge(tab.page)).to_have_text("2")
    await expect(one.page.locator("#keiko-bell")).to_have_attribute("aria-label", "Inbox, 2 unread")


async def test_a_page_of_another_web_process_is_told_too(
    keiko: Product, client: httpx.Client, reader: Reader
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = keiko.spawn(
        "web",
        KEIKO_PORT=str(port),
        KEIKO_DATABASE_URL=keiko.database_url,
        KEIKO_REDIS_URL=keiko.redis_url,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        await until(lambda: is_ready(address))
        page = await reader.context.new_page()
        await page.goto(address)
        await expect(page.locator("#chat-input")).to_be_visible()
        await Tab(page).connects()
        start(client, "From elsewhere")
        await expect(page.locator(TOAST)).to_have_text("Done: From elsewhere")
        await page.close()
    finally:
        end(process, gently=signal.SIGTERM, seconds=20)
    reader.problems = [p for p in reader.problems if address not in p]


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/ready", timeout=2).is_success
    except httpx.HTTPError:
        return False


async def test_a_page_that_shows_the_conversation_is_not_told_and_it_counts_as_read(
    client: httpx.Client, reader: Reader
) -> None:
    elsewhere = await reader.open()
    await elsewhere.connects()
    other = elsewhere.page
    task = start(client, "Looked at", "!slow 8 !say Here it is.")
    tab = await reader.open(f"/thread/{task['thread_id']}")
    await tab.connects()
    await expect(tab.answer).to_contain_text("Here it is.", timeout=30_000)
    await expect(other.locator(TOAST)).to_have_text("Done: Looked at")
    await until(lambda: ask(client, "GET", "/notifications/unread")["unread"] == 0)
    await expect(badge(other)).to_be_hidden()
    await expect(tab.page.locator(TOAST)).to_have_count(0)


async def test_whoever_closes_the_page_finds_the_answer_in_the_inbox(
    client: httpx.Client, reader: Reader, receiver: Receiver
) -> None:
    keys = BrowserKeys()
    subscription = {
        "endpoint": f"{receiver.url}/push",
        "keys": {"p256dh": keys.p256dh, "auth": keys.auth},
    }
    kept = ask(client, "POST", "/notifications/push", subscription)
    before = len(receiver.posts)
    tab = await reader.open()
    await tab.send("!slow 5 !say While you were away.")
    await tab.page.wait_for_url("**/thread/*")
    await tab.page.close()
    await until(lambda: len(receiver.posts) > before)
    message = keys.decrypt(receiver.posts[-1].body)
    assert message["body"] == "While you were away."
    assert message["path"].startswith("/thread/")
    (item,) = ask(client, "GET", "/notifications?unread=true")["items"]
    assert item["text"] == "While you were away."
    ask(client, "DELETE", f"/notifications/push/{kept['id']}")


async def open_work(reader: Reader, name: str) -> Page:
    page = await reader.context.new_page()
    await page.goto(f"/work/{name}")
    await expect(page.locator("h1")).to_be_visible()
    return page


async def test_the_inbox_shows_what_is_unread_first_and_lets_one_take_back(
    client: httpx.Client, reader: Reader
) -> None:
    page = await open_work(reader, "inbox")
    start(client, "Papers")
    item = page.locator(f"{NOTICE}.is-unread").filter(has_text="Papers")
    await expect(item.get_by_role("heading", name="Papers", exact=True)).to_be_visible()
    await expect(item).to_contain_text("Three papers.")
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.locator(f"{NOTICE}.is-unread")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(item).to_have_count(1)
    await item.get_by_role("link", name="Open").click()
    await page.wait_for_url("**/thread/*")
    await expect(page.locator("#chat-input")).to_be_visible()
    await until(lambda: ask(client, "GET", "/notifications/unread")["unread"] == 0)


async def test_the_pages_beside_the_chat_are_told_too(client: httpx.Client, reader: Reader) -> None:
    page = await open_work(reader, "settings")
    link = page.locator('nav a[data-page="inbox"]')
    await expect(link).to_have_accessible_name("Inbox")
    start(client, "Beside the chat")
    await expect(page.locator(".toast")).to_have_text("Done: Beside the chat")
    await expect(link).to_have_accessible_name("Inbox, 1 unread")
    await link.click()
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(link).to_have_accessible_name("Inbox")


async def test_what_is_removed_is_gone_unless_it_is_taken_back(
    client: httpx.Client, reader: Reader
) -> None:
    start(client, "Not wanted")
    page = await open_work(reader, "inbox")
    item = page.locator(NOTICE).filter(has_text="Not wanted")
    await item.get_by_role("button", name="Remove").click()
    await expect(item).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(item).to_have_count(1)
    await item.get_by_role("button", name="Remove").click()
    await until(lambda: "Not wanted" not in str(ask(client, "GET", "/notifications")))


async def test_settings_are_kept_and_a_test_message_arrives(
    client: httpx.Client, reader: Reader, mailbox: Mailbox, receiver: Receiver
) -> None:
    page = await open_work(reader, "settings")
    await page.get_by_label("A task is done: E-mail").check()
    await page.get_by_label("Quiet hours").check()
    await page.get_by_label("From").fill("23:15")
    await page.get_by_label("E-mail address", exact=True).fill("ada@example.org")
    await page.get_by_role("button", name="Test: E-mail address").click()
    await expect(page.get_by_text("It has arrived there.")).to_be_visible()
    assert mailbox.mails[-1]["To"] == "ada@example.org"
    await page.get_by_label("Webhook address", exact=True).fill(f"{receiver.url}/hook")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".toast")).to_have_text("Saved")
    kept = ask(client, "GET", "/notifications/settings")
    assert "email" in kept["channels"]["task_done"]
    assert (kept["quiet_from"], kept["quiet_until"]) == ("23:15", "07:00")
    assert kept["webhook_url"] == f"{receiver.url}/hook"
    usual = {**kept, "quiet_from": None, "quiet_until": None, "email": None, "webhook_url": None}
    usual.pop("can_email")
    ask(client, "PUT", "/notifications/settings", usual)


async def test_a_setting_that_cannot_be_says_where(reader: Reader) -> None:
    page = await open_work(reader, "settings")
    field = page.get_by_label("Webhook address", exact=True)
    await field.fill("http://10.0.0.1/hook")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("KEIKO_OUTBOUND_PRIVATE")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_be_focused()
    reader.problems = [p for p in reader.problems if "422" not in p]


async def test_blocked_pushes_are_said_to_be_blocked(readers: Readers) -> None:
    reader = await readers()
    await reader.context.add_init_script(
        "Object.defineProperty(Notification, 'permission', {get: () => 'denied'})"
    )
    page = await open_work(reader, "settings")
    await expect(page.locator("[data-push=blocked]")).to_contain_text("are blocked")
    await expect(page.get_by_role("button", name="Enable push")).to_have_count(0)


SHOWN = """navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
    .then((all) => all.map((each) => [each.title, each.body, each.data.path]))"""


async def test_the_service_worker_shows_a_push_when_no_page_is_looked_at(
    keiko: Product, readers: Readers
) -> None:
    reader = await readers()
    await reader.context.grant_permissions(["notifications"], origin=keiko.url)
    page = await open_work(reader, "settings")
    await page.evaluate("navigator.serviceWorker.register('/service-worker.js').then(() => 1)")
    await page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    cdp = await reader.context.new_cdp_session(page)
    registered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def known(event: Any) -> None:
        if event["registrations"] and not registered.done():
            registered.set_result(event["registrations"][0]["registrationId"])

    cdp.on("ServiceWorker.workerRegistrationUpdated", known)
    await cdp.send("ServiceWorker.enable")
    id = await asyncio.wait_for(registered, 10)

    async def push(title: str) -> None:
        message = {"id": title, "title": title, "body": "Three.", "path": "/work/inbox"}
        data = json.dumps(message | {"language": "en"})
        sent = {"origin": keiko.url, "registrationId": id, "data": data}
        await cdp.send("ServiceWorker.deliverPushMessage", sent)

    await push("Seen")
    await page.goto("about:blank")
    await push("Unseen")
    await page.goto("/work/settings")
    async with asyncio.timeout(10):
        while not (shown := await page.evaluate(SHOWN)):
            await asyncio.sleep(0.1)
    assert shown == [["Unseen", "Three.", "/work/inbox"]]


@pytest.mark.parametrize("name", ["inbox", "settings"])
async def test_on_a_phone_in_german_nothing_sticks_out(
    client: httpx.Client, readers: Readers, name: str
) -> None:
    start(client, "Ein ziemlich langer Name einer Aufgabe, die im Hintergrund gelaufen ist")
    phone = await readers(
        locale="de-DE", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = await open_work(phone, name)
    if name == "inbox":
        await expect(page.locator(NOTICE).first).to_be_visible()
    else:
        await expect(page.get_by_role("button", name="Speichern")).to_be_visible()
    sizes = "[document.documentElement.scrollWidth, document.body.scrollWidth]"
    assert await page.evaluate(sizes) == [390, 390]
