"""The card that asks whether a tool may be used, and the ways that lead to it."""

import json
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.centre import start
from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab
from tests.e2e.test_inbox import notice, open_inbox


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    tmp_path.chmod(0o777)
    return tmp_path / "trace"


def call(trace: Path, text: str) -> str:
    return f"!tool keep_line {json.dumps({'path': str(trace), 'text': text})} !then !say settled"


def card(tab: Tab) -> Locator:
    return tab.page.locator("[data-kind=approval]").last


async def test_a_tool_is_used_once_its_owner_allows_it_in_any_tab(
    reader: Reader, tab: Tab, trace: Path
) -> None:
    await tab.send(call(trace, "one"))
    await expect(card(tab)).to_contain_text("traces / keep_line")
    await expect(card(tab)).to_contain_text("It may add something. Nothing happens before")
    assert not trace.exists()
    second = await reader.open(tab.address)
    await card(second).get_by_role("button", name="Allow once").click()
    for page in (tab, second):
        await page.sees("settled")
        await expect(card(page)).to_contain_text("Allowed once.")
        await expect(card(page).get_by_role("button")).to_have_count(0)
    assert trace.read_text().split() == ["one"]


async def test_arguments_can_be_changed_and_what_is_no_json_is_not_sent(
    tab: Tab, trace: Path
) -> None:
    await tab.send(call(trace, "one"))
    await card(tab).get_by_role("button", name="Change").click()
    field = card(tab).get_by_label("Arguments, as JSON")
    await field.fill("{nonsense")
    await card(tab).get_by_role("button", name="Allow once").click()
    await expect(card(tab).get_by_role("alert")).to_contain_text("no JSON object")
    await field.fill(json.dumps({"path": str(trace), "text": "two"}))
    await card(tab).get_by_role("button", name="Allow once").click()
    await tab.sees("settled")
    await expect(card(tab)).to_contain_text('"text": "two"')
    assert trace.read_text().split() == ["two"]


async def test_a_refusal_takes_a_reason_by_keyboard(tab: Tab, trace: Path) -> None:
    await tab.send(call(trace, "one"))
    await card(tab).get_by_role("button", name="Refuse").press("Enter")
    await expect(card(tab).get_by_label("Why not (Keiko reads it)")).to_be_focused()
    await tab.page.keyboard.type("Rather not.")
    await tab.page.keyboard.press("Enter")
    await tab.sees("settled")
    await expect(card(tab)).to_contain_text("Refused. Rather not.")
    assert not trace.exists()


async def test_in_this_chat_means_no_further_question_there(tab: Tab, trace: Path) -> None:
    await tab.send(call(trace, "one"))
    await card(tab).get_by_role("button", name="In this chat").click()
    await tab.sees("settled")
    await tab.send(call(trace, "two"))
    await expect(tab.answers).to_have_count(3)  # the card is one of them
    await tab.sees("settled")
    await expect(tab.page.locator("[data-kind=approval]")).to_have_count(1)
    assert trace.read_text().split() == ["one", "two"]


async def test_the_card_speaks_german(readers: Readers, trace: Path) -> None:
    reader = await readers(locale="de-DE")
    tab = await reader.open()
    await tab.send(call(trace, "eins"))
    await expect(card(tab)).to_contain_text("Darf dieses Werkzeug benutzt werden?")
    for name in ("Einmal erlauben", "In diesem Gespräch", "Immer", "Ändern", "Ablehnen"):
        await expect(card(tab).get_by_role("button", name=name)).to_be_enabled()


async def test_a_background_task_waits_and_the_inbox_leads_to_the_answer(
    reader: Reader, trace: Path
) -> None:
    await start(reader, call(trace, "one"), name="Careful work")
    page = await open_inbox(reader)
    told = notice(page, "Careful work", badge="Needs an answer")
    await expect(told).to_be_visible()
    await told.get_by_role("link", name="Answer").click()
    await page.wait_for_url("**/thread/*")
    tab = Tab(page)
    await card(tab).get_by_role("button", name="Allow once").click()
    await tab.sees("settled")
    assert trace.read_text().split() == ["one"]
    again = await open_inbox(reader)
    await expect(notice(again, "Careful work", badge="Done")).to_be_visible()
    asked = notice(again, "Careful work", badge="Needs an answer")
    await expect(asked.get_by_role("button", name="Mark as unread")).to_be_visible()


async def test_the_page_of_tasks_says_that_one_needs_its_owner(reader: Reader, trace: Path) -> None:
    await start(reader, call(trace, "one"), name="Careful question")
    page = await reader.context.new_page()
    await page.goto("/work/tasks?state=waiting")
    row = page.locator("li.task").filter(has_text="Careful question")
    await expect(row).to_contain_text("Needs you")
    await row.get_by_role("link", name="Answer").click()
    await page.wait_for_url("**/thread/*")
    await expect(card(Tab(page))).to_be_visible()
