"""Turns that go on behind the scenes: in the chat, and in the panel beside it."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.centre import SOUND, Centre, act, calm, start
from tests.e2e.conftest import Readers
from tests.e2e.reader import ENDLESS, Reader, Tab, words


def card(tab: Tab, state: str) -> Locator:
    """What a thread says of a turn in this state."""
    return tab.page.locator(f"[data-turn={state}]")


def move_button(tab: Tab) -> Locator:
    """The button beside Stop."""
    return tab.page.get_by_role("button", name="Continue in background")


def panel_button(tab: Tab) -> Locator:
    """The button in the header."""
    return tab.page.locator("#keiko-tasks")


def panel(tab: Tab) -> Centre:
    """The tasks beside the chat."""
    return Centre(tab.page, tab.page.frame_locator("#keiko-panel iframe"))


async def grows(answer: Locator) -> None:
    """Wait until an answer has become longer."""
    seen = len((await answer.inner_text()).split())
    await expect(answer).to_contain_text(f"w{seen + 5} ")


async def in_background(tab: Tab, text: str = ENDLESS) -> str:
    """Ask something, and let it go on in the background; gives back the task's id."""
    await tab.ask(text)
    async with tab.page.expect_response("**/background") as answer:
        await move_button(tab).click()
    return (await answer.value).url.split("/")[-2]


async def thread_of(reader: Reader, task_id: str) -> str:
    """The address of a task's conversation."""
    answer = await reader.context.request.get(f"/api/v1/tasks/{task_id}")
    return f"/thread/{(await answer.json())['data']['thread_id']}"


async def test_a_turn_goes_on_in_the_background_and_the_next_is_answered(tab: Tab) -> None:
    await in_background(tab)
    await expect(tab.stop_button).to_have_count(0)
    await expect(move_button(tab)).to_have_count(0)
    await expect(tab.field).to_be_focused()
    await expect(card(tab, "background")).to_contain_text("Goes on in the background.")
    first = tab.answers.first
    await grows(first)
    await tab.ask("!say Forty-two.")
    await expect(tab.answer).to_have_text("Forty-two.")
    await grows(first)
    await card(tab, "background").get_by_role("button", name="Stop").click()
    await expect(card(tab, "background")).to_have_count(0)
    await expect(tab.answer).to_have_text("Forty-two.")


async def test_a_background_turn_is_brought_to_the_front_and_stopped_there(tab: Tab) -> None:
    await in_background(tab)
    await card(tab, "background").get_by_role("button", name="Bring to front").click()
    await expect(tab.stop_button).to_be_visible()
    await expect(move_button(tab)).to_be_visible()
    await expect(card(tab, "background")).to_have_count(0)
    await grows(tab.answer)
    await tab.stop_button.click()
    await tab.rests()


async def test_stop_ends_the_turn_in_front_and_no_other(reader: Reader, tab: Tab) -> None:
    await in_background(tab)
    await tab.ask(ENDLESS)
    first = tab.answers.first
    refused = card(tab, "background").get_by_role("button", name="Bring to front")
    await refused.click()
    await expect(card(tab, "background").get_by_role("alert")).to_contain_text("under way")
    reader.problems.clear()  # the browser's own note of the refusal
    await tab.stop_button.click()
    await expect(tab.stop_button).to_have_count(0)
    await expect(card(tab, "background")).to_be_visible()
    await grows(first)
    await card(tab, "background").get_by_role("button", name="Stop").click()
    await tab.rests()


async def test_a_reload_and_a_second_tab_show_what_goes_on(reader: Reader, tab: Tab) -> None:
    await in_background(tab)
    await tab.page.reload()
    await expect(card(tab, "background")).to_be_visible()
    other = await reader.open(tab.address)
    await expect(card(other, "background")).to_be_visible()
    await asyncio.gather(grows(tab.answer), grows(other.answer))
    await expect(other.stop_button).to_have_count(0)
    await card(other, "background").get_by_role("button", name="Bring to front").click()
    await asyncio.gather(*(expect(t.stop_button).to_be_visible() for t in (tab, other)))
    await tab.stop_button.click()
    await asyncio.gather(tab.rests(), other.rests())


async def test_an_answer_from_the_background_stands_where_its_question_stands(tab: Tab) -> None:
    await in_background(tab, "!long 120 25")
    await tab.ask("!say quick")
    await expect(tab.answers).to_have_text([words(120), "quick"])
    await expect(card(tab, "background")).to_have_count(0)
    await tab.page.reload()
    await expect(tab.answers).to_have_text([words(120), "quick"])
    await tab.rests()


async def test_a_paused_turn_says_so_and_is_resumed(tab: Tab) -> None:
    await tab.ask(ENDLESS)
    run = await tab.page.evaluate(
        "fetch('/api/v1/tasks?state=running').then((a) => a.json()).then((a) => a.data.items[0].id)"
    )
    await tab.page.evaluate("(id) => fetch(`/api/v1/tasks/${id}/pause`, {method: 'POST'})", run)
    await expect(card(tab, "paused")).to_contain_text("Paused.", timeout=30_000)
    await expect(tab.stop_button).to_have_count(0)
    await card(tab, "paused").get_by_role("button", name="Resume").click()
    await expect(card(tab, "paused")).to_have_count(0)
    await expect(tab.stop_button).to_be_visible()
    await grows(tab.answer)
    await tab.stop_button.click()
    await tab.rests()


