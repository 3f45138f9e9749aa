"""Somebody in front of the page "Tasks", or of its panel beside the chat."""

import re
from pathlib import Path
from typing import Any

from playwright.async_api import Frame, FrameLocator, Locator, Page, expect

from tests.e2e.reader import Reader

SOUND = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
"""What axe would complain about first: names, contrast (WCAG 1.4.3), ids, headings, landmarks."""


async def start(reader: Reader, text: str, **more: Any) -> str:
    """Begin a background task as a program does; gives back its id."""
    answer = await reader.context.request.post("/api/v1/tasks", data={"text": text, **more})
    assert answer.status == 201, await answer.text()
    return str((await answer.json())["data"]["id"])


async def act(reader: Reader, task_id: str, verb: str) -> None:
    """Do something with a task as a program does."""
    answer = await reader.context.request.post(f"/api/v1/tasks/{task_id}/{verb}")
    assert answer.ok, await answer.text()


class Centre:
    """The page, in a tab or in a frame."""

    def __init__(self, page: Page, root: Page | Frame | FrameLocator) -> None:
        self.page = page
        self.root = root
        self.rows = root.locator("li.task")
        self.toasts = root.locator("#toasts")
        self.filter = root.get_by_label("Filter by words")

    @classmethod
    async def open(cls, reader: Reader, query: str = "") -> "Centre":
        """A new tab of the page."""
        page = await reader.context.new_page()
        await page.goto(f"/work/tasks{query}")
        await expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
        return cls(page, page)

    def row(self, name: str) -> Locator:
        """A task in the list that is shown."""
        return self.rows.filter(has=self.root.locator(".name", has_text=re.compile(f"^{name}$")))

    async def look_at(self, state: str) -> None:
        """Choose a tab."""
        await self.root.get_by_role("tab", name=state).click()

    def button(self, name: str, label: str) -> Locator:
        """A button of a task."""
        return self.row(name).get_by_role("button", name=f"{label}: ")

    async def choose(self, name: str, label: str) -> None:
        """Press what stands in a task's menu."""
        await self.row(name).locator("summary").click()
        await self.button(name, label).click()


async def calm(reader: Reader) -> None:
    """End everything that the owner has under way."""
    answer = await reader.context.request.get("/api/v1/tasks?limit=1000")
    for task in (await answer.json())["data"]["items"]:
        if task["completed_at"] is None:
            await act(reader, task["id"], "stop")
