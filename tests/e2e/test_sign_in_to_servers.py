"""Signing in to a server: from the page Tools, and in the midst of a run."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab
from tests.e2e.test_inbox import open_inbox
from tests.fakes.guarded_tools import Guarded, guarded_tools
from tests.fakes.model import model_process
from tests.product import OWNER, Product

WRITE = '!tool write_note {"text": "milk"} !then !say noted'


@pytest.fixture(scope="module")
def keiko() -> Iterator[Product]:
    """Keiko, which may call servers of this machine."""
    with model_process(first_token_ms=20, tokens=10) as url:
        product = Product(
            KEIKO_MODELS=json.dumps(
                [{"name": "Large", "url": url, "key": "any", "model": "large"}]
            ),
            KEIKO_TOOL_RULES=json.dumps([{"pattern": "notes*/*", "decision": "allow"}]),
            KEIKO_OUTBOUND_PRIVATE='["127.0.0.1"]',
        )
        try:
            yield product.start()
        finally:
            product.remove()


@pytest.fixture(scope="module")
def person() -> str:
    """The owner: this Keiko is nobody else's."""
    return OWNER


@pytest.fixture
async def guarded(keiko: Product) -> AsyncIterator[Guarded]:
    """A server that wants a sign-in, registered for everybody."""
    async with guarded_tools() as running:
        running.authority.decision = None
        with keiko.client() as http:
            body = {"name": "notes", "url": running.url, "shared": True}
            made = http.post("/api/v1/mcp/servers", json=body)
            assert made.is_success, made.text
            yield running
            http.delete(f"/api/v1/mcp/servers/{made.json()['data']['id']}").raise_for_status()


async def open_tools(reader: Reader) -> Page:
    page = await reader.context.new_page()
    await page.goto("/work/tools")
    return page


def server(page: Page) -> Locator:
    return page.locator("li.server").filter(has=page.get_by_role("heading", name="notes"))


async def sign_in_on_the_page(page: Page) -> None:
    await server(page).get_by_role("button", name="Sign in: notes").click(timeout=30_000)
    await page.get_by_role("link", name="Allow").click()
    await page.wait_for_url("**/work/tools")
    await expect(server(page).locator(".badge", has_text="Signed in")).to_be_visible()


def card(tab: Tab) -> Locator:
    return tab.page.locator("[data-kind=sign_in]").last


async def asked(reader: Reader, guarded: Guarded, tab: Tab, text: str = WRITE) -> Locator:
    """The card: the tools are known, and the sign-in is over."""
    page = await open_tools(reader)
    await sign_in_on_the_page(page)
    tools = server(page).locator("dt", has_text="Tools").locator("+ dd")
    await expect(tools).to_have_text("3", timeout=30_000)
    guarded.authority.end_all()
    await tab.send(text)
    await expect(card(tab)).to_be_visible(timeout=30_000)
    await page.close()
    return card(tab)


async def go_there(reader: Reader, form: Locator, decision: str) -> Page:
    """Press the button, and decide on the page of the other side."""
    async with reader.context.expect_page() as opening:
        await form.get_by_role("button", name="Sign in to continue").click()
    there = await opening.value
    await there.get_by_role("link", name=decision).click()
    return there


def forgive(reader: Reader, guarded: Guarded) -> None:
    """The browser went to a foreign host, as it should."""
    reader.problems[:] = [each for each in reader.problems if guarded.host not in each]


async def test_a_run_waits_for_a_sign_in_and_goes_on_after_it(
    reader: Reader, tab: Tab, guarded: Guarded
) -> None:
    form = await asked(reader, guarded, tab)
    await expect(form).to_contain_text("Sign in to “notes”?")
    await expect(form).to_contain_text("notes / write_note")
    assert guarded.calls == []
    await go_there(reader, form, "Allow")
    await tab.sees("noted")
    await expect(form).to_contain_text("You are signed in.")
    await expect(form.get_by_role("button")).to_have_count(0)
    assert guarded.calls == [("ada@there", "write_note milk")]
    forgive(reader, guarded)


