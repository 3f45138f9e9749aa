"""The form for a schedule: understood while it is written, refused where it is wrong, changed."""

import re
from datetime import UTC, datetime, timedelta

from playwright.async_api import Locator, expect

from tests.e2e.centre import SOUND
from tests.e2e.reader import Reader
from tests.e2e.timetable import ask, choose, keep, open_page, row

NEXT_RUNS = "Next runs"


async def moments(form: Locator, count: int) -> list[str]:
    """The runs that a form shows, once it has looked and there are so many."""
    await expect(form.locator(".preview.is-old")).to_have_count(0)
    shown = form.get_by_label(NEXT_RUNS).locator("time")
    await expect(shown).to_have_count(count)
    return [str(await one.get_attribute("datetime")) for one in await shown.all()]


def fortnights(first: str, count: int) -> list[str]:
    """Moments two weeks apart."""
    start = datetime.fromisoformat(first)
    found = [start + n * timedelta(weeks=2) for n in range(count)]
    return [one.isoformat().replace("+00:00", "Z") for one in found]


async def test_one_is_made_by_the_form_and_understood_while_it_is_written(reader: Reader) -> None:
    page = await open_page(reader)
    await page.keyboard.press("n")
    form = page.get_by_role("dialog", name="New schedule")
    await expect(form.get_by_label("What Keiko is asked")).to_be_focused()
    zone = await page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    await expect(form.get_by_label("Time zone")).to_have_value(zone)
    await form.get_by_label("What Keiko is asked").fill("!say News.")
    for when, words in (
        ("every weekday at 8:30", "Every weekday at 08:30"),
        ("0 9 * * 1,4", "Every Monday and Thursday at 09:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=9;BYMINUTE=0", "Every 2 weeks on Monday at 09:00"),
    ):
        await form.get_by_label("When", exact=True).fill(when)
        await expect(form.locator(".words")).to_have_text(words)
        await expect(form.get_by_label(NEXT_RUNS).get_by_role("listitem")).to_have_count(5)
    await form.get_by_label("Name").fill("Fortnight")
    await form.get_by_label("If a run is missed").select_option("Leave it out")
    await expect(form.get_by_text("does not run; you are told")).to_be_visible()
    await form.get_by_label("If the last run is still at work").select_option("queue")
    await form.get_by_label("Model").select_option("Small")
    await form.get_by_role("button", name="Create schedule").click()
    await expect(form).to_be_hidden()
    await expect(row(page, "Fortnight")).to_be_focused()
    await expect(row(page, "Fortnight").locator(".badge")).to_have_text("Active")
    await expect(row(page, "Fortnight").locator(".rule")).to_have_text(words)
    await expect(row(page, "Fortnight").locator(".next")).not_to_be_empty()
    await expect(row(page, "Fortnight").locator(".last")).to_have_text("none yet")
    made = (await ask(reader, "GET", "/schedules"))["items"][0]
    kept = {name: made[name] for name in ("missed", "overlap", "model", "time_zone")}
    assert kept == {"missed": "skip", "overlap": "queue", "model": "Small", "time_zone": zone}


async def test_a_wrong_time_says_so_and_keeps_nothing(reader: Reader) -> None:
    before = (await ask(reader, "GET", "/schedules"))["items"]
    page = await open_page(reader)
    await page.get_by_role("button", name="New schedule").click()
    form = page.get_by_role("dialog", name="New schedule")
    when, create = form.get_by_label("When", exact=True), form.get_by_text("Create schedule")
    await create.click()
    await expect(form.get_by_role("alert")).to_have_text("Say what Keiko is to be asked.")
    await form.get_by_label("What Keiko is asked").fill("!say x")
    await create.click()
    await expect(form.get_by_role("alert")).to_contain_text("Say when")
    await when.fill("sometimes")
    await expect(form.get_by_role("alert")).to_contain_text("not understood")
    await expect(when).to_have_attribute("aria-invalid", "true")
    await create.click()
    await expect(when).to_be_focused()
    await expect(form.get_by_role("alert")).to_contain_text("not understood")
    await when.fill("every day at 8")
    await expect(form.locator(".words")).to_have_text("Every day at 08:00")
    await expect(form.get_by_role("alert")).to_have_count(0)
    await form.get_by_label("Time zone").fill("Europe/Bonn")
    await expect(form.get_by_role("alert")).to_be_visible()
    await expect(form.get_by_label("Time zone")).to_have_attribute("aria-invalid", "true")
    await form.get_by_label("Time zone").fill("America/New_York")
    await expect(form.get_by_label(NEXT_RUNS)).to_be_visible()
    await form.get_by_role("button", name="Close").click()
    await page.keyboard.press("n")
    await expect(when).to_have_value("every day at 8")
    assert (await ask(reader, "GET", "/schedules"))["items"] == before
    reader.problems.clear()  # the browser's own notes of the refusals


