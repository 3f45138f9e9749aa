"""Functions of the page: asked about, carried out once, by the tab that asked, and told of."""

import asyncio

from playwright.async_api import Route, expect

from tests.e2e.widget.conftest import Visitors
from tests.e2e.widget.visitor import Visitor

LOOK = '!tool find_order {"number": 7}'
CANCEL = '!tool cancel_order {"number": 7} !then !say settled'


async def test_what_only_reads_runs_at_once_and_its_result_reaches_the_model(
    visitor: Visitor,
) -> None:
    chat = await visitor.open()
    await chat.ask(LOOK)
    await expect(chat.answer).to_contain_text("on its way", timeout=30_000)
    assert await chat.ran() == [["find_order", 7]]


async def test_a_call_that_is_told_before_the_frame_listens_is_not_missed(visitor: Visitor) -> None:
    chat = await visitor.open()

    async def late(route: Route) -> None:
        await asyncio.sleep(2)
        await route.continue_()

    await visitor.context.route("**/api/v1/tasks/*/events", late)
    await chat.ask(LOOK)
    await expect(chat.answer).to_contain_text("on its way", timeout=30_000)
    assert await chat.ran() == [["find_order", 7]]


async def test_what_changes_something_runs_once_after_it_was_allowed_and_never_again(
    visitors: Visitors,
) -> None:
    visitor = await visitors(locale="de-DE")
    chat = await visitor.open(lang="de")
    await chat.ask(CANCEL)
    await expect(chat.card).to_contain_text("Cancel order")
    assert await chat.ran() == []
    other = await visitor.open(lang="de")
    await expect(other.card).to_be_visible()
    await chat.button("allow").click()
    await chat.sees("settled")
    await other.sees("settled")
    assert (await chat.ran(), await other.ran()) == ([["cancel_order", 7]], [])
    await chat.page.reload()
    await chat.is_usable()
    await expect(chat.answer).to_have_text("settled")
    assert await chat.ran() == []


async def test_what_is_refused_does_not_run(visitor: Visitor) -> None:
    chat = await visitor.open()
    await chat.ask(CANCEL)
    await chat.button("Refuse").click()
    await chat.sees("settled")
    assert await chat.ran() == []


async def test_arguments_against_the_schema_never_reach_the_page(visitor: Visitor) -> None:
    chat = await visitor.open()
    await chat.ask('!tool find_order {"number": "seven"} !then !say settled')
    await chat.sees("settled")
    assert await chat.ran() == []


async def test_the_page_can_open_send_and_hears_of_answers_while_the_chat_is_closed(
    visitor: Visitor,
) -> None:
    chat = await visitor.visit()
    await chat.page.evaluate("Keiko.send('!say Good morning')")
    await chat.is_usable()
    await chat.sees("Good morning")
    await chat.send("!long 60 30")
    await expect(chat.turns).to_have_count(2)
    await chat.page.evaluate("Keiko.close()")
    await expect(chat.badge).to_have_text("1", timeout=30_000)
    await expect(chat.launcher).to_have_accessible_name("Open chat, 1 unread")
    assert len(await chat.heard("answer")) == 2
    await chat.launcher.click()
    await expect(chat.badge).to_be_hidden()
