"""The page "Tools": a server is registered, tried, switched off and removed; rules come and go."""

import re

from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader


async def open_tools(reader: Reader) -> Page:
    page = await reader.context.new_page()
    await page.goto("/work/tools")
    await expect(page.get_by_role("heading", name="Tools", exact=True)).to_be_visible()
    return page


def server(page: Page, name: str) -> Locator:
    return page.locator("li.server").filter(has=page.get_by_role("heading", name=name, exact=True))


async def add(page: Page, name: str, url: str) -> None:
    await page.get_by_role("button", name="Add a server").click()
    form = page.get_by_role("dialog", name="Add a server")
    await form.get_by_label("Name").fill(name)
    await form.get_by_label("Address", exact=True).fill(url)
    await form.get_by_role("button", name="Add", exact=True).click()


async def test_a_server_is_registered_switched_off_and_removed(reader: Reader) -> None:
    page = await open_tools(reader)
    await add(page, "tracker", "https://tracker.invalid/mcp")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    row = server(page, "tracker")
    await expect(row).to_be_focused()
    await row.get_by_role("button", name="Switch off: tracker").click()
    await expect(row.locator(".badge")).to_have_text("Switched off")
    await row.get_by_role("button", name="Switch on: tracker").click()
    await expect(row.locator(".badge")).not_to_have_text("Switched off")
    await row.get_by_role("button", name="Remove: tracker").click()
    await page.get_by_role("button", name="Remove it").click()
    await expect(row).to_have_count(0)


async def test_a_trial_says_in_one_sentence_why_a_server_is_not_reached(reader: Reader) -> None:
    page = await open_tools(reader)
    await add(page, "nowhere", "https://nowhere.invalid/mcp")
    row = server(page, "nowhere")
    await row.get_by_role("button", name="Test: nowhere").click()
    await expect(row.get_by_role("status")).to_have_text(re.compile(r"\w.*\."), timeout=60_000)
    await expect(row.locator(".problem")).to_be_visible(timeout=60_000)


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(reader: Reader) -> None:
    page = await open_tools(reader)
    await add(page, "x", "https://tracker.invalid/mcp")
    form = page.get_by_role("dialog", name="Add a server")
    await expect(form.get_by_label("Name")).to_be_focused()
    await expect(form.get_by_role("alert")).to_contain_text("3 to 50 letters")
    await form.get_by_label("Name").fill("inside")
    await form.get_by_label("Address", exact=True).fill("http://127.0.0.1:1/mcp")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form.get_by_label("Address", exact=True)).to_be_focused()
    await form.get_by_role("button", name="Close").click()
    await expect(server(page, "inside")).to_have_count(0)
    reader.problems.clear()  # the browser's own notes of the refusals


async def test_rules_come_and_go(reader: Reader) -> None:
    page = await open_tools(reader)
    rules = page.get_by_role("region", name="What tools may do")
    await rules.get_by_label("Server/tool").fill("nonsense")
    await rules.get_by_role("button", name="Add rule").click()
    await expect(rules.get_by_role("alert")).to_contain_text("Write a pattern")
    await rules.get_by_label("Server/tool").fill("git/*")
    await rules.get_by_label("May be used").select_option("deny")
    await rules.get_by_role("button", name="Add rule").click()
    row = rules.locator("li").filter(has_text="git/*")
    await expect(row).to_contain_text("never")
    await row.get_by_role("button", name="Remove").click()
    await expect(row).to_have_count(0)
    reader.problems.clear()  # the browser's own note of the refusal


async def test_an_admin_says_for_whom_a_server_is(reader: Reader) -> None:
    groups = "/api/v1/groups"
    made = await reader.context.request.post(groups, data={"name": "Research"})
    page = await open_tools(reader)
    await page.get_by_role("button", name="Add a server").click()
    form = page.get_by_role("dialog", name="Add a server")
    whom = form.get_by_label("For whom")
    options = whom.get_by_role("option")
    await expect(options.filter(has_text="Research")).to_have_text(["For the group Research"])
    assert (await options.all_inner_texts())[:2] == ["Only for me", "For everybody here"]
    await whom.select_option(label="For the group Research")
    await form.get_by_label("Name").fill("board")
    await form.get_by_label("Address", exact=True).fill("https://board.invalid/mcp")
    await expect(whom.locator("option:checked")).to_have_text("For the group Research")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(server(page, "board").locator(".badge").first).to_have_text("for Research")
    id = (await made.json())["data"]["id"]
    assert (await reader.context.request.delete(f"{groups}/{id}")).ok


async def test_the_page_speaks_german(readers: Readers) -> None:
    reader = await readers(locale="de-DE")
    page = await reader.context.new_page()
    await page.goto("/work/tools")
    await expect(page.get_by_role("heading", name="Werkzeuge", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Server eintragen").click()
    await expect(page.get_by_label("Adresse", exact=True)).to_be_visible()
