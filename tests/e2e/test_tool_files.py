"""Servers from the catalogue and from files on the page "Tools", and into a file."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader
from tests.e2e.test_tools import open_tools, server
from tests.product import Product

FILE = {
    "mcpServers": {
        "pasted": {
            "command": sys.executable,
            "args": ["-m", "tests.fakes.tool_server"],
            "env": {"API_TOKEN": "${TOKEN}"},
            "autoApprove": ["*"],
        },
        "remote": {"url": "https://remote.invalid/mcp"},
        "inside": {"url": "http://10.0.0.1/mcp"},
        "shell": {"command": "sh"},
    }
}


@pytest.fixture
async def page(reader: Reader, keiko: Product, person: str) -> AsyncIterator[Page]:
    """The page of the person, who has no servers before and after."""
    yield await open_tools(reader)
    with keiko.client(person) as client:
        for each in client.get("/api/v1/mcp/servers").json()["data"]["items"]:
            client.delete(f"/api/v1/mcp/servers/{each['id']}").raise_for_status()


async def bring(page: Page) -> Locator:
    await page.get_by_role("button", name="Import", exact=True).click()
    return page.get_by_role("dialog", name="Import servers")


async def test_a_well_known_server_fills_the_form_and_asks_for_what_it_needs(page: Page) -> None:
    await page.get_by_role("button", name="Well-known servers").click()
    shelf = page.get_by_role("dialog", name="Well-known servers")
    refused = shelf.locator("li").filter(has=page.get_by_role("heading", name="filesystem"))
    await expect(refused).to_contain_text("Not allowed here so far")
    await expect(refused).to_contain_text('["npx -y @modelcontextprotocol/server-filesystem"]')
    await shelf.get_by_role("button", name="Use: git", exact=True).press("Enter")
    form = page.get_by_role("dialog", name="Add a server")
    folder = form.get_by_label("REPOSITORY")
    await expect(folder).to_be_focused()
    await expect(form.get_by_label("Name")).to_have_value("git")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form.get_by_role("alert")).to_contain_text("Say it")
    await folder.fill("/srv/code")
    await form.get_by_role("button", name="Add", exact=True).click()
    await server(page, "git").get_by_role("button", name="Edit: git").click()
    arguments = page.get_by_role("dialog", name="Edit server").get_by_label("Arguments")
    await expect(arguments).to_have_value("mcp-server-git\n--repository\n/srv/code")


async def test_a_pasted_file_is_shown_before_it_is_added_with_what_is_left_out_and_why(
    page: Page,
) -> None:
    dialog = await bring(page)
    await dialog.get_by_label("Paste").fill("{")
    await expect(dialog.get_by_role("alert")).to_contain_text("not JSON yet")
    await dialog.get_by_label("Paste").fill(json.dumps(FILE))
    held = dialog.get_by_role("list", name="What the file holds").locator("li")
    await expect(held).to_have_count(4)
    await expect(held.nth(0)).to_contain_text(
        "Left out, for Keiko knows no such thing: autoApprove"
    )
    await expect(held.nth(2)).to_contain_text("Not added:")
    await expect(held.nth(3)).to_contain_text("KEIKO_MCP_COMMANDS")
    add = dialog.get_by_role("button", name="Add 2 servers")
    await add.click()
    await expect(dialog.get_by_role("alert")).to_contain_text("${TOKEN}")
    await expect(dialog.get_by_label("${TOKEN}")).to_be_focused()
    await dialog.get_by_label("${TOKEN}").fill("hunter2")
    await dialog.get_by_role("checkbox", name="remote").uncheck()
    await dialog.get_by_role("button", name="Add 1 server").click()
    await expect(server(page, "pasted")).to_be_focused()
    await expect(page.locator("li.server")).to_have_count(1)
    await expect(server(page, "pasted").locator(".badge").first).to_have_text("Connected")


async def test_what_is_exported_can_be_imported_again_and_holds_no_secret(
    page: Page, tmp_path: Path
) -> None:
    dialog = await bring(page)
    await dialog.get_by_label("Paste").fill(json.dumps(FILE))
    await dialog.get_by_label("${TOKEN}").fill("hunter2")
    await dialog.get_by_role("button", name="Add 2 servers").click()
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Export without secrets").click()
    await expect(page.locator("#toasts")).to_contain_text("without secrets")
    file = tmp_path / (await saved.value).suggested_filename
    await (await saved.value).save_as(file)
    assert file.name == "mcp-servers.json" and "hunter2" not in file.read_text()
    for name in ("pasted", "remote"):
        await server(page, name).get_by_role("button", name=f"Remove: {name}").click()
        await page.get_by_role("button", name="Remove it").click()
        await expect(server(page, name)).to_have_count(0)
    dialog = await bring(page)
    await dialog.get_by_label("or choose the file").set_input_files(file)
    await dialog.get_by_label("${PASTED_API_TOKEN}").fill("hunter3")
    await dialog.get_by_role("button", name="Add 2 servers").click()
    await expect(page.locator("li.server")).to_have_count(2)


async def test_on_a_phone_in_german_and_dark_nothing_is_wider_than_the_page(
    readers: Readers,
) -> None:
    reader = await readers(
        locale="de-DE", viewport={"width": 390, "height": 800}, color_scheme="dark"
    )
    page = await reader.context.new_page()
    await page.goto("/work/tools")
    await page.get_by_role("button", name="Bekannte Server").click()
    shelf = page.get_by_role("dialog", name="Bekannte Server")
    await expect(shelf.get_by_role("button", name="Nehmen: time")).to_be_focused()
    assert await fits(shelf)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Importieren").click()
    dialog = page.get_by_role("dialog", name="Server importieren")
    await dialog.get_by_role("textbox").fill(json.dumps(FILE))
    await expect(dialog.get_by_role("list")).to_contain_text("Kommt nicht dazu: Dieser Befehl darf")
    assert await fits(dialog)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def fits(place: Locator) -> bool:
    """Whether nothing in it sticks out to the side."""
    return bool(await place.evaluate("it => it.scrollWidth <= it.clientWidth + 1"))