async def test_who_does_not_want_to_sign_in_says_why_and_the_run_goes_on(
    reader: Reader, tab: Tab, guarded: Guarded
) -> None:
    form = await asked(reader, guarded, tab)
    there = await go_there(reader, form, "Refuse")
    await expect(there.get_by_role("alert")).to_contain_text("It was not allowed there")
    await form.get_by_role("button", name="Refuse").press("Enter")
    await expect(form.get_by_label("Why not (Keiko reads it)")).to_be_focused()
    await tab.page.keyboard.type("Rather not.")
    await tab.page.keyboard.press("Enter")
    await tab.sees("noted")
    await expect(form).to_contain_text("Not signed in. Rather not.")
    assert guarded.calls == []
    reader.problems.clear()  # the browser's own note of the page that said no


async def test_more_rights_are_asked_for_in_the_midst_of_a_run(
    reader: Reader, tab: Tab, guarded: Guarded
) -> None:
    page = await open_tools(reader)
    await sign_in_on_the_page(page)
    await expect(server(page)).to_contain_text("It may: notes")
    guarded.needs["write_note"] = ["notes:write"]
    await tab.send(WRITE)
    form = card(tab)
    await expect(form).to_contain_text("notes:write", timeout=30_000)
    await page.reload()
    await expect(server(page)).to_contain_text("It wants more: notes:write")
    await go_there(reader, form, "Allow")
    await tab.sees("noted")
    await page.reload()
    await expect(server(page)).to_contain_text("It may: notes notes:write")
    forgive(reader, guarded)


async def test_the_inbox_leads_to_the_sign_in(reader: Reader, guarded: Guarded, tab: Tab) -> None:
    form = await asked(reader, guarded, tab)
    inbox = await open_inbox(reader)
    told = inbox.locator("li.notice", has=inbox.locator(".badge", has_text="Needs an answer"))
    await told.first.get_by_role("link", name="Answer").click()
    await inbox.wait_for_url("**/thread/*")
    await go_there(reader, card(Tab(inbox)), "Allow")
    await tab.sees("noted")
    await expect(form).to_contain_text("You are signed in.")
    forgive(reader, guarded)


async def test_signing_out_is_asked_about_and_revokes(reader: Reader, guarded: Guarded) -> None:
    page = await open_tools(reader)
    await sign_in_on_the_page(page)
    await expect(server(page)).to_contain_text(f"Signed in at {guarded.host}")
    await server(page).get_by_role("button", name="Sign out: notes").click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("Signed out, here and there.")).to_be_visible()
    await expect(server(page).locator(".badge", has_text="Wants a sign-in")).to_be_visible()
    assert len(guarded.authority.revoked) == 2
    forgive(reader, guarded)


async def test_card_and_page_speak_german(readers: Readers, guarded: Guarded) -> None:
    reader = await readers(locale="de-DE")
    page = await open_tools(reader)
    await server(page).get_by_role("button", name="Anmelden: notes").click(timeout=30_000)
    await page.get_by_role("link", name="Allow").click()
    await page.wait_for_url("**/work/tools")
    await expect(server(page)).to_contain_text(f"Angemeldet bei {guarded.host} seit")
    guarded.needs["write_note"] = ["notes:write"]
    tab = await reader.open()
    await tab.send(WRITE)
    await expect(card(tab)).to_contain_text("Bei „notes“ anmelden?", timeout=30_000)
    for name in ("Anmelden und weiter", "Ablehnen"):
        await expect(card(tab).get_by_role("button", name=name)).to_be_enabled()
    there = await go_there_in_german(reader, card(tab))
    await expect(there.get_by_role("heading", name="Du bist angemeldet")).to_be_visible()
    forgive(reader, guarded)


async def go_there_in_german(reader: Reader, form: Locator) -> Page:
    async with reader.context.expect_page() as opening:
        await form.get_by_role("button", name="Anmelden und weiter").click()
    there = await opening.value
    await there.add_init_script("window.close = () => {}")
    await there.get_by_role("link", name="Allow").click()
    return there
