"""Websites as they are: strict, isolated, small, in a hurry; with browsers that refuse storage."""

import gzip
import re

import pytest
from playwright.async_api import expect

from app.ui.assets import PUBLIC
from tests.e2e.widget.conftest import Visitors, make_site
from tests.e2e.widget.host import HostSite
from tests.e2e.widget.visitor import Visitor
from tests.product import Product

SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.parametrize("kind", ["strict", "typed", "isolated", "inline"])
async def test_the_chat_works_on_a_page_that_is(visitor: Visitor, kind: str) -> None:
    chat = await visitor.open(kind)
    await chat.ask("!say Good **morning**")
    await chat.sees("Good morning")
    is_isolated = await chat.page.evaluate("crossOriginIsolated")
    assert is_isolated == (kind == "isolated")


@pytest.mark.parametrize("width", [390, 320])
async def test_on_a_phone_the_chat_is_the_whole_screen_and_nothing_scrolls_sideways(
    visitors: Visitors, width: int
) -> None:
    visitor = await visitors(viewport={"width": width, "height": 640})
    chat = await visitor.open()
    await chat.ask("!say " + "a_very_long_word_" * 20 + "\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    await chat.rests()
    box = await chat.page.locator("keiko-widget dialog").bounding_box()
    assert box == {"x": 0, "y": 0, "width": width, "height": 640}
    for document in (chat.page.locator("html"), chat.frame.locator("html")):
        assert await document.evaluate("e => e.scrollWidth") == width
    scroller = chat.frame.locator(".scroller")
    assert await scroller.evaluate("e => e.scrollWidth <= e.clientWidth")
    await chat.button("Close chat").click()
    await expect(chat.launcher).to_be_focused()


async def test_nothing_on_the_page_moves_when_the_script_comes_and_when_the_chat_opens(
    visitor: Visitor,
) -> None:
    await visitor.context.add_init_script(SHIFTS)
    for how in ("defer", "async"):
        chat = await visitor.open(how=how)
        await chat.ask("!say Good morning")
        await chat.sees("Good morning")
        await chat.button("Close chat").click()
        assert await chat.page.evaluate("shifted") == 0


async def test_an_open_chat_is_open_on_the_next_page_and_takes_no_focus_there(
    visitor: Visitor,
) -> None:
    chat = await visitor.open()
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    await chat.page.goto(visitor.host.url(f"/other?as={visitor.name}"))
    await chat.is_usable()
    await expect(chat.answer).to_have_text("Good morning")
    assert await chat.page.evaluate("document.activeElement === document.body")
    await chat.button("Close chat").click()
    await chat.page.reload()
    await expect(chat.launcher).to_be_visible()
    await expect(chat.page.locator("keiko-widget dialog")).to_be_hidden()


async def test_a_browser_that_refuses_storage_shows_the_same_conversation_after_a_reload(
    visitors: Visitors,
) -> None:
    visitor = await visitors(refuses_storage=True)
    chat = await visitor.open()
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    await chat.page.reload()
    await chat.is_usable()
    await expect(chat.answer).to_have_text("Good morning")


async def test_a_browser_that_keeps_no_cookie_gets_a_token_which_stays_in_the_tab(
    visitors: Visitors,
) -> None:
    visitor = await visitors(refuses_cookies=True)
    chat = await visitor.open()
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    assert not await visitor.context.cookies(visitor.host.keiko)
    tickets = len(visitor.host.tickets)
    assert tickets >= 2
    await chat.ask("!say Once more")
    await chat.sees("Once more")
    assert len(visitor.host.tickets) == tickets


async def test_anybody_may_write_where_the_site_allows_it_and_is_the_same_after_a_reload(
    keiko: Product, visitor: Visitor, host: HostSite
) -> None:
    key, _ = make_site(keiko, [host.origin], allows_anonymous=True)
    chat = await visitor.open("anonymous", site=key)
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    await chat.page.reload()
    await chat.is_usable()
    await expect(chat.answer).to_have_text("Good morning")
    shut = await visitor.visit("anonymous")
    await shut.launcher.click()
    await expect(shut.frame.locator(".gate")).to_contain_text("Sign in to start a conversation.")


async def test_a_limit_is_said_in_a_sentence_and_the_message_can_be_had_back(
    keiko: Product, visitors: Visitors, host: HostSite
) -> None:
    key, secret = make_site(keiko, [host.origin], allows_anonymous=True, messages_per_visitor_day=1)
    visitor = await visitors(locale="de-DE")
    visitor.connection_may_break = True  # a browser reports a 429 of its own accord
    chat = await visitor.open("anonymous", lang="de", site=key)
    await chat.ask("!say Guten Morgen")
    await chat.sees("Guten Morgen")
    await chat.send("!say Noch etwas")
    wrong = chat.frame.locator(".notsent")
    await expect(wrong).to_contain_text("Nachricht")
    await expect(wrong).not_to_contain_text("message")
    await wrong.get_by_role("button", name="Verwerfen").click()
    await expect(chat.field).to_have_value("!say Noch etwas")
    await expect(chat.messages).to_have_count(1)


async def test_the_hosts_colour_and_theme_are_taken_and_stay_readable(visitor: Visitor) -> None:
    chat = await visitor.open(accent="#ffcc00", theme="light")
    await chat.field.fill("x")
    button = chat.frame.locator(".send")
    assert await button.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 204, 0)"
    assert await button.evaluate("e => getComputedStyle(e).color") == "rgb(20, 20, 20)"
    launcher = await chat.launcher.evaluate("e => getComputedStyle(e).backgroundColor")
    assert launcher == "rgb(255, 204, 0)"


def test_the_scripts_are_small() -> None:
    widget = (PUBLIC / "widget.js").read_bytes()
    parts = sorted((PUBLIC / "keiko" / "frame").glob("*.*"))
    assert len(gzip.compress(widget, 9)) <= 6 * 1024
    assert sum(len(gzip.compress(part.read_bytes(), 9)) for part in parts) <= 40 * 1024
    for file in (PUBLIC / "widget.js", *parts):
        assert file.read_text("utf-8").count("\n") <= 300, file.name
    assert not re.search(rb"\b(innerHTML|outerHTML|insertAdjacentHTML|eval)\b", widget)
