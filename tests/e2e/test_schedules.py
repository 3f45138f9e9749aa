"""The page "Schedules": paused, run, removed and walked through, by everybody."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.e2e.centre import SOUND
from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader
from tests.e2e.timetable import ask, choose, keep, open_page, row


async def test_one_is_paused_and_resumed(reader: Reader) -> None:
    await keep(reader, "Resting")
    page = await open_page(reader)
    await row(page, "Resting").get_by_role("button", name="Pause: ").click()
    await expect(row(page, "Resting").locator(".badge")).to_have_text("Paused")
    await expect(row(page, "Resting").locator(".next")).to_have_count(0)
    await expect(row(page, "Resting")).to_be_focused()
    await row(page, "Resting").get_by_role("button", name="Resume: ").click()
    await expect(row(page, "Resting").locator(".badge")).to_have_text("Active")
    await expect(row(page, "Resting").locator(".next")).to_be_visible()


async def test_one_runs_now_and_shows_its_runs_and_its_conversation(reader: Reader) -> None:
    await keep(reader, "Moons")
    page = await open_page(reader)
    moons = row(page, "Moons")
    await moons.get_by_role("button", name="Runs: ").click()
    await expect(moons.get_by_text("It has not run yet.")).to_be_visible()
    await moons.get_by_role("button", name="Run now: ").click()
    await expect(page.locator("#toasts")).to_contain_text("“Moons” runs now.")
    await expect(moons.locator(".last")).to_contain_text("Done")
    await expect(moons.locator(".runs .badge")).to_have_text(["Done"])
    await moons.locator("summary").click()
    await moons.get_by_role("link", name="Open conversation: Moons").click()
    await page.wait_for_url("**/thread/*")
    await expect(page.get_by_text("Twelve moons.", exact=True)).to_be_visible()


async def test_a_run_that_did_not_succeed_stands_out(reader: Reader) -> None:
    await keep(reader, "Hopeless", text="!fail 400")
    page = await open_page(reader)
    await row(page, "Hopeless").get_by_role("button", name="Run now: ").click()
    await expect(row(page, "Hopeless").locator(".last.bad")).to_contain_text("Failed")


async def slowly(route: Route) -> None:
    """Pass a request on after a while that is longer than the page gathers events."""
    await asyncio.sleep(0.6)
    await route.continue_()


async def test_one_is_removed_and_comes_back(reader: Reader) -> None:
    id = await keep(reader, "Fleeting")
    before = await ask(reader, "GET", f"/schedules/{id}")
    page = await open_page(reader)
    await choose(page, "Fleeting", "Remove")
    await expect(row(page, "Fleeting")).to_have_count(0)
    await page.route("**/api/v1/schedules?*", slowly)  # so that one look overtakes another
    await page.get_by_role("button", name="Undo").click()
    await expect(row(page, "Fleeting")).to_be_focused()
    assert await ask(reader, "GET", f"/schedules/{id}") == before
    await page.keyboard.press("Delete")
    await expect(row(page, "Fleeting")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_role("heading", name="Schedules")).to_be_visible()
    await expect(row(page, "Fleeting")).to_have_count(0)


async def test_the_rows_are_walked_by_keyboard(reader: Reader) -> None:
    for name in ("Below", "Above"):
        await keep(reader, name)
    page = await open_page(reader)
    await expect(row(page, "Above")).to_be_visible()
    for key, name in (("j", "Above"), ("j", "Below"), ("k", "Above")):
        await page.keyboard.press(key)
        await expect(row(page, name)).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_is_sound_for_everybody(readers: Readers, scheme: str) -> None:
    reader = await readers(color_scheme=scheme)
    name = f"Legible {scheme}"
    id = await keep(reader, name)
    await ask(reader, "POST", f"/schedules/{id}/run")
    await ask(reader, "POST", f"/schedules/{await keep(reader, 'Paused')}/pause")
    page = await open_page(reader)
    await row(page, name).get_by_role("button", name="Runs: ").click()
    await expect(row(page, name).locator(".runs li")).to_have_count(1)
    await row(page, name).locator("summary").click()
    assert await page.evaluate(SOUND) == []
    await page.get_by_role("button", name="New schedule").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("When", exact=True).fill("every day at 8")
    await expect(form.locator(".words")).to_be_visible()
    await expect(form.get_by_label("Model")).to_be_visible()
    assert await page.evaluate(SOUND) == []
    await form.get_by_role("button", name="Create schedule").click()
    await expect(form.get_by_role("alert")).to_be_visible()
    assert await page.evaluate(SOUND) == []


async def test_on_a_phone_nothing_sticks_out_and_it_speaks_german(readers: Readers) -> None:
    phone = await readers(
        locale="de-DE",
        color_scheme="dark",
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
    )
    long = "Einenüberausausführlichen" * 6
    await keep(phone, long, text=f"!say {long}", when="every day at 8", time_zone="Asia/Tokyo")
    page = await open_page(phone, "Zeitpläne")
    widths = "[document.documentElement.scrollWidth, document.body.scrollWidth]"
    await expect(row(page, long).locator(".badge")).to_have_text("Aktiv")
    await expect(row(page, long).locator(".rule")).to_contain_text("Jeden Tag um 08:00")
    await row(page, long).get_by_role("button", name="Läufe: ").click()
    await expect(page.get_by_text("Er ist noch nicht gelaufen.")).to_be_visible()
    await row(page, long).get_by_role("button", name="Anhalten: ").click()
    await expect(row(page, long).get_by_role("button", name="Fortsetzen: ")).to_be_visible()
    assert await row(page, long).locator(".actions").evaluate("line => line.clientHeight") < 50
    assert await page.evaluate(widths) == [390, 390]
    await page.get_by_role("button", name="Neuer Zeitplan").click()
    form = page.get_by_role("dialog", name="Neuer Zeitplan")
    await form.get_by_label("Wann", exact=True).fill("jeden Werktag um 8")
    await expect(form.locator(".words")).to_contain_text("08:00")
    assert await form.evaluate("form => form.scrollWidth <= form.clientWidth")
    assert await page.evaluate(widths) == [390, 390]
    assert await page.evaluate(SOUND) == []
