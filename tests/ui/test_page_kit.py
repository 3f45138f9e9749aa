"""What every page beside the chat does when it may not ask so often, or may not copy by itself."""

from collections.abc import AsyncIterator, Callable

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, Route, expect

from app.core.resources import Resources
from app.ui.cookies import PLAIN_NAME
from app.users.models import User
from app.users.sessions import Browser, start_session
from tests.ui.conftest import Web

TOO_MANY = "Too many requests in a short time. Try again in 1 second."


@pytest.fixture
async def page(
    web: Web, user: User, resources: Resources, chromium: Chromium
) -> AsyncIterator[Page]:
    """An empty tab of somebody who is signed in."""
    async with resources.db.transaction() as session:
        token, _ = await start_session(session, user, Browser())
    context = await chromium.new_context(locale="en-GB", base_url=web.url)
    await context.add_cookies([{"name": PLAIN_NAME, "value": token, "url": web.url}])
    yield await context.new_page()
    await context.close()


async def refuse(page: Page, path: str, is_refused: Callable[[int], bool]) -> list[str]:
    """Have requests below a path refused as asked too often, by their number; notes them all."""
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.append(route.request.method)
        if not is_refused(len(asked)):
            await route.continue_()
            return
        error = {"code": "too_many", "message": TOO_MANY}
        await route.fulfill(
            status=429,
            json={"success": False, "error": error},
            headers={"Retry-After": "1"},
        )

    await page.route(f"**/api/v1/{path}", answer)
    return asked


async def test_what_was_asked_too_often_is_asked_again_once_it_may_be(page: Page) -> None:
    asked = await refuse(page, "schedules?*", lambda number: number == 1)

    await page.goto("/work/schedules")

    await expect(
        page.get_by_role("heading", name="Nothing is asked by itself yet.")
    ).to_be_visible()
    await expect(page.get_by_text(TOO_MANY)).to_have_count(0)
    assert len(asked) == 2


async def test_who_is_refused_again_and_again_is_told_so_and_asks_no_more(page: Page) -> None:
    asked = await refuse(page, "schedules?*", lambda number: True)

    await page.goto("/work/schedules")

    await expect(page.get_by_text(TOO_MANY)).to_be_visible()
    assert len(asked) == 3


async def test_what_changes_something_is_never_asked_again_by_itself(page: Page) -> None:
    await page.goto("/work/tasks")
    asked = await refuse(page, "tasks", lambda number: True)
    await page.get_by_role("button", name="New task").click()
    form = page.get_by_role("dialog", name="New task")
    await form.get_by_label("What is to be done").fill("!say x")
    await form.get_by_role("button", name="Start task").click()

    await expect(form.get_by_role("alert")).to_have_text(TOO_MANY)
    await expect(form.get_by_label("What is to be done")).to_have_value("!say x")
    assert asked == ["POST"]


async def test_where_a_page_may_not_copy_it_chooses_the_text_and_says_so(page: Page) -> None:
    await page.add_init_script("delete Navigator.prototype.clipboard")
    await page.goto("/work/settings")
    keys = page.locator("#api-keys")
    await keys.get_by_role("button", name="New key").click()
    await keys.get_by_label("What it is for").fill("Backup")
    await keys.get_by_label("see tasks", exact=False).first.check()
    await keys.get_by_role("button", name="Make the key").click()
    field = keys.get_by_label("The new key")
    await expect(field).to_be_focused()
    await keys.get_by_role("button", name="Copy").click()

    await expect(page.locator("#toasts")).to_contain_text("Chosen: copy it with Ctrl+C")
    chosen = "e => e.value.slice(e.selectionStart, e.selectionEnd)"
    assert await field.evaluate(chosen) == await field.input_value()
    assert await field.evaluate("e => e === document.activeElement")
