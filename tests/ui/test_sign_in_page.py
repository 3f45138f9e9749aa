"""The login in a real browser."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from app.core.resources import Resources
from app.users.invitations import invite_owner
from tests.ui.site import Site, open_site
from tests.users.people import PASSWORD, make_user


@pytest.fixture
async def site(resources: Resources) -> AsyncIterator[Site]:
    async with open_site(resources) as opened:
        yield opened


async def test_a_mistake_is_said_at_once_and_the_second_try_leads_where_one_wanted(
    site: Site, browser: BrowserContext
) -> None:
    await make_user(site.resources)
    page = await browser.new_page()
    await page.goto(f"{site.url}/thread/7")
    await page.get_by_label("User name").fill("ada")
    await page.get_by_label("Password", exact=True).fill("wrong password")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("User name or password is wrong.")
    await expect(page.get_by_label("User name")).to_have_value("ada")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/thread/7")
    await expect(page.locator("body")).to_contain_text("ada")


@pytest.mark.asvs("6.2.6")
async def test_a_password_can_be_looked_at(site: Site, browser: BrowserContext) -> None:
    page = await browser.new_page()
    await page.goto(f"{site.url}/login")
    secret = page.locator("#password")
    await expect(secret).to_have_attribute("type", "password")
    await page.get_by_role("button", name="Show the password").click()
    await expect(secret).to_have_attribute("type", "text")
    await page.get_by_role("button", name="Hide the password").click()
    await expect(secret).to_have_attribute("type", "password")


async def test_the_owner_sets_up_the_account_on_a_small_german_screen(
    site: Site, chromium: Browser
) -> None:
    async with site.resources.db.transaction() as session:
        link = f"{site.url}/setup/{await invite_owner(session)}"
    context = await chromium.new_context(locale="de-DE", viewport={"width": 390, "height": 844})
    page = await context.new_page()
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if "Content Security" in m.text else None)
    await page.goto(link)
    await expect(page.get_by_role("heading")).to_have_text("Willkommen bei Keiko")
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.get_by_label("Benutzername").fill("ada")
    await page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    await page.get_by_label("Passwort wiederholen").fill("etwas anderes")
    await page.get_by_role("button", name="Konto anlegen").click()
    await expect(page.get_by_role("alert")).to_have_text("Die beiden Passwörter sind nicht gleich.")
    await expect(page.get_by_label("Passwort wiederholen")).to_be_focused()
    await page.get_by_label("Passwort wiederholen").fill(PASSWORD)
    await page.get_by_role("button", name="Konto anlegen").click()
    await page.wait_for_url(f"{site.url}/")
    held = {cookie.get("name") for cookie in await context.cookies()}
    assert held == {"keiko_session", "keiko_browser"}
    assert refused == []
    await context.close()
