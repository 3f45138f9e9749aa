"""Commands in the field for messages: chosen from the menu or typed, in both languages."""

from collections.abc import AsyncIterator
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, expect
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.schedules.models import Schedule
from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab
from tests.product import Product

ZONE = "Asia/Tokyo"


@pytest.fixture
async def tab(readers: Readers) -> AsyncIterator[Tab]:
    """A new chat of the owner, who is in Tokyo."""
    reader: Reader = await readers(timezone_id=ZONE)
    tab = await reader.open()
    await tab.connects()
    yield tab


def menu(tab: Tab) -> Locator:
    return tab.page.locator(".command-item")


async def next_of(keiko: Product, name: str) -> list[datetime]:
    """When the schedules of that name come next."""
    engine = keiko.open_engine(pool_size=1)
    async with AsyncSession(engine) as session:
        found = list(await session.scalars(select(Schedule)))
    await engine.dispose()
    return [one.next_at for one in found if one.name == name and one.next_at]


async def test_a_slash_offers_the_commands_and_enter_takes_one(tab: Tab) -> None:
    await tab.field.press_sequentially("/")
    await expect(menu(tab)).to_have_count(3)
    await expect(menu(tab).first).to_contain_text("Have it done in the background")
    await tab.field.press_sequentially("ta")
    await expect(menu(tab)).to_have_count(1)
    await tab.field.press("Enter")
    await expect(tab.field).to_have_value("")
    await tab.ask("Say hello")

    await expect(tab.messages.last).to_have_text("/task Say hello")
    link = tab.answer.get_by_role("link", name="Say hello")
    await expect(link).to_be_visible()
    await expect(tab.answer.get_by_role("link", name="Tasks")).to_have_attribute(
        "href", "/work/tasks"
    )
    address = await link.get_attribute("href")
    await tab.page.goto(str(address))
    await expect(tab.messages.last).to_have_text("Say hello")
    await expect(tab.answer).not_to_be_empty()


async def test_a_reminder_is_typed_and_means_the_clock_on_the_readers_wall(
    tab: Tab, keiko: Product
) -> None:
    answer = await tab.ask("/remind tomorrow at 9 to call mum")

    await expect(answer).to_contain_text("call mum")
    await expect(answer).to_contain_text(f"09:00 ({ZONE})")
    [due] = await next_of(keiko, "call mum")
    assert due.astimezone(ZoneInfo(ZONE)).time() == time(9)


async def test_a_time_that_is_over_is_a_sentence_and_makes_nothing(
    tab: Tab, keiko: Product
) -> None:
    answer = await tab.ask("/remind on 1 March 2020 at 9 to be young")

    await expect(answer).to_contain_text("has passed")
    assert await next_of(keiko, "be young") == []


async def test_a_german_reader_on_a_phone_is_offered_them_in_german(readers: Readers) -> None:
    reader = await readers(
        locale="de-DE", viewport={"width": 390, "height": 800}, color_scheme="dark"
    )
    tab = await reader.open()
    await tab.connects()
    await tab.field.press_sequentially("/")

    await expect(menu(tab).first).to_contain_text("Im Hintergrund erledigen lassen")
    box = await menu(tab).last.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    await tab.field.fill("")
    answer = await tab.ask("/schedule jeden Werktag um 8 die Uhrzeit in Tokio")
    await expect(answer).to_contain_text("Eingeplant: die Uhrzeit in Tokio")
