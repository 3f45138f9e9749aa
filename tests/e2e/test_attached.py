"""Prompts of servers behind the slash, and resources behind the @, in the field for messages."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab
from tests.e2e.test_commands import menu
from tests.product import Product

COMMAND = {
    "name": "offering",
    "command": sys.executable,
    "args": ["-m", "tests.fakes.offering_server"],
}


@pytest.fixture
async def offering(keiko: Product, person: str) -> AsyncIterator[str]:
    """A server of the person that offers prompts and resources; its id."""
    with keiko.client(person) as client:
        made = client.post("/api/v1/mcp/servers", json=COMMAND).raise_for_status().json()["data"]
        async with asyncio.timeout(60):
            while not client.get("/api/v1/mcp/prompts").json()["data"]:
                await asyncio.sleep(0.1)
        yield made["id"]
        client.delete(f"/api/v1/mcp/servers/{made['id']}").raise_for_status()


@pytest.fixture
async def desk(offering: str, reader: Reader) -> Tab:
    """A new chat of somebody whose server offers things."""
    tab = await reader.open()
    await tab.connects()
    return tab


def brought(tab: Tab) -> Locator:
    return tab.page.locator("[data-attached]")


async def test_a_prompt_is_chosen_from_the_menu_and_what_it_said_can_be_read(desk: Tab) -> None:
    await desk.field.press_sequentially("/rev")
    await expect(menu(desk)).to_have_count(1)
    await expect(menu(desk)).to_contain_text("Reviews code kindly. · needs code · offering")
    await desk.field.press("Enter")
    await desk.field.press_sequentially("the sum of two")
    await desk.field.press("Enter")
    await desk.sees("Reviewed the sum of two (kind).")
    await expect(desk.messages.last).to_contain_text("/review the sum of two")
    card = brought(desk)
    await expect(card).to_contain_text("review · offering")
    said = card.locator("pre")
    await expect(said).to_be_hidden()
    await card.locator("summary").press("Enter")
    await expect(said).to_have_text("!say Reviewed the sum of two (kind).")
    await desk.page.reload()
    await expect(brought(desk)).to_contain_text("review · offering")


async def test_a_prompt_without_arguments_needs_no_words(desk: Tab) -> None:
    await desk.field.press_sequentially("/greet")
    await desk.field.press("Enter")
    await desk.field.press("Enter")
    await expect(desk.messages.last).to_contain_text("/greet")
    await desk.sees("Good day.")


async def test_what_a_prompt_lacks_is_asked_for_in_a_form_in_the_chat(desk: Tab) -> None:
    await desk.field.press_sequentially("/translate")
    await desk.field.press("Enter")
    await desk.field.press_sequentially("source=English")
    await desk.field.press("Enter")
    await expect(desk.page.get_by_label("source")).to_have_value("English")
    await desk.page.get_by_label("target").fill("German")
    await desk.page.get_by_label("target").press("Enter")
    await desk.sees("From English to German.")


async def test_a_page_that_is_open_is_offered_what_comes_and_not_what_has_gone(
    desk: Tab, offering: str, keiko: Product, person: str
) -> None:
    await desk.field.press_sequentially("/")
    await expect(menu(desk)).to_have_count(8)
    await desk.field.fill("")
    with keiko.client(person) as client:
        client.post(f"/api/v1/mcp/servers/{offering}/disable").raise_for_status()
    await desk.field.press_sequentially("/")
    await expect(menu(desk)).to_have_count(3)


async def test_another_user_is_not_offered_them(
    offering: str, other: str, readers: Readers
) -> None:
    reader = await readers()
    await reader.sign_in(other)
    tab = await reader.open()
    await tab.connects()
    await tab.field.press_sequentially("/")
    await expect(menu(tab)).to_have_count(3)


def offers(tab: Tab) -> Locator:
    return tab.page.get_by_role("listbox", name="Attach something").get_by_role("option")


def chips(tab: Tab) -> Locator:
    return tab.page.get_by_role("list", name="Attached").get_by_role("listitem")


async def test_an_at_offers_resources_which_are_found_and_attached_by_keyboard(desk: Tab) -> None:
    await desk.field.press_sequentially("What is on @")
    await expect(offers(desk).first).to_be_visible()
    await desk.field.press_sequentially("tod")
    await expect(offers(desk)).to_have_count(1)
    await expect(offers(desk)).to_contain_text("offering · notes://today")
    await desk.field.press("Enter")
    await expect(desk.field).to_have_value("What is on ")
    await expect(chips(desk)).to_have_text("today · offering×")
    await desk.field.press_sequentially("@")
    await expect(offers(desk).nth(1)).to_be_visible()
    await desk.field.press("ArrowDown")
    await desk.field.press("ArrowUp")
    await desk.field.press("Escape")
    await expect(offers(desk)).to_have_count(0)
    await desk.field.press("Backspace")
    await desk.field.press_sequentially("my list?")
    await desk.field.press("Enter")
    await expect(chips(desk)).to_have_count(0)
    await expect(brought(desk)).to_contain_text("today · offering")
    await brought(desk).locator("summary").click()
    await expect(brought(desk).locator("pre")).to_contain_text("Buy milk.")
    await expect(desk.answer).not_to_be_empty()
    await desk.page.reload()
    await expect(brought(desk)).to_contain_text("today · offering")


async def test_what_is_attached_can_be_taken_off_and_a_template_asks_which_one(desk: Tab) -> None:
    await desk.field.press_sequentially("@count")
    await expect(offers(desk)).to_have_count(1)
    await offers(desk).click()
    dialog = desk.page.get_by_role("dialog", name="Which one? counted")
    await dialog.get_by_label("file").fill("aa/bb")
    await dialog.get_by_role("button", name="Attach").click()
    await expect(chips(desk)).to_have_count(1)
    await expect(chips(desk).locator("span")).to_have_attribute("title", "notes://counted/aa%2Fbb")
    await expect(desk.field).to_be_focused()
    await chips(desk).get_by_role("button", name="Do not attach: counted").press("Enter")
    await expect(chips(desk)).to_have_count(0)
    await desk.field.press_sequentially("ada@example.com @nothing-like-it")
    await desk.field.press("Enter")
    await expect(desk.messages.last).to_have_text("ada@example.com @nothing-like-it")
    await expect(brought(desk)).to_have_count(0)


async def test_what_cannot_be_read_says_why_below_the_message_in_german_on_a_phone(
    offering: str, readers: Readers
) -> None:
    reader = await readers(
        locale="de-DE", viewport={"width": 390, "height": 800}, color_scheme="dark"
    )
    tab = await reader.open()
    await tab.connects()
    await tab.field.press_sequentially("@gone")
    await tab.page.get_by_role("option").click()
    await tab.field.press_sequentially("Was stand da?")
    await tab.field.press("Enter")
    await expect(brought(tab)).to_contain_text("„offering“ gibt „notes://gone“ nicht heraus:")
    await expect(brought(tab)).to_have_attribute("data-attached", "failed")
    assert await tab.page.evaluate("document.documentElement.scrollWidth") <= 390
