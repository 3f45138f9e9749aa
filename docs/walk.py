"""Walks through Keiko as a new owner does, and takes the pictures of docs/walk.md.

Run by `.venv/bin/python docs/walk.py` after `./keiko test` has installed what tests need.
"""

import asyncio
import json
import re
import sys
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from app.cli.browser import find_browser  # noqa: E402 - the path is set above
from tests.fakes.guarded_tools import guarded_tools  # noqa: E402
from tests.fakes.guarded_tools import walk as allow  # noqa: E402
from tests.fakes.model import model_process  # noqa: E402
from tests.node_packages import node, script  # noqa: E402
from tests.product import OWNER, Product  # noqa: E402
from tests.product import PASSWORD as OWNER_PASSWORD  # noqa: E402

PICTURES = ROOT / "docs" / "walk"
PASSWORD = "a short sentence is easy to remember"  # noqa: S105 - of a Keiko that lives a minute

NOTES = {
    "name": "notes",
    "command": sys.executable,
    "args": ["-m", "tests.fakes.tool_server"],
    "env": {"PYTHONPATH": str(ROOT)},
}
"""A server of tools that change something."""

ASKING = {**NOTES, "name": "travel", "args": ["-m", "tests.fakes.asking_server"]}
"""A server that asks."""

FORM = {
    "message": "Whom may I book for, and when?",
    "schema": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "title": "Name", "description": "As on the passport."},
            "day": {"type": "string", "format": "date", "title": "Day"},
            "seat": {"type": "string", "title": "Seat", "enum": ["Window", "Aisle"]},
        },
        "required": ["name", "day"],
    },
}

OTHERS = {
    "name": "everything",
    "command": node(),
    "args": [script("@modelcontextprotocol/server-everything", "dist/index.js")],
}
"""A server that nobody here wrote, with something of each kind."""


async def take(page: Page, name: str) -> None:
    """Take one picture, when the page has come to rest."""
    await page.wait_for_timeout(800)
    await page.screenshot(path=PICTURES / f"{name}.png")


async def say(page: Page, text: str) -> None:
    """Write a message and wait for the whole answer."""
    answered = await page.locator(".positive-feedback-off").count()
    await page.locator("#chat-input").click()
    await page.keyboard.type(text)
    await page.wait_for_timeout(300)
    await page.keyboard.press("Enter")
    thumbs = page.get_by_test_id("positive-feedback-off").or_(
        page.locator(".positive-feedback-off")
    )
    await expect(thumbs.nth(0)).to_be_visible(timeout=30_000)
    await page.wait_for_timeout(1500 if answered else 3000)


async def set_up(context: BrowserContext, link: str) -> Page:
    """Choose name and password behind the one-time link."""
    page = await context.new_page()
    await page.goto(link)
    await page.fill("#username", "Ada")
    await take(page, "1-set-up")
    await page.fill("#password", PASSWORD)
    await page.fill("#password_again", PASSWORD)
    await page.click("button[type=submit]")
    await expect(page.locator("#chat-input")).to_be_visible(timeout=30_000)
    await page.wait_for_timeout(1500)
    await take(page, "2-start")
    return page


async def chat(page: Page) -> None:
    """Ask for two things at once, look at a tool step, and see everything that text can be."""
    await say(page, "What time is it in Tokyo, and what is 17% of 230?")
    await page.get_by_role("button", name=re.compile("calculator")).first.click()
    await take(page, "3-answer-with-tool-steps")
    await say(page, "Write something long with a table, code and a formula.")
    await take(page, "4-markdown")
    await page.goto(page.url.partition("/thread/")[0])
    await expect(page.locator("#chat-input")).to_be_visible()
    await page.wait_for_timeout(1000)
    await say(page, "Was ist die Wurzel aus 2?")
    await page.locator("#search-chats-button").click()
    await page.keyboard.type("tokyo")
    await page.wait_for_timeout(1500)
    await take(page, "5-history-and-search")
    await page.keyboard.press("Escape")


