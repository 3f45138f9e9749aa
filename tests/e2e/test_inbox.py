"""The inbox: what is taken from it, and what comes while it is looked at."""

from playwright.async_api import Locator, Page, expect

from tests.e2e.centre import start
from tests.e2e.reader import Reader


async def open_inbox(reader: Reader) -> Page:
    """A new tab of the page."""
    page = await reader.context.new_page()
    await page.goto("/work/inbox")
    await expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    return page


def notice(page: Page, name: str, badge: str = "Done") -> Locator:
    """What is said of a task or a conversation."""
    rows = page.locator("li.notice").filter(has=page.get_by_role("heading", name=name, exact=True))
    return rows.filter(has=page.locator(".badge", has_text=badge))


async def test_what_is_removed_stays_away_while_it_can_be_taken_back(reader: Reader) -> None:
    await start(reader, "!say x", name="Unwanted")
    page = await open_inbox(reader)
    await notice(page, "Unwanted").get_by_role("button", name="Remove").click()
    await start(reader, "!say x", name="News")
    await expect(notice(page, "News")).to_be_visible()
    await expect(notice(page, "Unwanted")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(notice(page, "Unwanted")).to_be_visible()
