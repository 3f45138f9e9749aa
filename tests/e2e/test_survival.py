"""Processes die, connections break, tabs close: the reader gets the whole answer all the same."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import ENDLESS, Reader, Tab, words
from tests.product import Product

LONG = "!long 150 30"

SOCKETS = """
window.sockets = [];
const Native = window.WebSocket;
window.WebSocket = class extends Native {
  constructor(...args) { super(...args); window.sockets.push(this) }
};
"""
"""Lets a test cut the connections of a page."""


@pytest.fixture
async def reader(readers: Readers) -> Reader:
    """The owner, before whose eyes servers die."""
    reader = await readers()
    reader.connection_may_break = True
    return reader


@contextmanager
def away(keiko: Product) -> Iterator[None]:
    """For the time of a block nobody answers the pages; then the frozen process is replaced."""
    keiko.kill("web", signal.SIGSTOP)
    try:
        yield
    finally:
        keiko.wait_for_new("web", keiko.kill("web"))


async def finished(tab: Tab, *, text: str = words(150)) -> None:
    """The very same page shows one message and its complete answer, once."""
    await tab.sees(text)
    await expect(tab.messages).to_have_count(1)
    await expect(tab.answers).to_have_count(1)
    await expect(tab.unsent).to_have_count(0)
    assert await tab.is_marked()


async def grows(tab: Tab) -> None:
    """The answer goes on, with no word missing and none twice."""
    await expect(tab.answer).to_contain_text(words(await tab.count_words() + 20))


async def begun(tab: Tab, text: str = LONG) -> None:
    """A long answer is under way in a page that would notice a reload."""
    await tab.mark()
    await tab.ask(text)
    await expect(tab.answer).to_contain_text("w20")


@pytest.mark.parametrize("process", ["web", "worker"])
async def test_the_same_page_shows_the_complete_answer_after_a_kill_of(
    keiko: Product, tab: Tab, process: str
) -> None:
    await begun(tab)
    keiko.wait_for_new(process, keiko.kill(process))
    await finished(tab)


async def test_a_cut_connection_is_made_again_and_nothing_is_missing(reader: Reader) -> None:
    await reader.context.add_init_script(SOCKETS)
    tab = await reader.open()
    await begun(tab)
    await tab.page.evaluate("sockets.forEach(socket => socket.close())")
    await finished(tab)


async def test_a_reload_in_mid_answer_shows_the_text_so_far_and_then_the_rest(tab: Tab) -> None:
    await begun(tab, ENDLESS)
    before = await tab.count_words()
    await tab.page.reload()
    await expect(tab.answer).to_contain_text(words(before))
    await expect(tab.stop_button).to_be_visible()
    await grows(tab)
    await tab.stop_button.click()
    await tab.rests()


async def test_a_second_tab_is_on_the_same_word(reader: Reader, tab: Tab) -> None:
    await begun(tab, ENDLESS)
    second = await reader.open(tab.address)
    for one, other in ((tab, second), (second, tab), (tab, second)):
        await expect(one.answer).to_contain_text("w20")
        await expect(other.answer).to_contain_text(words(await one.count_words()), timeout=10_000)
    await asyncio.gather(grows(tab), grows(second))
    await second.stop_button.click()
    await asyncio.gather(tab.rests(), second.rests())
    assert await tab.answer.inner_text() == await second.answer.inner_text()
    assert await tab.count_words() < 3000


async def test_an_answer_is_there_later_although_the_tab_was_closed(
    reader: Reader, tab: Tab
) -> None:
    await begun(tab)
    path = tab.address
    await tab.page.close()
    later = await reader.open(path)
    await later.sees(words(150))


async def test_a_message_whose_tab_was_closed_before_it_was_stored_is_delivered_by_another(
    keiko: Product, reader: Reader, tab: Tab
) -> None:
    await tab.ask("!say first")
    await tab.sees("first")
    path = tab.address
    with away(keiko):
        await tab.send("!say second")
        await expect(tab.messages).to_have_count(2)
        await tab.page.close()
    await reader.open()
    thread = await reader.open(path)
    await thread.sees("second")
    await expect(thread.messages).to_have_text(["!say first", "!say second"])


async def test_a_message_sent_while_the_server_is_away_is_marked_and_sent_when_it_is_back(
    keiko: Product, tab: Tab
) -> None:
    note = "e => getComputedStyle(e, '::after').content"
    written = tab.page.locator("[data-step-type=user_message] [id^=step-]")
    await tab.mark()
    await tab.connects()
    with away(keiko):
        await tab.send("!say better late than never")
        await expect(tab.unsent).to_contain_text("1 message not sent")
        await expect(tab.unsent).to_contain_text("better late")
        assert "not yet sent" in await written.evaluate(note)
    await finished(tab, text="better late than never")
    assert await written.evaluate(note) == "none"


async def test_a_message_that_is_not_sent_yet_can_be_discarded(keiko: Product, tab: Tab) -> None:
    await tab.ask("!say first")
    await tab.sees("first")
    with away(keiko):
        await tab.send("!say never mind")
        await tab.unsent.get_by_role("button", name="Discard").click()
        await expect(tab.unsent).to_have_count(0)
        await expect(tab.messages).to_have_text(["!say first"])
    await tab.ask("!say second")
    await tab.sees("second")


async def test_another_user_of_the_same_browser_does_not_send_it(
    keiko: Product, reader: Reader, tab: Tab, other: str
) -> None:
    await tab.connects()
    with away(keiko):
        await tab.send("!say a secret of the owner")
        await expect(tab.unsent).to_be_visible()
        await tab.page.close()
    keiko.wait_ready()
    await reader.sign_in(other)
    theirs = await reader.open()
    await theirs.ask("!say mine")
    await theirs.sees("mine")
    await expect(theirs.unsent).to_have_count(0)
    assert "secret" not in await theirs.page.evaluate("JSON.stringify(localStorage)")
    threads = await (await reader.context.request.get("/api/v1/threads")).json()
    assert [t["name"] for t in threads["data"]["items"]] == ["!say mine"]


async def test_a_page_outlives_a_restart_of_everything(keiko: Product, tab: Tab) -> None:
    await tab.mark()
    await tab.ask("!say before")
    await tab.sees("before")
    await asyncio.to_thread(keiko.stop)
    await tab.field.fill("!say after")
    await expect(tab.send_button).to_be_disabled()
    await asyncio.to_thread(keiko.start)
    await expect(tab.send_button).to_be_enabled(timeout=30_000)
    await tab.send_button.click()
    await tab.sees("after")
    await expect(tab.messages).to_have_text(["!say before", "!say after"])
    assert await tab.is_marked()


async def test_a_tool_of_unknown_outcome_is_asked_about_in_every_tab_and_answered_once(
    keiko: Product, reader: Reader, tab: Tab, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    trace = tmp_path / "trace.txt"
    call = f'!tool append_line {{"path": "{trace}", "text": "mark", "delay_seconds": 30}}'
    await tab.send(f"{call} !then !say settled")
    async with asyncio.timeout(15):
        while not trace.exists():
            await asyncio.sleep(0.02)
    keiko.wait_for_new("worker", keiko.kill("worker"))
    await expect(tab.page.locator("[data-question]")).to_contain_text("append_line")
    second = await reader.open(tab.address)
    for page in (tab, second):
        await expect(page.page.get_by_role("button", name="It happened")).to_be_enabled()
    await second.page.get_by_role("button", name="It happened").click()
    for page in (tab, second):
        await page.sees("settled")
        await expect(page.page.locator("[data-question] button")).to_have_count(0)
        await expect(page.page.locator("[data-question]")).to_contain_text("It happened.")
    assert trace.read_text().split() == ["mark"]
