"""Somebody in front of the page "Schedules"."""

import re
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.e2e.reader import Reader


async def keep(reader: Reader, name: str, **more: Any) -> str:
    """Keep a schedule as a program does; gives back its id."""
    body = {"text": "!say Twelve moons.", "name": name, "when": "every day at 8", **more}
    return str((await ask(reader, "POST", "/schedules", body))["id"])


async def ask(reader: Reader, method: str, path: str, body: Any = None) -> Any:
    """What the REST face answers; a failure is an error."""
    answer = await reader.context.request.fetch(f"/api/v1{path}", method=method, data=body)
    assert answer.ok, await answer.text()
    return (await answer.json())["data"]


async def open_page(reader: Reader, heading: str = "Schedules") -> Page:
    """A new tab of the page."""
    page = await reader.context.new_page()
    await page.goto("/work/schedules")
    await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    return page


def row(page: Page, name: str) -> Locator:
    """A schedule in the list."""
    named = page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$"))
    return page.locator("li.schedule").filter(has=named)


async def choose(page: Page, name: str, label: str) -> None:
    """Press what stands in a schedule's menu."""
    await row(page, name).locator("summary").click()
    await row(page, name).get_by_role("button", name=f"{label}: ").click()
