"""A thread is opened while its answer grows, on a machine that is too slow for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import BrowserContext, expect

from app.core.resources import Resources
from app.tasks.models import Task
from app.ui.cookies import PLAIN_NAME
from app.users.models import User
from app.users.sessions import Browser, start_session
from tests.ui.conftest import SignIn, Web, Worker

SLOWNESS = 6
"""How many times slower than this machine the browser works."""

OPENS = 2


@asynccontextmanager
async def streaming(worker: Worker, task: Task) -> AsyncIterator[None]:
    """An answer that is long already, and grows."""

    async def grow() -> None:
        while True:
            await worker.say(task, "and *so* on, ")
            await asyncio.sleep(1 / 30)

    await worker.say(task, "and *so* on, " * 1000)
    growing = asyncio.create_task(grow())
    try:
        yield
    finally:
        growing.cancel()


@pytest.mark.timeout(180)
async def test_a_long_answer_that_grows_never_keeps_a_slow_page_from_opening(
    web: Web,
    open_tab: SignIn,
    worker: Worker,
    browser: BrowserContext,
    resources: Resources,
    user: User,
) -> None:
    async with resources.db.transaction() as session:
        token, _ = await start_session(session, user, Browser())
    await browser.add_cookies([{"name": PLAIN_NAME, "value": token, "url": web.url}])
    tab = await open_tab()
    message = await tab.send("Tell me a story")
    await tab.accepted(message)
    task = await worker.claim(message)
    async with streaming(worker, task):
        for _ in range(OPENS):
            page = await browser.new_page()
            devtools = await browser.new_cdp_session(page)
            await devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWNESS})
            await page.goto(f"{web.url}/thread/{task.thread_id}", wait_until="commit")
            await expect(page.locator("#chat-input")).to_be_visible(timeout=30_000)
            answer = page.locator("[data-step-type=assistant_message]")
            await expect(answer).to_contain_text("and so on", timeout=30_000)
            length = "document.querySelector('[data-step-type=assistant_message]').innerText.length"
            shown = await page.evaluate(length)
            await page.wait_for_function(f"{length} > {shown}", timeout=30_000)
            await page.close()
