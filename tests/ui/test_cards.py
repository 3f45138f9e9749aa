"""The cards of a turn, as the page draws them: what they say, and what their buttons do."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from app.core.bus import publish_hint
from app.core.resources import Resources
from app.tasks.models import Task, TaskStatus
from app.tasks.questions import ask_questions
from app.ui.cookies import PLAIN_NAME
from app.users.models import User
from app.users.sessions import Browser, start_session
from tests.ui.conftest import SignIn, Web, Worker

CALL = {"tool_call_id": "1", "tool": "send_mail", "arguments": {"to": "eva@example.org"}}


@pytest.fixture
async def german(
    chromium: Chromium, web: Web, resources: Resources, user: User
) -> AsyncIterator[Page]:
    async with resources.db.transaction() as session:
        token, _ = await start_session(session, user, Browser())
    context = await chromium.new_context(locale="de-DE")
    await context.add_cookies([{"name": PLAIN_NAME, "value": token, "url": web.url}])
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def task(open_tab: SignIn, worker: Worker) -> Task:
    """A turn that has begun."""
    tab = await open_tab()
    message = await tab.send("Write to Eva")
    await tab.accepted(message)
    return await worker.claim(message)


async def test_a_failed_turn_can_be_tried_again(
    web: Web, german: Page, worker: Worker, task: Task
) -> None:
    await worker.end(task, "So far", TaskStatus.FAILED, "The model does not answer.")
    await german.goto(f"{web.url}/thread/{task.thread_id}")
    await expect(german.get_by_text("The model does not answer.")).to_be_visible()
    await german.get_by_role("button", name="Noch einmal versuchen").click()
    await expect(german.get_by_text("The model does not answer.")).to_be_hidden()
    await expect(german.get_by_role("button", name="Noch einmal versuchen")).to_be_hidden()


async def test_an_unknown_outcome_is_asked_with_what_was_called_and_answered_once(
    web: Web, german: Page, resources: Resources, task: Task
) -> None:
    async with resources.db.transaction() as session:
        held = await session.merge(task)
        await ask_questions(session, held, {"1": {**CALL, "kind": "unknown_outcome"}})
    assert task.thread_id
    await publish_hint(resources.redis, "thread", task.thread_id)
    await german.goto(f"{web.url}/thread/{task.thread_id}")
    card = german.locator("[data-question]")
    await expect(card).to_contain_text("Ist das geschehen?")
    await expect(card).to_contain_text("send_mail")
    await expect(card).to_contain_text('"to": "eva@example.org"')
    await german.get_by_role("button", name="Es ist geschehen").click()
    await expect(card).to_contain_text("Es ist geschehen.")
    await expect(card.get_by_role("button")).to_have_count(0)


async def test_a_card_says_why_its_button_did_not_work(
    web: Web, german: Page, worker: Worker, task: Task
) -> None:
    await worker.end(task, "", TaskStatus.FAILED, "The model does not answer.")
    await german.route("**/api/v1/tasks/*/retry", lambda route: route.abort())
    await german.goto(f"{web.url}/thread/{task.thread_id}")
    await german.get_by_role("button", name="Noch einmal versuchen").click()
    await expect(german.get_by_role("alert").filter(has_text="nicht geklappt")).to_be_visible()
