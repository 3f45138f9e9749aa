"""Lists that are longer than a page shows at once: "Show more" brings the rest, and it stays."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import Locator, Page, expect
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import app.turns.service  # noqa: F401 - with it every table is known
from app.core.clock import new_id
from app.notifications.models import Notification
from tests.e2e.centre import Centre, start
from tests.e2e.reader import Reader
from tests.e2e.timetable import keep, open_page
from tests.product import Product

AT_ONCE = 50


async def copy_what_was_told(keiko: Product, title: str, count: int) -> None:
    """Tell of the one thing of that title `count` times more; read, and longer ago."""
    engine = keiko.open_engine(pool_size=1)
    async with AsyncSession(engine) as session, session.begin():
        [told] = [one for one in await session.scalars(select(Notification)) if title in one.title]
        for n in range(count):
            copy = Notification(
                user_id=told.user_id,
                kind=told.kind,
                event_id=new_id(),
                title=f"Copy {n}",
                toast=False,
                read_at=told.created_at,
            )
            copy.created_at = told.created_at - timedelta(seconds=n + 1)
            session.add(copy)
    await engine.dispose()


async def show_more(page: Page, rows: Locator, count: int) -> None:
    """See one part of a list, and then all of it."""
    more = page.get_by_role("button", name="Show more")
    await expect(rows).to_have_count(AT_ONCE)
    await more.click()
    await expect(rows).to_have_count(count)
    await expect(more).to_have_count(0)


async def test_tasks(reader: Reader) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    later = {"tags": ["many"], "not_before": tomorrow}
    for n in range(AT_ONCE + 2):
        await start(reader, "!say x", name=f"Task {n}", **later)
    centre = await Centre.open(reader, "?state=scheduled&tag=many")
    await expect(centre.page.get_by_role("tab", name="Scheduled")).to_contain_text("50+")
    await show_more(centre.page, centre.rows, AT_ONCE + 2)
    await start(reader, "!say x", name="One more", **later)
    await expect(centre.rows).to_have_count(AT_ONCE + 3)


async def test_schedules(reader: Reader) -> None:
    for n in range(AT_ONCE + 2):
        await keep(reader, f"Schedule {n}")
    page = await open_page(reader)
    rows = page.locator("li.schedule")
    await show_more(page, rows, AT_ONCE + 2)
    await keep(reader, "One more")
    await expect(page.get_by_text("One more", exact=True)).to_be_visible()
    await expect(rows).to_have_count(AT_ONCE + 3)


async def test_the_inbox(keiko: Product, reader: Reader) -> None:
    await start(reader, "!say x", name="Original")
    page = await reader.context.new_page()
    await page.goto("/work/inbox")
    await expect(page.get_by_role("heading", name="Original")).to_be_visible()
    await copy_what_was_told(keiko, "Original", AT_ONCE + 2)
    await page.reload()
    read = page.get_by_role("region", name="Read", exact=True).locator("li")
    await show_more(page, read, AT_ONCE + 2)
    await start(reader, "!say x", name="One more")
    await expect(page.get_by_role("heading", name="One more")).to_be_visible()
    await expect(read).to_have_count(AT_ONCE + 2)
