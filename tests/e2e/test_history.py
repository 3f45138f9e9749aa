"""Conversations are found again, by their writer and by nobody else."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab, words

SIGN_IN = re.compile("/login")

OPENS = int(os.environ.get("OPENS", "25"))
"""How often a streaming thread is opened under load."""


def entry(tab: Tab, path: str) -> str:
    """The selector of a thread in the history."""
    return f"#thread-{path.removeprefix('/thread/')}"


async def begun(tab: Tab, text: str, answer: str) -> str:
    """The address of a thread in which one message is answered."""
    await tab.ask(text)
    await tab.sees(answer)
    return tab.address


async def test_the_history_lists_conversations_and_resumes_one_by_a_click(tab: Tab) -> None:
    first = await begun(tab, "!say apples are red", "apples are red")
    await tab.page.locator("#new-chat-button").first.click()
    await expect(tab.messages).to_have_count(0)
    second = await begun(tab, "!say pears are green", "pears are green")
    assert first != second
    await expect(tab.page.locator(entry(tab, second))).to_contain_text("pears")
    await tab.page.locator(entry(tab, first)).click()
    await expect(tab.answers).to_have_text(["apples are red"])
    assert tab.address == first
    await tab.ask("!say still red")
    await tab.sees("still red")
    await expect(tab.answers).to_have_text(["apples are red", "still red"])


async def test_a_deep_link_opens_a_conversation_that_goes_on(reader: Reader, tab: Tab) -> None:
    path = await begun(tab, "!say linked", "linked")
    other = await reader.open(path)
    await expect(other.answers).to_have_text(["linked"])
    await other.ask("!say more")
    await other.sees("more")
    assert other.address == path
    await expect(tab.answers).to_have_text(["linked", "more"])


async def test_a_conversation_is_renamed_and_keeps_its_name(tab: Tab) -> None:
    path = await begun(tab, "!say anything", "anything")
    await tab.page.locator(entry(tab, path)).hover()
    await tab.page.locator(f"{entry(tab, path)} #thread-options").click()
    await tab.page.locator("#rename-thread").click()
    dialog = tab.page.get_by_role("dialog")
    await dialog.locator("#name").fill("My trip to Mars")
    await dialog.get_by_role("button", name="Confirm").click()
    await expect(tab.page.locator(entry(tab, path))).to_contain_text("My trip to Mars")
    await tab.page.reload()
    await expect(tab.page.locator(entry(tab, path))).to_contain_text("My trip to Mars")


async def test_a_deleted_conversation_is_gone_for_good(reader: Reader, tab: Tab) -> None:
    path = await begun(tab, "!say short lived", "short lived")
    await tab.page.locator(entry(tab, path)).hover()
    await tab.page.locator(f"{entry(tab, path)} #thread-options").click()
    await tab.page.locator("#delete-thread").click()
    await tab.page.get_by_role("alertdialog").get_by_role("button", name="Confirm").click()
    await expect(tab.page).to_have_url(f"{reader.keiko.url}/")
    await expect(tab.page.locator("#starters")).to_be_visible()
    await expect(tab.page.locator(entry(tab, path))).to_have_count(0)
    await expect(tab.messages).to_have_count(0)
    await tab.page.goto(path)
    await expect(tab.page.get_by_text("no such conversation")).to_be_visible()
    await expect(tab.page.locator("#starters")).to_be_visible()
    await expect(tab.messages).to_have_count(0)
    await expect(tab.page.locator(entry(tab, path))).to_have_count(0)


async def test_search_finds_words_of_titles_and_of_answers(tab: Tab) -> None:
    title = "Zebra questions !say yes"
    in_title = await begun(tab, title, "yes")
    await tab.page.locator("#new-chat-button").first.click()
    await expect(tab.messages).to_have_count(0)
    hidden = '!tool calculator {"expression": "11 * 1111"}'
    in_answer = await begun(tab, hidden, "ok: 11 * 1111 = 12221")
    for word, name, path in (("zebra", title, in_title), ("12221", hidden, in_answer)):
        await tab.page.locator("#search-chats-button").click()
        dialog = tab.page.get_by_role("dialog")
        await dialog.get_by_role("combobox").fill(word)
        await expect(dialog.get_by_role("option")).to_have_text([name])
        await dialog.get_by_role("option").click()
        await tab.page.wait_for_url(f"**{path}")
        await expect(tab.messages).to_have_text([name])


async def test_another_users_conversation_shows_nothing(
    readers: Readers, tab: Tab, other: str
) -> None:
    path = await begun(tab, "!say for my eyes only", "for my eyes only")
    stranger = await readers()
    await stranger.sign_in(other)
    theirs = await stranger.open()
    await theirs.page.goto(path)
    await theirs.page.wait_for_url("**/")
    await expect(theirs.page.get_by_text("no such conversation")).to_be_visible()
    await expect(theirs.messages).to_have_count(0)
    assert "eyes only" not in await theirs.page.content()


async def test_signing_out_ends_the_session_in_every_tab(reader: Reader) -> None:
    tab, second = await reader.open(), await reader.open()
    cookies = await reader.context.cookies()
    await tab.page.locator("#user-nav-button").click()
    await tab.page.get_by_role("menuitem").click()
    for page in (tab.page, second.page):
        await expect(page).to_have_url(SIGN_IN)
        await expect(page.locator("#password")).to_be_visible()
    await reader.context.add_cookies(
        [{"name": c["name"], "value": c["value"], "url": reader.keiko.url} for c in cookies]
    )
    await tab.page.goto("/")
    await expect(tab.page).to_have_url(SIGN_IN)
    reader.problems.clear()  # what was being asked for when the session ended is refused


@pytest.fixture
def load() -> Iterator[None]:
    """Two processes that want all the time there is, for a bounded time."""
    work = f"import time\nend = time.monotonic() + {OPENS * 5}\nwhile time.monotonic() < end: pass"
    burners = [subprocess.Popen([sys.executable, "-c", work]) for _ in range(2)]
    yield
    for burner in burners:
        burner.kill()
        burner.wait()


@pytest.mark.timeout(60 + OPENS * 5)
async def test_a_streaming_thread_opens_every_time_on_a_busy_machine(
    reader: Reader, tab: Tab, load: None
) -> None:
    await tab.ask(f"!long {OPENS * 400} 40")
    for _ in range(OPENS // 2):
        await asyncio.gather(*[open_once(reader, tab.address) for _ in range(2)])
    await tab.stop_button.click()
    await tab.rests()
    assert (await tab.answer.inner_text()).startswith(words(20))


async def open_once(reader: Reader, path: str) -> None:
    """Open a thread whose answer is under way, see all of it, and close it."""
    tab = Tab(await reader.context.new_page())
    await tab.page.goto(path)
    await expect(tab.field).to_be_visible(timeout=30_000)
    await expect(tab.answer).to_contain_text("w0 w1 ", timeout=30_000)
    await expect(tab.stop_button).to_be_visible()
    await tab.page.close()
