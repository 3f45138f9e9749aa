"""`keiko demo-host`: a website to try the widget out, from one command."""

import signal
import time

import httpx
from playwright.async_api import Browser, expect

from tests.e2e.widget.visitor import Chat
from tests.fakes.http_tools import free_port
from tests.product import Product


async def test_one_command_shows_a_website_with_the_running_keiko_on_it(
    product: Product, chromium: Browser
) -> None:
    port = free_port()
    serving = product.spawn("demo-host", "--port", str(port))
    try:
        _wait_for(port, product)
        context = await chromium.new_context(locale="en-GB")
        for path in ("/", "/inline"):
            page = await context.new_page()
            await page.goto(f"http://host.localhost:{port}{path}")
            chat = Chat(page, "en")
            if path == "/":
                await chat.open()
            await chat.is_usable()
            await expect(chat.frame.locator("h1")).to_have_text("Demo shop")
            await chat.ask("Hello")
            await expect(chat.answer).not_to_be_empty(timeout=30_000)
        await context.close()
    finally:
        serving.send_signal(signal.SIGINT)
        assert serving.wait(20) == 0
    assert f"The website is ready: http://host.localhost:{port}" in product.output


def _wait_for(port: int, product: Product) -> None:
    deadline = time.monotonic() + 60
    while not _serves(port):
        assert time.monotonic() < deadline, product.everything_said()
        time.sleep(0.2)


def _serves(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=2).is_success
    except httpx.HTTPError:
        return False