async def again(browser: Browser, page: Page) -> None:
    """The same conversation in the dark, in German, and on a phone."""
    state = await page.context.storage_state()
    for name, width, height in (("6-dark-and-german", 1280, 800), ("7-phone", 390, 844)):
        context = await browser.new_context(
            locale="de-DE",
            color_scheme="dark",
            viewport={"width": width, "height": height},
            storage_state=state,
        )
        other = await context.new_page()
        await other.goto(page.url)
        await expect(other.locator("#chat-input")).to_be_visible(timeout=30_000)
        await other.wait_for_timeout(2000)
        await take(other, name)
        await context.close()


async def be_told(page: Page) -> None:
    """Have two things done in the background, be told, and look at inbox and settings."""
    for task in (
        {"name": "Tip for the bill", "text": "What is 17% of 86?"},
        {"name": "Call with Tokyo", "text": "What time is it in Tokyo?"},
    ):
        address = page.url.partition("/thread/")[0]
        await page.request.post(f"{address}/api/v1/tasks", data=task, headers={"Origin": address})
    await expect(page.locator("[data-sonner-toast]")).to_have_count(2, timeout=20_000)
    await take(page, "20-told-in-the-chat")
    work = await page.context.new_page()
    await work.goto(page.url.partition("/thread/")[0] + "/work/inbox")
    await expect(work.locator("li.notice").first).to_be_visible()
    await take(work, "21-inbox")
    await work.goto(work.url.replace("inbox", "settings"))
    await work.get_by_label("Quiet hours").check()
    await take(work, "22-how-to-be-told")
    await work.close()


async def work(page: Page) -> None:
    """Look at what is asked by itself, and at the form for it."""
    address = page.url.partition("/thread/")[0]
    for schedule in (
        {"text": "What time is it in Tokyo?", "name": "Morning call", "when": "every weekday at 8"},
        {"text": "What is 17% of 230?", "name": "Monthly tip", "when": "0 9 1 * *"},
    ):
        await page.request.post(
            f"{address}/api/v1/schedules", data=schedule, headers={"Origin": address}
        )
    other = await page.context.new_page()
    await other.goto(f"{address}/work/schedules")
    await expect(other.get_by_text("Morning call").first).to_be_visible()
    await take(other, "24-schedules")
    await other.get_by_role("button", name="New schedule").click()
    await other.locator("#schedule-text").fill("What time is it in Tokyo?")
    await other.locator("#schedule-when").fill("every weekday at 8")
    await expect(other.locator(".preview li")).to_have_count(5)
    await take(other, "26-schedule-form")
    await other.close()


async def come_in(browser: Browser, product: Product) -> Page:
    """A page of the owner of a Keiko that is at work already."""
    context = await browser.new_context(
        base_url=product.url,
        locale="en-GB",
        viewport={"width": 1280, "height": 800},
        color_scheme="light",
    )
    page = await context.new_page()
    await page.request.post(
        "/auth/login",
        data={"username": OWNER, "password": OWNER_PASSWORD},
        headers={"Origin": product.url},
    )
    return page


async def others_tools(browser: Browser, product: Product) -> None:
    """Look at servers of others: what they offer, how far they are, what they ask."""
    page = await come_in(browser, product)
    origin = {"Origin": product.url}
    async with guarded_tools() as library:
        for server in (
            {"name": "clock", "command": sys.executable, "args": ["-m", "mcp_server_time"]},
            {"name": "library", "url": library.url, "description": "What I may borrow."},
        ):
            made = await page.request.post("/api/v1/mcp/servers", data=server, headers=origin)
            id = (await made.json())["data"]["id"]
        way = f"/api/v1/mcp/servers/{id}/sign-in"
        begun = await (await page.request.post(way, data={}, headers=origin)).json()
        await page.goto(str(await allow(begun["data"]["address"])))
        await page.goto("/work/tools")
        await expect(page.get_by_text("Signed in at")).to_be_visible(timeout=30_000)
        await expect(page.get_by_text("Connected").first).to_be_visible(timeout=30_000)
        await take(page, "28-servers-of-tools")
        await page.request.delete(way, headers=origin)
        await ask(page, '!tool trigger-long-running-operation {"duration": 40, "steps": 20}')
        await expect(page.get_by_text(re.compile("^25 %"))).to_be_visible(timeout=40_000)
        await take(page, "29-how-far-a-tool-is")
        await ask(page, f"!tool form {json.dumps(FORM)}")
        await picture_of(page, "elicitation", "30-a-server-asks")
        await ask(page, "!tool whoami {}")
        await picture_of(page, "sign_in", "31-sign-in-to-continue")
    await page.context.close()


