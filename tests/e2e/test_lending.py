"""Letting a server work with one's account at a sign-in provider: on the page, and in a run."""

import json
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab
from tests.fakes.lent_tools import LentTools, lent_tools
from tests.fakes.model import model_process
from tests.fakes.provider import CLIENT, SECRET, LyingProvider, open_provider
from tests.product import OWNER, Product

ASK = '!tool whose_token {"said": "milk"} !then !say noted'


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[LyingProvider]:
    """Where the people of this Keiko sign in, too."""
    async with open_provider() as honest:
        honest.person = {"preferred_username": "ada", "email": "ada@work.example"}
        yield honest


@pytest.fixture(scope="module")
async def keiko(provider: LyingProvider) -> AsyncIterator[Product]:
    """Keiko, whose operator trusts the provider, and which may call servers of this machine."""
    work = {
        "name": "work",
        "label": "Work",
        "issuer": provider.url,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "private": True,
        "anyone": True,
    }
    with model_process(first_token_ms=20, tokens=10) as url:
        model = {"name": "Large", "url": url, "key": "any", "model": "large"}
        product = Product(
            KEIKO_MODELS=json.dumps([model]),
            KEIKO_SIGN_IN_PROVIDERS=json.dumps([work]),
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
async def readers(readers: Readers, provider: LyingProvider) -> AsyncIterator[Readers]:
    """As ever; their browsers go to the provider, as they should."""
    arrived: list[Reader] = []

    async def arrive(**options: object) -> Reader:
        arrived.append(await readers(**options))
        return arrived[-1]

    yield arrive
    for reader in arrived:
        reader.problems[:] = [each for each in reader.problems if provider.url not in each]


@pytest.fixture
async def lent(keiko: Product, provider: LyingProvider) -> AsyncIterator[LentTools]:
    """A server that takes the provider's tokens, registered for everybody."""
    async with lent_tools(provider) as running:
        with keiko.client() as http:
            body = {"name": "repos", "url": running.url, "shared": True, "provider": "work"}
            made = http.post("/api/v1/mcp/servers", json=body)
            assert made.is_success, made.text
            yield running
            http.delete(f"/api/v1/mcp/servers/{made.json()['data']['id']}").raise_for_status()


async def open_tools(reader: Reader) -> Page:
    page = await reader.context.new_page()
    await page.goto("/work/tools")
    return page


def server(page: Page) -> Locator:
    return page.locator("li.server").filter(has=page.get_by_role("heading", name="repos"))


async def agree(page: Page, lent: LentTools) -> None:
    """Read what is asked, and say yes."""
    asked = page.get_by_role("dialog", name="Let “repos” work with your account at Work?")
    await expect(asked).to_contain_text(lent.host)
    await asked.get_by_role("button", name="Go on to Work").click()


async def lend(reader: Reader, lent: LentTools) -> Page:
    page = await open_tools(reader)
    await server(page).get_by_role("button", name="Sign in: repos").click()
    await agree(page, lent)
    await expect(server(page).locator(".badge", has_text="Signed in")).to_be_visible()
    tools = server(page).locator("dt", has_text="Tools").locator("+ dd")
    await expect(tools).to_have_text("1", timeout=30_000)
    return page


def card(tab: Tab) -> Locator:
    return tab.page.locator("[data-kind=sign_in]").last


async def test_a_run_waits_for_the_account_is_lent_it_and_goes_on(
    reader: Reader, tab: Tab, lent: LentTools, keiko: Product
) -> None:
    page = await lend(reader, lent)
    await expect(server(page)).to_contain_text(f"your key to it is sent to {lent.host} alone")
    await tab.send(ASK)
    await tab.sees("noted")
    linked = (await (await page.request.get("/api/v1/linked-accounts")).json())["data"]
    [account] = linked["accounts"]
    gone = await page.request.delete(
        f"/api/v1/linked-accounts/{account['id']}", headers={"Origin": keiko.url}
    )
    assert gone.ok, await gone.text()

    await tab.send(ASK)
    await expect(card(tab)).to_contain_text("It works with your account at Work", timeout=30_000)
    assert lent.calls == [("alice-1", "milk")]
    async with reader.context.expect_page() as opening:
        await card(tab).get_by_role("button", name="Sign in to continue").click()
    await agree(await opening.value, lent)

    await expect(card(tab)).to_contain_text("You are signed in.")
    await tab.sees("noted")
    assert lent.calls == [("alice-1", "milk")] * 2


async def test_not_now_changes_nothing_and_the_form_names_the_provider(
    reader: Reader, lent: LentTools
) -> None:
    page = await open_tools(reader)
    await server(page).get_by_role("button", name="Sign in: repos").click()
    await page.get_by_role("dialog").get_by_role("button", name="Not now").click()
    await expect(server(page).locator(".badge", has_text="Wants a sign-in")).to_be_visible()
    await server(page).get_by_role("button", name="Edit: repos").click()
    chosen = page.get_by_label("Works with its users' accounts at")
    await expect(chosen.locator("option:checked")).to_have_text("Work")
    await chosen.select_option("none")
    await page.get_by_role("button", name="Save").click()
    await expect(server(page).get_by_role("button", name="Sign in: repos")).to_have_count(0)
    assert lent.seen.count("nobody") == len(lent.seen)


async def test_a_loan_is_taken_back_on_the_page(reader: Reader, lent: LentTools) -> None:
    page = await lend(reader, lent)
    await server(page).get_by_role("button", name="Take it back: repos").click()
    await page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    await expect(page.get_by_text("It does not work with your account any more.")).to_be_visible()
    await expect(server(page).locator(".badge", has_text="Wants a sign-in")).to_be_visible()


async def test_in_german_on_a_phone(readers: Readers, lent: LentTools) -> None:
    reader = await readers(locale="de-DE", viewport={"width": 390, "height": 800})
    page = await open_tools(reader)
    await server(page).get_by_role("button", name="Anmelden: repos").click()
    asked = page.get_by_role("dialog", name="Darf „repos“ mit deinem Konto bei Work arbeiten?")
    await expect(asked.get_by_role("button", name="Jetzt nicht")).to_be_focused()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(server(page)).to_contain_text("mit deinem Konto bei Work")
    await expect(server(page).locator(".badge", has_text="Angemeldet")).to_be_visible()
