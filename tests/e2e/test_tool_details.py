"""All about one server on the page "Tools": what it offers, how it does, what was called."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from playwright.async_api import Locator, Page, expect
from redis.asyncio import Redis

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader
from tests.e2e.test_tools import open_tools, server
from tests.product import Product

COMMAND = {
    "name": "workshop",
    "command": sys.executable,
    "args": ["-m", "tests.fakes.tool_server"],
}


@pytest.fixture
async def known(keiko: Product, person: str) -> AsyncIterator[str]:
    """A server of the person whose tools are known; its id.

    Asked for before the reader, so that no page looks at it any more when it is removed.
    """
    with keiko.client(person) as client:
        made = client.post("/api/v1/mcp/servers", json=COMMAND).raise_for_status().json()["data"]
        path = f"/api/v1/mcp/servers/{made['id']}"
        async with asyncio.timeout(60):
            while client.get(path).json()["data"]["state"] != "connected":
                await asyncio.sleep(0.1)
        yield made["id"]
        client.delete(path).raise_for_status()


async def unfolded(page: Page) -> Locator:
    row = server(page, "workshop")
    await row.get_by_role("button", name="Details: workshop").click()
    return row


async def test_tools_are_shown_with_what_becomes_of_them_and_their_input_folded(
    known: str, reader: Reader
) -> None:
    row = await unfolded(await open_tools(reader))
    tool = row.locator(".tool-list > li")
    slow = tool.filter(has=row.page.get_by_text("slow", exact=True))
    await expect(slow).to_contain_text("only reads")
    await expect(slow).to_contain_text("without asking")
    crash = tool.filter(has=row.page.get_by_text("crash", exact=True))
    await expect(crash).to_contain_text("asks first")
    await expect(crash.locator("pre")).to_be_hidden()
    await crash.get_by_text("Input").click()
    await expect(crash.locator("pre")).to_contain_text('"type": "object"')
    await row.get_by_role("button", name="Details: workshop").press("Enter")
    await expect(tool).to_have_count(0)


async def test_calls_are_listed_with_how_they_ended_and_what_the_server_wrote_meanwhile(
    known: str, reader: Reader
) -> None:
    tab = await reader.open()
    await tab.send('!tool workshop_count {"to": 2} !then !say counted')
    await tab.sees("counted")
    row = await unfolded(await open_tools(reader))
    call = row.get_by_role("region", name="Your last calls").locator("tbody tr")
    await expect(call).to_have_count(1)
    await expect(call).to_contain_text("count")
    await expect(call).to_contain_text("Done")
    await expect(call).to_contain_text("ms")
    await expect(call).to_contain_text("4\u202fB")
    await expect(row.locator(".lines li").first).to_contain_text("counted 2", timeout=20_000)


async def test_a_server_that_is_left_alone_says_so_and_is_tried_again_by_a_button(
    known: str, reader: Reader, keiko: Product
) -> None:
    redis = Redis.from_url(keiko.redis_url)
    word = {"breaker": "open", "failures": 5, "again_in_seconds": 42,
            "at": datetime.now(UTC).isoformat()}  # fmt: skip
    await redis.set(f"mcp:health:{known}", json.dumps(word))
    await redis.aclose()
    row = await unfolded(await open_tools(reader))
    await expect(row.locator(".about")).to_contain_text("left alone for 42 s more")
    async with row.page.expect_response(lambda answer: answer.url.endswith("/reset")) as answered:
        await row.get_by_role("button", name="Try again now").click()
    assert (await answered.value).ok


async def test_on_a_phone_the_details_stay_within_the_page(known: str, readers: Readers) -> None:
    reader = await readers(
        locale="de-DE", viewport={"width": 390, "height": 800}, color_scheme="dark"
    )
    page = await reader.context.new_page()
    await page.goto("/work/tools")
    await page.get_by_role("button", name="Einzelheiten: workshop").click()
    await expect(page.locator(".tool-list li").first).to_contain_text("fragt vorher")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
