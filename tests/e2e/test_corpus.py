"""Texts that try to be a script are texts, wherever a page shows them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Dialog, Page, expect

from tests.e2e.conftest import Readers
from tests.e2e.corpus import CORPUS, FOREIGN, LINES, chunks
from tests.e2e.reader import Reader
from tests.product import Product

pytestmark = pytest.mark.asvs("1.2.1", "1.3.1", "3.2.2")

HARM = """
() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const own = (address) => new URL(address, location.href).origin === location.origin;
  const said = (e) => ["href", "src", "action", "formaction"].map((a) => e.getAttribute(a) ?? "");
  const wrong = /^[\\s\\u0000-\\u001f]*(javascript|vbscript|data:text|file|blob)/i;
  const isHandler = ({ name }) => /^on/i.test(name);
  return {
    scripts: all("script").filter((s) => !s.src || !own(s.src)).length,
    handlers: all("*").filter((e) => [...e.attributes].some(isHandler)).map((e) => e.outerHTML),
    frames: all("iframe").filter((f) => !own(f.src)).length,
    embedded: all("object, embed, base, link[rel=prefetch], meta[http-equiv]").length,
    addresses: all("*").flatMap(said).filter((address) => wrong.test(address)),
  };
}
"""
NONE: dict[str, Any] = {
    "scripts": 0, "handlers": [], "frames": 0, "embedded": 0, "addresses": []
}  # fmt: skip


def _is_own_and_missing(problem: str) -> bool:
    """A relative address leads to our own host, where there is nothing of this name."""
    return "404 (Not Found) (http://127.0.0.1" in problem


class Watched:
    """Everything that would show that a text has run: dialogs, complaints, foreign requests."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.dialogs: list[str] = []
        reader.context.on("dialog", self._dialog)

    async def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()

    async def harmless(self, page: Page) -> None:
        """Nothing has run, nothing was fetched, and nothing stands there that could."""
        assert await page.evaluate(HARM) == NONE
        assert self.dialogs == []
        self.reader.problems = [p for p in self.reader.problems if not _is_own_and_missing(p)]
        assert self.reader.problems == []

    async def make(self, path: str, method: str = "POST", **body: Any) -> Any:
        """Something made by REST."""
        answer = await self.reader.context.request.fetch(f"/api/v1{path}", method=method, data=body)
        assert answer.ok, f"{path}: {await answer.text()}"
        return (await answer.json())["data"]


@pytest.fixture
async def watched(reader: Reader) -> Watched:
    return Watched(reader)


def test_the_corpus_is_large_and_fits_the_script_of_the_model() -> None:
    assert len(set(CORPUS)) >= 100
    assert all("!" not in text.replace("![", "").replace("<!", "") for text in CORPUS)
    assert FOREIGN in LINES


@pytest.mark.asvs("1.3.1")
async def test_in_the_chat_as_a_users_text_a_models_text_and_a_tools_output(
    watched: Watched,
) -> None:
    tab = await watched.reader.open()
    await tab.ask(f"!say {LINES}")
    await tab.rests()
    await expect(tab.answer).to_contain_text("alert(1)")
    await watched.harmless(tab.page)
    arguments = json.dumps({"expression": LINES[:3000]})
    await tab.ask(f"!tool calculator {arguments} !then !say {chunks(400)[0]}")
    await tab.rests()
    step = tab.page.locator("[data-step-type=tool]")
    await step.locator("[id^=step-]").first.click()
    await expect(step).to_contain_text("script")
    await watched.harmless(tab.page)
    thread_id = tab.address.rsplit("/", 1)[1]
    await watched.make(f"/threads/{thread_id}", "PATCH", name=chunks(100)[0])
    await tab.page.reload()
    await expect(tab.answer).to_contain_text("script")
    await expect(step).to_have_count(1)
    await watched.harmless(tab.page)


async def test_as_names_of_tasks(watched: Watched) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for name in chunks(100):
        await watched.make(
            "/tasks", text="x", name=name, description=name, not_before=tomorrow, tags=["<b>x"]
        )
    page = await watched.reader.context.new_page()
    query = quote(CORPUS[0])
    await page.goto(f"/work/tasks?state=scheduled&q={query}&tag={quote('<b>x')}#{query}")
    await expect(page.locator("li.task").first).to_be_visible()
    await watched.harmless(page)


async def test_as_memories_webhooks_and_schedules(watched: Watched) -> None:
    for text in chunks(900):
        await watched.make("/memories", text=text)
    for name in chunks(95)[:18]:
        await watched.make("/webhooks", name=name, url="https://example.com/hook")
    page = await watched.reader.context.new_page()
    await page.goto("/work/settings")
    await expect(page.get_by_text("alert(1)").first).to_be_visible()
    await watched.harmless(page)
    for name in chunks(95)[:20]:
        await watched.make("/schedules", text=name, name=name, when="every day at 8")
    await page.goto("/work/schedules")
    await expect(page.get_by_text("alert(1)").first).to_be_visible()
    await watched.harmless(page)


async def test_as_names_and_descriptions_of_servers(watched: Watched) -> None:
    for number, text in enumerate(chunks(400)[:8]):
        name = f"server{number}"
        await watched.make(
            "/mcp/servers", name=name, description=text, url="https://example.com/mcp"
        )
    page = await watched.reader.context.new_page()
    await page.goto("/work/tools")
    await expect(page.get_by_text("server0").first).to_be_visible()
    await watched.harmless(page)


async def test_in_addresses_of_pages_and_in_errors(keiko: Product, readers: Readers) -> None:
    reader = await readers()
    watched = Watched(reader)
    page = await reader.context.new_page()
    for text in CORPUS[:3] + CORPUS[50:56]:
        said = quote(text, safe="")
        for path in (f"/work/inbox?x={said}#{text}", f"/login?next=/{said}", f"/work/tools#{said}"):
            await page.goto(path)
            assert await page.evaluate(HARM) == NONE
    await reader.context.clear_cookies()
    await page.goto(f"/login?next={quote('/' + CORPUS[0])}")
    for text in chunks(60)[:2]:
        await page.get_by_label("User name").fill(text)
        await page.get_by_label("Password", exact=True).fill("wrong")
        await page.get_by_role("button", name="Sign in").first.click()
        await expect(page.locator("#problem")).to_be_visible()
        assert await page.evaluate(HARM) == NONE
    assert watched.dialogs == []
    refused = ("401", "404", "422")
    reader.problems = [p for p in reader.problems if not any(status in p for status in refused)]
