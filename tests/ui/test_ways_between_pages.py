"""The ways between the pages beside the chat, where they do not all fit: German, on a phone."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Locator, Page, expect

from app.core.resources import Resources
from app.ui.cookies import PLAIN_NAME
from app.users.models import Role
from app.users.sessions import Browser, start_session
from tests.factories import MakeUser
from tests.ui.conftest import Web

NAMES = (
    "Aufgaben", "Zeitpläne", "Eingang", "Tools", "Protokoll", "Benutzer", "Websites",
    "Einstellungen",
)  # fmt: skip
"""What an admin has a way to."""


@pytest.fixture
async def phone(
    web: Web, resources: Resources, make_user: MakeUser, chromium: Chromium
) -> AsyncIterator[Page]:
    """An admin's German phone."""
    admin = await make_user("root", Role.ADMIN)
    async with resources.db.transaction() as session:
        token, _ = await start_session(session, admin, Browser())
    context = await chromium.new_context(
        locale="de-DE",
        base_url=web.url,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    )
    await context.add_cookies([{"name": PLAIN_NAME, "value": token, "url": web.url}])
    yield await context.new_page()
    await context.close()


def way(page: Page, name: str) -> Locator:
    return page.locator("nav").get_by_role("link", name=name, exact=True)


async def is_wider(page: Page) -> bool:
    """Whether anything makes the page itself scroll sideways."""
    return bool(await page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("name", ["tasks", "record", "users", "sites", "settings"])
async def test_the_page_that_is_shown_stands_in_view_among_the_ways(phone: Page, name: str) -> None:
    await phone.goto(f"/work/{name}")
    await expect(phone.locator("nav a")).to_have_count(len(NAMES))
    await expect(phone.locator("nav a[aria-current=page]")).to_be_in_viewport(ratio=1)
    assert not await is_wider(phone)


async def test_an_arrow_says_that_there_are_more_and_leads_to_them(phone: Page) -> None:
    await phone.goto("/work/tasks")
    on, back = phone.locator(".edge.end"), phone.locator(".edge.start")
    await expect(phone.locator("nav a")).to_have_count(len(NAMES))
    await expect(back).to_be_hidden()
    await expect(way(phone, "Einstellungen")).not_to_be_in_viewport(ratio=1)
    await on.tap()
    await expect(back).to_be_visible()
    await expect(way(phone, "Protokoll")).to_be_in_viewport(ratio=1)
    await on.tap()
    await expect(on).to_be_hidden()
    await expect(way(phone, "Einstellungen")).to_be_in_viewport(ratio=1)
    await way(phone, "Einstellungen").tap()
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Einstellungen")
    await expect(way(phone, "Einstellungen")).to_be_in_viewport(ratio=1)
    await back.tap()
    await expect(on).to_be_visible()


async def test_by_keyboard_every_way_comes_into_view_and_no_arrow_is_in_the_way(
    phone: Page,
) -> None:
    await phone.goto("/work/tasks")
    await expect(phone.locator("nav a")).to_have_count(len(NAMES))
    await phone.locator(".brand").focus()
    for name in NAMES:
        await phone.keyboard.press("Tab")
        await expect(way(phone, name)).to_be_focused()
        await expect(way(phone, name)).to_be_in_viewport(ratio=1)
        assert await way(phone, name).evaluate(
            """link => {
                const {left, right, top, bottom} = link.getBoundingClientRect();
                const y = (top + bottom) / 2;
                return [left + 2, right - 2].every((x) => document.elementFromPoint(x, y) === link);
            }"""
        ), f"{name} is covered"
    await phone.keyboard.press("Enter")
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Einstellungen")


async def test_where_all_fit_there_is_no_arrow(phone: Page) -> None:
    await phone.set_viewport_size({"width": 1280, "height": 800})
    await phone.goto("/work/tasks")
    await expect(phone.locator("nav a")).to_have_count(len(NAMES))
    await expect(phone.locator(".edge").first).to_be_hidden()
    await expect(phone.locator(".edge").last).to_be_hidden()
    await phone.set_viewport_size({"width": 390, "height": 844})
    await expect(phone.locator(".edge.end")).to_be_visible()
