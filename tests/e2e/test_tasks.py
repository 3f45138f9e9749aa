"""The page "Tasks": everything that one sees there, and everything that one can do."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.centre import SOUND, Centre, act, start
from tests.e2e.conftest import Readers
from tests.e2e.reader import ENDLESS, Reader


async def test_a_task_is_begun_by_the_form_and_watched_until_it_is_done(reader: Reader) -> None:
    centre = await Centre.open(reader)
    await centre.page.keyboard.press("n")
    form = centre.page.get_by_role("dialog", name="New task")
    await expect(form.get_by_label("What is to be done")).to_be_focused()
    await form.get_by_role("button", name="Start task").click()
    await expect(form.get_by_role("alert")).to_have_text("Say what is to be done.")
    await form.get_by_label("What is to be done").fill("!slow 2.5 !say All is counted.")
    await form.get_by_label("Name").fill("Count")
    await form.get_by_label("Priority").select_option("High")
    await form.get_by_label("Tags").fill("sums, #home")
    await form.get_by_label("Model").select_option("Small")
    await form.get_by_role("button", name="Start task").click()
    await expect(form).to_be_hidden()
    await expect(centre.toasts).to_contain_text("It goes on even if you close this page.")
    row = centre.row("Count")
    await expect(row.locator(".badge")).to_have_text("Running")
    await expect(row.get_by_role("progressbar")).to_be_visible()
    await expect(row.locator(".facts")).to_contain_text("Priority: High")
    await expect(row.locator(".elapsed")).to_have_text(re.compile(r"[12]\Ws"))
    await expect(row).to_have_count(0)
    await centre.look_at("Finished")
    await expect(centre.row("Count").locator(".badge")).to_have_text("Done")
    await expect(centre.row("Count").locator(".facts")).to_contain_text(re.compile(r"\d+ tokens"))
    await expect(centre.row("Count").locator(".tag")).to_have_text(["#sums", "#home"])


async def test_the_form_says_what_is_wrong_where_it_is_wrong(reader: Reader) -> None:
    centre = await Centre.open(reader)
    await centre.page.get_by_role("button", name="New task").click()
    form = centre.page.get_by_role("dialog", name="New task")
    await form.get_by_label("What is to be done").fill("!say x")
    await form.get_by_label("Not before").fill("2001-01-01T08:00")
    await form.get_by_role("button", name="Start task").click()
    await expect(form.get_by_role("alert")).to_contain_text("give one that is still to come")
    await expect(form.get_by_label("Not before")).to_be_focused()
    await expect(form.get_by_label("Not before")).to_have_attribute("aria-invalid", "true")
    await form.get_by_role("button", name="Close").click()
    await centre.page.keyboard.press("n")
    await expect(form.get_by_label("What is to be done")).to_have_value("!say x")
    reader.problems.clear()  # the browser's own note of the refusal


async def test_tasks_stand_where_they_are(reader: Reader) -> None:
    await start(reader, "!say x", name="Later", not_before=_tomorrow())
    paused = await start(reader, ENDLESS, name="Resting")
    running = await start(reader, ENDLESS, name="Busy")
    await start(reader, "!fail 400", name="Hopeless", max_retries=0)
    centre = await Centre.open(reader)
    await expect(centre.row("Busy")).to_be_visible()
    await act(reader, paused, "pause")
    await centre.look_at("Waiting")
    await expect(centre.row("Resting").locator(".badge")).to_have_text("Paused")
    await centre.look_at("Scheduled")
    await expect(centre.row("Later").locator(".badge")).to_contain_text("Begins tomorrow")
    await centre.look_at("Finished")
    await expect(centre.row("Hopeless").locator(".badge")).to_have_text("Failed")
    await expect(centre.row("Hopeless").locator(".wrong")).not_to_be_empty()
    await act(reader, paused, "stop")
    await act(reader, running, "stop")
    await expect(centre.row("Busy").locator(".badge")).to_have_text("Cancelled")


async def test_a_task_says_how_far_it_is_and_what_it_does(reader: Reader) -> None:
    reports = [
        f'!tool report_progress {{"percent": {percent}, "step": "{step}"}}'
        for percent, step in ((40, "Reading"), (80, "Writing"))
    ]
    text = " !then ".join([reports[0], f"!slow 1.5 {reports[1]}", ENDLESS])
    id = await start(reader, text, name="Long way")
    centre = await Centre.open(reader)
    row = centre.row("Long way")
    for percent, step in ((40, "Reading"), (80, "Writing")):
        await expect(row.locator(".step")).to_have_text(step)
        await expect(row.locator(".percent")).to_have_text(re.compile(rf"^{percent}\s%$"))
        bar = row.get_by_role("progressbar", name="Progress of “Long way”")
        await expect(bar).to_have_js_property("position", percent / 100)
    await act(reader, id, "stop")


async def test_what_has_failed_says_when_it_is_tried_again(reader: Reader) -> None:
    id = await start(reader, "!fail 500", name="Stubborn")
    centre = await Centre.open(reader, "?state=waiting")
    badge = centre.row("Stubborn").locator(".badge")
    await expect(badge).to_have_text(re.compile(r"Tries again .*\d\d:\d\d"), timeout=30_000)
    await act(reader, id, "stop")


async def test_a_task_is_paused_resumed_and_cancelled(reader: Reader) -> None:
    await start(reader, ENDLESS, name="Errand")
    centre = await Centre.open(reader)
    await centre.button("Errand", "Pause").click()
    await centre.look_at("Waiting")
    await expect(centre.row("Errand").locator(".badge")).to_have_text("Paused", timeout=30_000)
    await centre.button("Errand", "Resume").click()
    await centre.look_at("Running")
    await expect(centre.row("Errand").locator(".badge")).to_have_text("Running")
    await centre.button("Errand", "Cancel").click()
    question = centre.page.get_by_role("dialog")
    await question.get_by_role("button", name="Let it be").click()
    await expect(centre.row("Errand").locator(".badge")).to_have_text("Running")
    await centre.button("Errand", "Cancel").click()
    await question.get_by_role("button", name="Cancel it").click()
    await expect(centre.row("Errand")).to_have_count(0)
    await centre.look_at("Finished")
    await expect(centre.row("Errand").locator(".badge")).to_have_text("Cancelled")
    await centre.button("Errand", "Try again").click()
    await centre.look_at("Running")
    await expect(centre.row("Errand").locator(".badge")).to_have_text("Running")
    await centre.button("Errand", "Cancel").click()
    await question.get_by_role("button", name="Cancel it").click()


async def test_a_result_is_read_downloaded_and_made_again(reader: Reader, tmp_path: Path) -> None:
    await start(reader, "!say Twelve moons.", name="Moons")
    centre = await Centre.open(reader, "?state=finished")
    row = centre.row("Moons")
    async with centre.page.expect_download() as download:
        await row.get_by_role("link", name="Download: Moons").click()
    file = tmp_path / "result.md"
    await (await download.value).save_as(file)
    assert file.read_text() == "# Moons\n\nTwelve moons.\n"
    await centre.button("Moons", "Run again").click()
    await expect(centre.page.get_by_role("status")).to_contain_text("“Moons” runs again.")
    await centre.look_at("Finished")
    await expect(row).to_have_count(2)
    await row.first.get_by_role("link", name="Moons", exact=True).click()
    await centre.page.wait_for_url("**/thread/*")
    await expect(centre.page.get_by_text("Twelve moons.", exact=True)).to_have_count(2)


async def test_a_priority_is_changed_and_a_task_is_brought_to_the_front(reader: Reader) -> None:
    id = await start(reader, ENDLESS, name="Urgent matter")
    centre = await Centre.open(reader)
    row = centre.row("Urgent matter")
    await row.locator("summary").click()
    await row.get_by_label("Priority").select_option("Urgent")
    await expect(row.locator(".facts")).to_contain_text("Priority: Urgent")
    await centre.choose("Urgent matter", "Bring to front")
    await centre.page.wait_for_url("**/thread/*")
    await expect(centre.page.locator("#stop-button")).to_be_visible()
    await act(reader, id, "stop")


async def test_the_list_is_filtered_by_words_and_by_tags_and_stays_so(reader: Reader) -> None:
    for name, tag in (("Red apples", "fruit"), ("Red bricks", "house"), ("Green pears", "fruit")):
        await start(reader, "!say x", name=name, tags=[tag])
    centre = await Centre.open(reader, "?state=finished")
    names = centre.root.locator(".name")
    await centre.filter.fill("red")
    await expect(names).to_have_text(["Red bricks", "Red apples"])
    await centre.filter.press("End")
    await centre.page.keyboard.type(" ap")
    await expect(centre.filter).to_have_value("red ap")
    await expect(names).to_have_text(["Red apples"])
    await centre.filter.fill("red")
    await expect(names).to_have_text(["Red bricks", "Red apples"])
    await centre.row("Red apples").get_by_role("button", name="#fruit").click()
    await expect(names).to_have_text(["Red apples"])
    await centre.page.reload()
    await expect(names).to_have_text(["Red apples"])
    await centre.filter.fill("")
    await expect(names).to_have_text(["Green pears", "Red apples"])
    await centre.page.get_by_role("button", name="No longer filter by fruit").click()
    await centre.filter.fill("nothing like it")
    await expect(centre.page.get_by_text("Nothing fits the filter.")).to_be_visible()


async def test_everything_is_done_by_keyboard(reader: Reader) -> None:
    for name in ("Below", "Above"):
        await start(reader, ENDLESS, name=name, tags=["keys"])
    centre = await Centre.open(reader, "?tag=keys")
    press = centre.page.keyboard.press
    await expect(centre.rows).to_have_count(2)
    await press("j")
    await expect(centre.row("Above")).to_be_focused()
    await press("j")
    await expect(centre.row("Below")).to_be_focused()
    await press("Delete")
    await press("Enter")
    await expect(centre.row("Below")).to_have_count(0)
    await press("k")
    await expect(centre.row("Above")).to_be_focused()
    await press("/")
    await expect(centre.filter).to_be_focused()
    await centre.page.keyboard.type("njk")
    await expect(centre.filter).to_have_value("njk")
    await centre.filter.fill("")
    await centre.row("Above").focus()
    await press("Delete")
    await press("Escape")
    await expect(centre.row("Above")).to_be_visible()
    await centre.row("Above").focus()
    await press("Enter")
    await centre.page.wait_for_url("**/thread/*")
    await expect(centre.page.locator("#chat-input")).to_be_visible()


async def test_the_tabs_are_walked_with_the_arrow_keys(reader: Reader) -> None:
    centre = await Centre.open(reader, "?tag=arrows")
    press = centre.page.keyboard.press
    await centre.page.get_by_role("tab", name="Running").focus()
    await press("ArrowRight")
    await expect(centre.page.get_by_role("tab", name="Waiting")).to_be_focused()
    await press("ArrowLeft")
    await expect(centre.page.get_by_role("tab", name="Running")).to_be_focused()


async def test_two_tabs_see_what_happens_as_it_happens(reader: Reader) -> None:
    one, two = await Centre.open(reader, "?tag=live"), await Centre.open(reader, "?tag=live")
    for centre in (one, two):  # both listen: what follows is told, not asked for
        await expect(centre.page.get_by_text("Nothing fits the filter.")).to_be_visible()
    async with asyncio.timeout(12):  # the page looks by itself every 15 seconds
        id = await start(reader, ENDLESS, name="Visible", tags=["live"])
        await asyncio.gather(*(expect(c.row("Visible")).to_be_visible() for c in (one, two)))
    await one.page.reload()
    await expect(one.row("Visible")).to_be_visible()
    async with asyncio.timeout(12):
        await act(reader, id, "stop")
        await asyncio.gather(*(expect(c.row("Visible")).to_have_count(0) for c in (one, two)))


async def test_when_the_listening_tab_is_closed_another_listens(reader: Reader) -> None:
    one = await Centre.open(reader, "?tag=heir")
    two = await Centre.open(reader, "?tag=heir")
    await expect(two.page.get_by_text("Nothing fits the filter.")).to_be_visible()
    async with two.page.expect_response("**/api/v1/events"):
        await one.page.close()
    async with asyncio.timeout(12):
        id = await start(reader, ENDLESS, name="Inherited", tags=["heir"])
        await expect(two.row("Inherited")).to_be_visible()
    await act(reader, id, "stop")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_is_sound_for_everybody(readers: Readers, scheme: str) -> None:
    reader = await readers(color_scheme=scheme)
    id = await start(reader, ENDLESS, name="Legible", tags=["sight"], priority="high")
    await start(reader, "!fail 400", name="Wrong", max_retries=0)
    centre = await Centre.open(reader)
    await expect(centre.row("Legible")).to_be_visible()
    await centre.row("Legible").locator("summary").click()
    assert await centre.page.evaluate(SOUND) == []
    await centre.page.keyboard.press("Escape")
    await centre.look_at("Finished")
    await expect(centre.row("Wrong").first).to_be_visible()
    assert await centre.page.evaluate(SOUND) == []
    await centre.page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert await centre.page.evaluate(outline) != "none"
    await centre.page.get_by_role("button", name="New task").click()
    await expect(centre.page.get_by_label("Model")).to_be_visible()
    assert await centre.page.evaluate(SOUND) == []
    await act(reader, id, "stop")


async def test_on_a_phone_nothing_sticks_out_and_it_speaks_german(readers: Readers) -> None:
    phone = await readers(
        locale="de-DE", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    id = await start(phone, ENDLESS, name="Einenüberausausführlichen" * 6)
    page = await phone.context.new_page()
    await page.goto("/work/tasks")
    await expect(page.get_by_text("Läuft", exact=True).first).to_be_visible()
    for name in ("Laufend", "Wartend", "Geplant", "Beendet"):
        await expect(page.get_by_role("tab", name=name)).to_be_in_viewport(ratio=1)
    for name in ("Einstellungen", "Aufgaben"):
        await page.locator("nav a", has_text=name).focus()
        await expect(page.locator("nav a", has_text=name)).to_be_in_viewport(ratio=1)
    await page.get_by_role("button", name="Neue Aufgabe").click()
    await expect(page.get_by_label("Was zu tun ist")).to_be_in_viewport(ratio=1)
    widths = "[document.documentElement.scrollWidth, document.body.scrollWidth]"
    assert await page.evaluate(widths) == [390, 390]
    await act(phone, id, "stop")


def _tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()
