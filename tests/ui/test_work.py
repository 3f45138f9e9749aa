"""The pages beside the chat: who may see them, what they may do, and that they work as one."""

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from app.core.resources import Resources
from app.ui.assets import PUBLIC
from app.ui.cookies import PLAIN_NAME
from app.users.models import User
from app.users.sessions import Browser, start_session
from tests.ui.conftest import Web

PAGES = ("tasks", "schedules", "inbox", "tools", "record", "users", "sites", "settings")


@pytest.fixture
async def token(resources: Resources, user: User) -> str:
    async with resources.db.transaction() as session:
        token, _ = await start_session(session, user, Browser())
    return token


@pytest.fixture
async def client(web: Web, token: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(web.url, cookies={PLAIN_NAME: token}) as session:
        yield session


@pytest.fixture
async def page(web: Web, token: str, chromium: Chromium) -> AsyncIterator[Page]:
    """An empty tab of somebody who is signed in; it must hear no complaint."""
    context = await chromium.new_context(locale="en-GB", base_url=web.url)
    await context.add_cookies([{"name": PLAIN_NAME, "value": token, "url": web.url}])
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    yield page
    await context.close()
    assert not [p for p in problems if "404" not in p], problems


@pytest.mark.parametrize("name", PAGES)
async def test_who_is_not_signed_in_is_sent_to_the_login_and_back(web: Web, name: str) -> None:
    async with (
        aiohttp.ClientSession(web.url) as client,
        client.get(f"/work/{name}", allow_redirects=False) as answer,
    ):
        assert answer.status == 303
        assert answer.headers["Location"] == f"/login?next=/work/{name}"


@pytest.mark.asvs("1.2.3")
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_has_no_inline_script_and_a_strict_policy(
    client: aiohttp.ClientSession, name: str
) -> None:
    async with client.get(f"/work/{name}") as answer:
        html, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]* src=)|<style| on\w+=|//\w", html)
    assert "'unsafe" not in policy and "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.asvs("3.4.6")
async def test_only_the_panel_may_stand_in_a_frame_and_only_in_ours(
    client: aiohttp.ClientSession,
) -> None:
    policies = {}
    for path in ("/work/tasks?panel", "/work/inbox?panel", "/work/tasks"):
        async with client.get(path) as answer:
            policies[path] = answer.headers["Content-Security-Policy"].rpartition("; ")[2]
    assert policies == {
        "/work/tasks?panel": "frame-ancestors 'self'",
        "/work/inbox?panel": "frame-ancestors 'none'",
        "/work/tasks": "frame-ancestors 'none'",
    }


async def test_scripts_are_kept_for_ever_under_their_version_alone(
    client: aiohttp.ClientSession,
) -> None:
    async with client.get("/work/tasks") as answer:
        found = re.search(r"/ui/work/\w+/", await answer.text())
    assert found
    async with client.get(f"{found[0]}main.js") as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        assert await answer.read() == (PUBLIC / "keiko/work/main.js").read_bytes()
    async with client.get("/ui/work/old/main.js") as answer:
        assert answer.headers["Cache-Control"] == "no-store"
    async with client.get(f"{found[0]}nothing.js") as answer:
        assert answer.status == 404


async def test_one_comes_from_page_to_page_without_a_reload(page: Page) -> None:
    await page.goto("/work")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tasks")
    await page.evaluate("window.neverReloaded = true")
    for name in ("Schedules", "Inbox", "Settings"):
        await page.get_by_role("link", name=name, exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(name)
        await expect(page.locator("nav a[aria-current=page]")).to_have_text(name)
        await expect(page).to_have_title(f"{name} · Keiko")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tasks")
    assert await page.evaluate("window.neverReloaded === true")


async def test_the_pages_speak_german(web: Web, token: str, chromium: Chromium) -> None:
    context = await chromium.new_context(locale="de-AT", base_url=web.url)
    await context.add_cookies([{"name": PLAIN_NAME, "value": token, "url": web.url}])
    page = await context.new_page()
    await page.goto("/work/schedules")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Zeitpläne")
    await context.close()