async def ask(page: Page, text: str) -> None:
    """Write a message in a new chat."""
    await page.goto("/")
    await page.locator("#chat-input").click(timeout=20_000)
    await page.keyboard.type(text)
    await page.wait_for_timeout(300)
    await page.keyboard.press("Enter")


async def picture_of(page: Page, kind: str, name: str) -> None:
    """The picture of a question's card."""
    card = page.locator(f"[data-kind={kind}]")
    await expect(card).to_be_visible(timeout=20_000)
    await page.wait_for_timeout(800)
    await card.screenshot(path=PICTURES / f"{name}.png")


async def long_work(browser: Browser, product: Product) -> None:
    """Look at tasks of every kind, on a page and beside the chat, and at a question."""
    page = await come_in(browser, product)
    origin = {"Origin": product.url}
    reading = '!tool report_progress {"percent": 40, "step": "Reading March"} !then !long 9000 30'
    note = json.dumps({"path": "/home/ada/notes.txt", "text": "Milk, bread, tea"})
    for task in (
        {"name": "Tip for the bill", "text": "!say It is 14.62."},
        {"name": "Compare the offers", "text": "!long 9000 30"},
        {"name": "Yearly report", "text": reading},
        {"name": "Shopping list", "text": f"!tool keep_line {note} !then !say Noted."},
        {"name": "Tidy the notes", "text": "!say Done.", "delay_seconds": 90_000},
    ):
        await page.request.post("/api/v1/tasks", data=task, headers=origin)
    await page.goto("/work/tasks")
    await expect(page.locator("li.task progress").first).to_be_visible(timeout=20_000)
    await take(page, "23-tasks")
    await page.goto("/work/tasks?state=waiting")
    await page.get_by_role("link", name="Answer").click()
    await picture_of(page, "approval", "27-may-this-tool-be-used")
    await page.goto("/")
    await expect(page.locator("#chat-input")).to_be_visible(timeout=20_000)
    await page.locator("#keiko-tasks").click()
    await expect(page.locator("#keiko-panel")).to_be_visible()
    await page.wait_for_timeout(1000)
    await take(page, "25-tasks-beside-the-chat")
    await page.context.close()


async def walk(link: str, busy: Product) -> None:
    """The whole walk, in one browser."""
    PICTURES.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_browser(), args=["--disable-dev-shm-usage"]
        )
        context = await browser.new_context(
            locale="en-GB", viewport={"width": 1280, "height": 800}, color_scheme="light"
        )
        page = await set_up(context, link)
        await chat(page)
        await be_told(page)
        await work(page)
        await others_tools(browser, busy)
        await long_work(browser, busy)
        await again(browser, page)
        await browser.close()


def main() -> None:
    """Start a Keiko that nobody has used yet, and walk through it."""
    with model_process(first_token_ms=20) as url:
        product = Product(KEIKO_OWNER_PASSWORD="")
        busy = Product(
            KEIKO_MODEL_URL=url,
            KEIKO_MODEL_NAME="scripted",
            KEIKO_TOOL_SERVERS=json.dumps([NOTES, ASKING, OTHERS]),
            KEIKO_TOOL_RULES=json.dumps([{"pattern": "everything/*", "decision": "allow"}]),
            KEIKO_MCP_COMMANDS=json.dumps([f"{sys.executable} -m mcp_server_time"]),
            KEIKO_OUTBOUND_PRIVATE='["127.0.0.1"]',
        )
        try:
            product.start()
            busy.start()
            link = re.search(r"http\S+/setup/\S+", product.output)
            if link is None:
                raise SystemExit(product.output)
            asyncio.run(walk(link.group(0), busy))
        finally:
            busy.remove()
            product.remove()


if __name__ == "__main__":
    main()
