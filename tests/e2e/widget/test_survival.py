"""Processes die, tabs come and go: in the frame, too, nothing is lost and nothing happens twice."""

import asyncio
import json
import signal

import pytest
from playwright.async_api import expect

from tests.e2e.reader import words
from tests.e2e.widget.visitor import Visitor
from tests.product import Product


@pytest.mark.parametrize("process", ["web", "worker"])
async def test_the_same_frame_shows_the_complete_answer_after_a_kill_of(
    keiko: Product, visitor: Visitor, process: str
) -> None:
    visitor.connection_may_break = True
    chat = await visitor.open()
    await chat.ask("!long 150 30")
    await expect(chat.answer).to_contain_text("w20")
    keiko.wait_for_new(process, keiko.kill(process))
    await chat.sees(words(150))
    await expect(chat.messages).to_have_count(1)
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")


async def test_messages_written_while_nobody_answers_arrive_once_and_in_order(
    keiko: Product, visitor: Visitor
) -> None:
    visitor.connection_may_break = True
    chat = await visitor.open()
    await chat.ask("!say zero")
    await chat.sees("zero")
    old = keiko.kill("web", signal.SIGSTOP)
    for word in ("one", "two", "three"):
        await chat.send(f"!say {word}")
    await expect(chat.messages).to_have_count(4)
    keiko.wait_for_new("web", keiko.kill("web"))
    assert old
    await expect(chat.turns).to_have_count(4, timeout=30_000)
    await expect(chat.answer).to_have_text("three", timeout=30_000)
    await chat.rests()
    assert await chat.answers.all_inner_texts() == ["zero", "one", "two", "three"]
    assert await chat.messages.all_inner_texts() == [f"!say {w}" for w in words_of()]
    await expect(chat.frame.locator(".connection")).to_have_text("")


def words_of() -> list[str]:
    return ["zero", "one", "two", "three"]


async def test_a_message_of_a_tab_that_was_reloaded_before_it_was_accepted_is_not_lost(
    keiko: Product, visitor: Visitor
) -> None:
    visitor.connection_may_break = True
    chat = await visitor.open()
    await chat.ask("!say zero")
    await chat.sees("zero")
    keiko.kill("web", signal.SIGSTOP)
    await chat.send("!say one")
    await expect(chat.messages).to_have_count(2)
    old = keiko.kill("web")
    keiko.wait_for_new("web", old)
    await chat.page.reload()
    await chat.is_usable()
    await expect(chat.answer).to_have_text("one", timeout=30_000)
    assert await chat.messages.all_inner_texts() == ["!say zero", "!say one"]


async def test_two_tabs_show_the_same_and_either_may_stop(visitor: Visitor) -> None:
    first = await visitor.open()
    await first.ask("!say Good morning")
    await first.sees("Good morning")
    second = await visitor.open()
    await expect(second.answer).to_have_text("Good morning")
    await first.ask("!long 3000 30")
    await expect(second.answer).to_contain_text("w20")
    await second.button("stop").click()
    await asyncio.gather(first.rests(), second.rests())
    for chat in (first, second):
        await expect(chat.turns.last).to_contain_text("Stopped.")


async def test_a_question_answered_in_one_tab_is_settled_in_the_other(
    visitor: Visitor,
) -> None:
    first = await visitor.open()
    call = f"!tool keep_line {json.dumps({'path': '/dev/null', 'text': 'one'})} !then !say settled"
    await first.ask(call)
    second = await visitor.open()
    await expect(second.card).to_be_visible()
    await second.button("Refuse").click()
    for chat in (first, second):
        await expect(chat.card).to_contain_text("Refused.")
        await chat.sees("settled")


async def test_conversations_are_found_again_renamed_and_deleted_with_a_way_back(
    visitor: Visitor,
) -> None:
    chat = await visitor.open()
    for word in ("one", "two"):
        await chat.ask(f"!say {word}")
        await chat.sees(word)
        await chat.button("new").click()
        await expect(chat.messages).to_have_count(0)
    await chat.button("threads").click()
    rows = chat.frame.locator(".row")
    await expect(rows).to_have_count(2)
    await chat.frame.get_by_role("button", name="Rename").last.click()
    await chat.frame.get_by_label("Name", exact=True).fill("The first")
    await chat.frame.get_by_label("Name", exact=True).press("Enter")
    await expect(rows.filter(has_text="The first")).to_have_count(1)
    await chat.frame.get_by_role("button", name="Delete: The first").click()
    await expect(rows).to_have_count(1)
    await chat.button("Back to the chat").click()
    await chat.button("Undo").click()
    await chat.button("threads").click()
    await expect(rows).to_have_count(2)
    await rows.filter(has_text="The first").click()
    await expect(chat.answer).to_have_text("one")


async def test_a_thumb_is_given_and_taken_back(visitor: Visitor) -> None:
    chat = await visitor.open()
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    await chat.button("Good answer").click()
    await expect(chat.button("Good answer")).to_have_attribute("aria-pressed", "true")
    await chat.button("Undo").click()
    await expect(chat.button("Good answer")).to_have_attribute("aria-pressed", "false")
    await chat.page.reload()
    await chat.is_usable()
    await expect(chat.button("Good answer")).to_have_attribute("aria-pressed", "false")


async def test_work_in_the_background_can_be_brought_back(visitor: Visitor) -> None:
    chat = await visitor.open()
    await chat.ask("!long 3000 30")
    await chat.button("away").click()
    await expect(chat.turns.last).to_contain_text("Goes on in the background.")
    await chat.button("Bring back").click()
    await expect(chat.button("stop")).to_be_visible()
    await chat.button("stop").click()
    await chat.rests()


async def test_what_a_tool_brings_is_shown_and_saved_with_the_visitors_session(
    visitor: Visitor,
) -> None:
    chat = await visitor.open()
    turn = await chat.ask("!tool draw !then !say there")
    await chat.sees("there")
    await expect(turn.locator(".picture img")).to_be_visible()
    async with chat.page.expect_download() as saving:
        await turn.locator(".file").first.click()
    assert (await saving.value).suggested_filename
