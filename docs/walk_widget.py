"""Walks through Keiko on a website, and takes these pictures of docs/walk.md.

Run by `.venv/bin/python docs/walk_widget.py`, as docs/walk.py is.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from app.agents.catalogue import OFFLINE_NAME  # noqa: E402 - the path is set above
from app.cli.browser import find_browser  # noqa: E402
from tests.e2e.widget.visitor import Chat  # noqa: E402
from tests.fakes.http_tools import free_port  # noqa: E402
from tests.fakes.model import model_process  # noqa: E402
from tests.product import OWNER, PASSWORD, Product  # noqa: E402

PICTURES = ROOT / "docs" / "walk"
SETTLES = 700
"""Milliseconds until a page has come to rest."""

NOTES = {
    "name": "orders",
    "command": sys.executable,
    "args": ["-m", "tests.fakes.tool_server"],
    "env": {"PYTHONPATH": str(ROOT)},
}
ENGLISH = "What is 3 * 49.90, and what time is it in Tokyo?"
ORDER = '!tool keep_line {"path": "order-7", "text": "Lamp Ada, brass, 1 piece"} !then !say Done.'


def start_host(product: Product) -> str:
    """The website of `keiko demo-host`."""
    port = free_port()
    product.spawn("demo-host", "--port", str(port))
    deadline = time.monotonic() + 60
    while f"http://host.localhost:{port}" not in product.output:
        if time.monotonic() > deadline:
            raise SystemExit(product.everything_said())
        time.sleep(0.2)
    return f"http://host.localhost:{port}"


def change_site(product: Product, **fields: Any) -> None:
    """Change what holds on that website."""
    with product.client() as owner:
        (site,) = owner.get("/api/v1/sites").json()["data"]
        owner.patch(f"/api/v1/sites/{site['id']}", json=fields).raise_for_status()


async def visit(browser: Browser, address: str, lang: str = "en", **look: Any) -> Chat:
    """Somebody opens a page of the website."""
    locale = {"en": "en-GB", "de": "de-DE"}[lang]
    context = await browser.new_context(locale=locale, **look)
    page = await context.new_page()
    await page.goto(address)
    if lang == "de":  # the shop speaks English; its chat speaks with this visitor
        await page.evaluate("document.documentElement.lang = 'de'")
    return Chat(page, lang)


async def take(page: Page, name: str) -> None:
    """Take one picture."""
    await page.wait_for_timeout(SETTLES)
    await page.screenshot(path=PICTURES / f"{name}.png")


async def talk(chat: Chat, text: str) -> None:
    """Ask something and wait for the answer."""
    await chat.ask(text)
    await expect(chat.answer).not_to_be_empty(timeout=30_000)
    await chat.rests()


async def walk(browser: Browser, product: Product, host: str) -> None:
    """Every picture, in the order of the page."""
    wide = {"width": 1280, "height": 800}
    change_site(product, model=OFFLINE_NAME)
    chat = await visit(browser, host, viewport=wide)
    await chat.open()
    await talk(chat, ENGLISH)
    await take(chat.page, "43-on-a-website")
    chat = await visit(browser, f"{host}/inline", viewport=wide)
    await chat.is_usable()
    await talk(chat, ENGLISH)
    await take(chat.page, "44-in-the-page")
    phone = {"width": 390, "height": 844}
    chat = await visit(browser, host, viewport=phone, color_scheme="dark", has_touch=True)
    await chat.open()
    await talk(chat, ENGLISH)
    await take(chat.page, "45-on-a-phone-in-the-dark")
    change_site(product, model=None, tools=["*"])
    chat = await visit(browser, host, viewport=wide)
    await chat.open()
    await chat.ask(ORDER)
    await expect(chat.card).to_be_visible(timeout=30_000)
    await take(chat.page, "46-asked-on-a-website")
    context = await browser.new_context(
        base_url=product.url, locale="en-GB", viewport={"width": 1280, "height": 800}
    )
    page = await context.new_page()
    await page.goto("/login?next=/work/sites")
    await page.locator("#username").fill(OWNER)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("#password").press("Enter")
    await expect(page.get_by_text("Demo shop").first).to_be_visible()
    await take(page, "47-sites")


async def main() -> None:
    """Start everything, walk, and stop everything."""
    with model_process(first_token_ms=20) as url:
        product = Product(
            KEIKO_MODELS=json.dumps([{"name": "L", "url": url, "key": "any", "model": "l"}]),
            KEIKO_TOOL_SERVERS=json.dumps([NOTES]),
        )
        try:
            product.start()
            product.wait_ready()
            host = start_host(product)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=find_browser())
                await walk(browser, product, host)
                await browser.close()
        finally:
            product.remove()


if __name__ == "__main__":
    asyncio.run(main())