async def test_it_begins_ends_and_counts_in_its_time_zone(reader: Reader) -> None:
    year = datetime.now(UTC).year + 1
    page = await open_page(reader)
    await page.keyboard.press("n")
    form = page.get_by_role("dialog", name="New schedule")
    await form.get_by_label("What Keiko is asked").fill("!say x")
    await form.get_by_label("When", exact=True).fill("every day at 8")
    await form.get_by_label("Name").fill("Three days")
    await form.get_by_label("Time zone").fill("Asia/Tokyo")
    await expect(form.get_by_label("Start")).to_be_hidden()
    await form.get_by_text("More", exact=True).click()
    await form.get_by_label("Start").fill(f"{year}-06-01T00:00")
    await form.get_by_label("End").fill(f"{year}-06-03T08:00")
    runs = [f"{year}-05-31T23:00:00Z", f"{year}-06-01T23:00:00Z", f"{year}-06-02T23:00:00Z"]
    assert await moments(form, 3) == runs
    await form.get_by_label("Number of runs").fill("2")
    assert await moments(form, 2) == runs[:2]
    await form.get_by_label("Priority").select_option("High")
    await form.get_by_role("button", name="Create schedule").click()
    await expect(row(page, "Three days")).to_be_focused()
    before = (await ask(reader, "GET", "/schedules"))["items"][0]
    kept = {name: before[name] for name in ("starts_at", "ends_at", "most_runs", "priority")}
    assert kept == {
        "starts_at": f"{year}-05-31T15:00:00Z",
        "ends_at": runs[2],
        "most_runs": 2,
        "priority": "high",
    }


async def test_what_bounds_it_is_shown_and_taken_away(reader: Reader) -> None:
    year = datetime.now(UTC).year + 1
    bounds = {"starts_at": f"{year}-05-31T15:00:00Z", "ends_at": f"{year}-07-01T00:00:00Z"}
    id = await keep(reader, "Bound", time_zone="Asia/Tokyo", most_runs=3, **bounds)
    before = await ask(reader, "GET", f"/schedules/{id}")
    page = await open_page(reader)
    await choose(page, "Bound", "Edit")
    form = page.get_by_role("dialog", name="Edit schedule")
    await expect(form.get_by_label("Start")).to_have_value(f"{year}-06-01T00:00")
    await expect(form.get_by_label("End")).to_have_value(f"{year}-07-01T09:00")
    assert (await moments(form, 3))[0] == before["next_at"]
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_be_hidden()
    assert await ask(reader, "GET", f"/schedules/{id}") == before
    await choose(page, "Bound", "Edit")
    for label in ("Start", "End", "Number of runs"):
        await form.get_by_label(label).fill("")
    assert (await moments(form, 5))[0] < before["next_at"]
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_be_hidden()
    after = await ask(reader, "GET", f"/schedules/{id}")
    assert (after["ends_at"], after["most_runs"]) == (None, None)
    assert after["starts_at"] < before["starts_at"]


async def test_a_wrong_end_or_number_says_so_at_its_field(reader: Reader) -> None:
    page = await open_page(reader)
    await page.keyboard.press("n")
    form = page.get_by_role("dialog", name="New schedule")
    create = form.get_by_role("button", name="Create schedule")
    await form.get_by_label("What Keiko is asked").fill("!say x")
    await form.get_by_label("When", exact=True).fill("every day at 8")
    await form.get_by_text("More", exact=True).click()
    for label, wrong, said in (
        ("Start", "2001-01-01T08:00", "The start lies in the past"),
        ("End", "2001-01-01T08:00", "The end lies in the past"),
        ("Number of runs", "0", "It may run 1 to 100,000 times."),
    ):
        field = form.get_by_label(label)
        await field.fill(wrong)
        await form.get_by_text("More", exact=True).click()
        await create.click()
        await expect(field).to_be_focused()
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_have_accessible_description(re.compile(re.escape(said)))
        await expect(form.get_by_role("alert")).to_contain_text(said)
        assert await page.evaluate(SOUND) == []
        await field.fill("")
        await expect(form.get_by_role("alert")).to_have_count(0)
    reader.problems.clear()  # the browser's own notes of the refusals


async def test_one_is_changed_and_what_is_left_stays(reader: Reader) -> None:
    id = await keep(reader, "Draft", when="every 2 weeks on Monday at 9", time_zone="Asia/Tokyo")
    before = await ask(reader, "GET", f"/schedules/{id}")
    page = await open_page(reader)
    await expect(row(page, "Draft").locator(".rule")).to_contain_text("(Asia/Tokyo)")
    await row(page, "Draft").focus()
    await page.keyboard.press("Enter")
    form = page.get_by_role("dialog", name="Edit schedule")
    await expect(form.get_by_label("When", exact=True)).to_have_value(before["words"])
    assert await moments(form, 5) == fortnights(before["next_at"], 5)
    await form.get_by_label("Name").fill("Final")
    await form.get_by_role("button", name="Save").click()
    await expect(row(page, "Final")).to_be_focused()
    after = await ask(reader, "GET", f"/schedules/{id}")
    assert after == before | {"name": "Final"}
    await choose(page, "Final", "Edit")
    await form.get_by_label("When", exact=True).fill("every Friday at 7")
    await form.get_by_role("button", name="Save").click()
    await expect(row(page, "Final").locator(".rule")).to_contain_text("Every Friday at 07:00")
