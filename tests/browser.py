"""A real Chromium, started once per test worker."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from app.cli.browser import find_browser


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser; `./keiko test` makes sure that there is one."""
    path = find_browser()
    assert path, "no Chrome or Chromium: run ./keiko test, or set KEIKO_BROWSER"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def browser(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh profile: no cookies, no storage, English, on a desktop's screen."""
    context = await chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    yield context
    await context.close()
