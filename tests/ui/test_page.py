"""The chat page: ours, from one host, under a strict policy, in two languages."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import chainlit.config
import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect
from sqlalchemy import select

from app.core.resources import Resources
from app.tasks.models import Task
from app.ui.cookies import PLAIN_NAME
from app.ui.page import POLICY, prepare
from app.users.models import User
from app.users.sessions import Browser, start_session
from tests.ui.conftest import Web, Worker

ROOT = Path(__file__).parents[2]
REFUSALS = (
    "document.addEventListener('securitypolicyviolation', "
    "(e) => (window.refused ??= []).push(`${e.violatedDirective} ${e.blockedURI}`))"
)


@pytest.fixture
async def token(resources: Resources, user: User) -> str:
    async with resources.db.transaction() as session:
        token, _ = await start_session(session, user, Browser())
    return token


@pytest.fixture
async def client(web: Web, token: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(web.url, cookies={PLAIN_NAME: token}) as session:
        yield session


@pytest.mark.parametrize("path", ["/", "/thread/7", "/thread/7?prompt=hello", "/element/7", "/env"])
async def test_who_is_not_signed_in_is_sent_to_the_login_and_back(web: Web, path: str) -> None:
    async with (
        aiohttp.ClientSession() as client,
        client.get(web.url + path, allow_redirects=False) as answer,
    ):
        assert answer.status == 303
        wanted = "" if path == "/" else f"?next={path.replace('?', '%3F').replace('=', '%3D')}"
        assert answer.headers["Location"] == f"/login{wanted}"


@pytest.mark.parametrize("path", ["/", "/thread/7", "/element/7", "/share/7", "/env"])
async def test_the_page_is_served_at_each_address_of_its_router(
    client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(path) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["Cache-Control"] == "no-store"
        assert 'id="root"' in await answer.text()


@pytest.mark.asvs("14.2.3")
def test_the_page_names_no_foreign_host_and_has_no_inline_script() -> None:
    html = prepare().html
    assert "//" not in re.sub(r"<!--.*?-->", "", html)
    assert not re.search(r"<script(?![^>]* src=)", html)
    assert not re.search(r"<style| on\w+=", html)
    assert html.index("page.js") < html.index("/assets/index-")


async def test_the_script_is_kept_for_ever_under_its_version_alone(
    client: aiohttp.ClientSession,
) -> None:
    async with client.get(f"/ui/{prepare().version}/page.js") as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        assert await answer.read() == prepare().script
    async with client.get("/ui/0000/page.js") as answer:
        assert answer.headers["Cache-Control"] == "no-store"


async def test_the_page_can_be_installed(client: aiohttp.ClientSession) -> None:
    async with client.get("/manifest.webmanifest") as answer:
        manifest = json.loads(await answer.read())
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        async with client.get(icon["src"]) as answer:
            assert answer.status == 200
            assert answer.content_type == icon["type"]


def _leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield path + key, value


@pytest.mark.parametrize("language", ["en-US", "de-DE"])
def test_every_text_of_chainlit_is_translated(language: str) -> None:
    known = Path(chainlit.config.TRANSLATIONS_DIR, "en-US.json").read_text("utf-8")
    ours = (ROOT / ".chainlit" / "translations" / f"{language}.json").read_text("utf-8")
    texts = dict(_leaves(json.loads(ours)))
    assert texts.keys() == dict(_leaves(json.loads(known))).keys()
    assert all(texts.values())


def test_chainlit_is_set_up_as_the_page_needs_it() -> None:
    config = chainlit.config.config
    assert config.ui.name == "Keiko"
    assert config.ui.cot == "full"
    assert config.project.transports == ["websocket"]
    assert config.features.edit_message
    assert config.features.latex
    assert not config.features.unsafe_allow_html
    assert not config.features.mcp.enabled
    assert config.features.spontaneous_file_upload is not None
    assert not config.features.spontaneous_file_upload.enabled


@pytest.fixture
async def german(chromium: Chromium, web: Web, token: str) -> AsyncIterator[Page]:
    """A German's page, at night, that remembers what its policy refused."""
    context = await chromium.new_context(locale="de-AT", color_scheme="dark")
    await context.add_cookies([{"name": PLAIN_NAME, "value": token, "url": web.url}])
    await context.add_init_script(REFUSALS)
    yield await context.new_page()
    await context.close()


async def test_the_whole_page_works_under_its_policy_from_one_host(
    web: Web, german: Page, worker: Worker, user: User
) -> None:
    hosts, problems = set(), []
    german.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    german.on("pageerror", lambda error: problems.append(str(error)))
    german.on("response", lambda r: problems.append(r.url) if r.status >= 400 else None)
    await german.goto(web.url)
    field = german.get_by_placeholder("Nachricht schreiben …")
    await field.fill("Was ist $x^2$?")
    await expect(german.locator("#chat-submit")).to_be_enabled()
    await field.press("Enter")
    await german.wait_for_url("**/thread/*")
    thread = german.url.rpartition("/")[2]
    task = await worker.claim(await _newest_message(web, thread))
    await worker.say(task, "Eine Antwort: $$\\frac{1}{3}$$\n\n```python\nprint(1)\n```\n")
    await expect(german.locator(".katex-html")).to_have_count(2)
    await expect(german.locator("#stop-button")).to_be_visible()
    await german.locator("#chat-input").fill("Und dann?")
    await german.keyboard.press("Enter")
    await expect(german.get_by_role("button", name="Zurückziehen")).to_be_visible()
    assert await german.evaluate("document.documentElement.classList.contains('dark')")
    assert await german.evaluate("document.documentElement.lang") == "de-AT"
    assert await german.evaluate("window.refused ?? []") == []
    assert hosts == {web.url.removeprefix("http://")}
    assert problems == []


async def _newest_message(web: Web, thread: str) -> str:
    async with web.runtime.resources.db.transaction() as session:
        found = await session.scalars(
            select(Task.message_id)
            .where(Task.thread_id == UUID(thread))
            .order_by(Task.created_at.desc())
        )
        return str(found.first())