async def test_what_waits_for_its_time_or_its_next_try_says_when(reader: Reader) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    later = await start(reader, "!say x", name="Later", not_before=tomorrow)
    again = await start(reader, "!fail 500", name="Again")
    tab = await reader.open(await thread_of(reader, later))
    await expect(card(tab, "later")).to_contain_text(re.compile(r"Begins at .*\d\d:\d\d"))
    await card(tab, "later").get_by_role("button", name="Stop").click()
    await expect(card(tab, "later")).to_have_count(0)
    tab = await reader.open(await thread_of(reader, again))
    said = re.compile(r"did not work. The next try is at .*\d\d:\d\d")
    await expect(card(tab, "retrying")).to_contain_text(said, timeout=30_000)
    await card(tab, "retrying").get_by_role("button", name="Stop").click()
    await expect(card(tab, "retrying")).to_have_count(0)


async def test_the_panel_opens_beside_the_chat_and_counts_what_runs(reader: Reader) -> None:
    await calm(reader)
    tab = await reader.open()
    count = panel_button(tab).locator(".count")
    await expect(count).to_be_hidden()
    task = await start(reader, ENDLESS, name="Beside")
    await expect(count).to_have_text("1")
    await expect(panel_button(tab)).to_have_attribute("aria-expanded", "false")
    await panel_button(tab).click()
    await expect(panel_button(tab)).to_have_attribute("aria-expanded", "true")
    await expect(panel(tab).row("Beside")).to_be_visible()
    await expect(panel(tab).root.locator("nav")).to_have_count(0)
    await tab.ask("!say seen beside it")
    await tab.sees("seen beside it")
    await expect(tab.send_button).to_be_in_viewport(ratio=1)
    await act(reader, task, "stop")
    await expect(count).to_be_hidden()
    await expect(panel(tab).row("Beside")).to_have_count(0)


async def test_the_panel_is_closed_by_escape_and_remembers_what_it_was(tab: Tab) -> None:
    await panel_button(tab).click()
    shown = tab.page.locator("#keiko-panel")
    await expect(shown.get_by_role("button", name="Close")).to_be_focused()
    await tab.page.reload()
    await expect(panel(tab).root.get_by_role("heading", name="Tasks")).to_be_visible()
    await panel(tab).root.get_by_role("button", name="New task").click()
    await tab.page.keyboard.press("Escape")
    await expect(panel(tab).root.get_by_role("dialog")).to_be_hidden()
    await expect(shown).to_be_visible()
    await panel(tab).root.get_by_role("tab", name="Running").press("Escape")
    await expect(shown).to_have_count(0)
    await expect(panel_button(tab)).to_be_focused()
    await tab.page.reload()
    await expect(panel_button(tab)).to_be_visible()
    await expect(shown).to_have_count(0)
    await panel_button(tab).click()
    await expect(shown).to_be_visible()
    await tab.page.keyboard.press("Escape")
    await expect(shown).to_have_count(0)


async def test_a_task_in_the_panel_opens_in_the_whole_window(reader: Reader, tab: Tab) -> None:
    await start(reader, "!say from the panel", name="Way out")
    await panel_button(tab).click()
    await panel(tab).look_at("Finished")
    await panel(tab).row("Way out").first.get_by_role("link", name="Way out", exact=True).click()
    await tab.page.wait_for_url("**/thread/*")
    await expect(tab.answers).to_have_text(["from the panel"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone_the_panel_fills_the_screen(readers: Readers, scheme: str) -> None:
    phone = await readers(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme=scheme
    )
    tab = await phone.open()
    await tab.ask(ENDLESS)
    await expect(move_button(tab)).to_be_in_viewport(ratio=1)
    await expect(tab.stop_button).to_be_in_viewport(ratio=1)
    await move_button(tab).click()
    await expect(card(tab, "background").get_by_role("button", name="Stop")).to_be_visible()
    await panel_button(tab).click()
    box = await tab.page.locator("#keiko-panel").bounding_box()
    assert box is not None and (box["x"], box["width"], box["height"]) == (0, 390, 844)
    await expect(panel(tab).rows.first).to_be_visible()
    frame = next(f for f in tab.page.frames if "/work/tasks" in f.url)
    assert await frame.evaluate(SOUND) == []
    await tab.page.get_by_role("button", name="Close").click()
    await card(tab, "background").get_by_role("button", name="Stop").click()
    await tab.rests()
    assert await tab.page.evaluate("document.documentElement.scrollWidth") == 390


async def test_the_chat_says_it_in_german(readers: Readers) -> None:
    tab = await (await readers(locale="de-DE")).open()
    await tab.ask(ENDLESS)
    await tab.page.get_by_role("button", name="Im Hintergrund weiter").click()
    await expect(card(tab, "background")).to_contain_text("Läuft im Hintergrund weiter.")
    await card(tab, "background").get_by_role("button", name="Abbrechen").click()
    await tab.rests()
