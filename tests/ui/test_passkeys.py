"""Second factors and passkeys in a real browser, which has an authenticator of its own."""

from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, expect
from sqlalchemy import select, update

from app.core.resources import Resources
from app.ui.cookies import PLAIN_NAME
from app.users import totp
from app.users.factor_models import Passkey
from app.users.models import Role, Session
from app.users.proof import RECENT
from app.users.sessions import find_session
from tests.ui.conftest import Web
from tests.users.people import PASSWORD, make_user, open_session
from tests.users.proofs import Clock, Phone, give_app, stop_clock

PATIENCE = 15_000
"""Milliseconds: ten recovery codes are ten slow hashes."""

INTERNAL_KEY = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
    "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@dataclass
class Device:
    """A page, and the authenticator of its browser."""

    page: Page
    cdp: CDPSession
    authenticator: str

    async def keys(self) -> list[dict[str, Any]]:
        """The passkeys that the authenticator holds."""
        said = await self.cdp.send(
            "WebAuthn.getCredentials", {"authenticatorId": self.authenticator}
        )
        return list(said["credentials"])

    async def verify(self, is_owner: bool) -> None:
        """Whether the fingerprint is the owner's."""
        await self.cdp.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": self.authenticator, "isUserVerified": is_owner},
        )


async def open_device(context: BrowserContext) -> Device:
    """A page with an authenticator."""
    page = await context.new_page()
    cdp = await context.new_cdp_session(page)
    await cdp.send("WebAuthn.enable")
    made = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": INTERNAL_KEY})
    return Device(page, cdp, made["authenticatorId"])


@pytest.fixture
async def device(browser: BrowserContext) -> Device:
    """A desktop's browser."""
    return await open_device(browser)


@pytest.fixture
def url(web: Web) -> str:
    """Where passkeys work without https."""
    return web.url.replace("127.0.0.1", "localhost")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Codes change when a test says so."""
    return stop_clock(monkeypatch, totp)


async def sign_in(page: Page, url: str, *, next: str = "/work/settings") -> None:
    """Give name and password."""
    await page.goto(f"{url}/login?next={next}")
    await page.get_by_label("User name").fill("ada")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def set_up_passkey(device: Device, url: str) -> None:
    """Sign in by password and make a passkey in the settings."""
    await sign_in(device.page, url)
    await device.page.get_by_role("button", name="Set up a passkey").click()
    await expect(device.page.get_by_text("Keep these codes")).to_be_visible(timeout=PATIENCE)
    assert len(await device.keys()) == 1


@pytest.mark.asvs("6.3.3")
async def test_a_passkey_is_set_up_and_signs_in_alone(
    url: str, resources: Resources, device: Device
) -> None:
    await make_user(resources)
    page = device.page
    await set_up_passkey(device, url)
    await page.context.clear_cookies()
    await page.goto(f"{url}/login?next=/work/inbox")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await page.wait_for_url(f"{url}/work/inbox")
    (key,) = await device.keys()
    async with resources.db.transaction() as session:
        assert await session.scalar(select(Passkey.sign_count)) == key["signCount"] > 0
    await page.goto(f"{url}/work/settings")
    await expect(page.locator("#security li", has_text="this browser")).to_contain_text(
        "Passkey", timeout=PATIENCE
    )


async def test_a_passkey_is_the_second_factor_beside_the_password(
    url: str, resources: Resources, device: Device
) -> None:
    await make_user(resources)
    page = device.page
    await set_up_passkey(device, url)
    await page.context.clear_cookies()
    await sign_in(page, url, next="/work/inbox")
    await page.wait_for_url("**/login/second-factor**")
    await page.get_by_role("button", name="Use a passkey").click()
    await page.wait_for_url(f"{url}/work/inbox")


async def test_a_device_that_does_not_know_its_owner_signs_nobody_in_alone(
    url: str, resources: Resources, device: Device
) -> None:
    await make_user(resources)
    page = device.page
    await set_up_passkey(device, url)
    await page.context.clear_cookies()
    await device.verify(False)
    await page.goto(f"{url}/login")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("alert")).to_have_text(
        "The passkey was not used. Try again, or use another way."
    )


@pytest.mark.asvs("6.3.3")
async def test_an_app_is_set_up_in_the_settings_and_asked_for_from_then_on(
    url: str, resources: Resources, browser: BrowserContext, clock: Clock
) -> None:
    await make_user(resources)
    page = await browser.new_page()
    await sign_in(page, url)
    await page.get_by_role("button", name="Set up an authenticator app").click()
    secret = (await page.locator(".secret-key").inner_text()).replace(" ", "")
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    await page.get_by_label("The six digits").fill("123456")
    await page.get_by_role("button", name="Use this app").click()
    await expect(page.get_by_role("alert")).to_contain_text("This code is not right.")
    await page.get_by_label("The six digits").fill(Phone(secret).code())
    await page.get_by_role("button", name="Use this app").click()
    codes = page.locator(".codes-shown code")
    await expect(codes).to_have_count(10, timeout=PATIENCE)
    first = await codes.first.inner_text()
    await browser.clear_cookies()
    await sign_in(page, url, next="/work/inbox")
    await page.get_by_label("Code").fill(first)
    await page.get_by_role("button", name="Go on").click()
    await page.wait_for_url(f"{url}/work/inbox")
    clock.go_on(minutes=1)
    await browser.clear_cookies()
    await sign_in(page, url, next="/work/inbox")
    await page.get_by_label("Code").fill(Phone(secret).code())
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{url}/work/inbox")


@pytest.mark.asvs("7.5.1")
async def test_a_change_long_after_the_sign_in_asks_who_it_is(
    url: str, resources: Resources, browser: BrowserContext, clock: Clock
) -> None:
    user = await make_user(resources)
    phone, _ = await give_app(resources, user)
    token = await open_session(resources, user)
    await browser.add_cookies([{"name": PLAIN_NAME, "value": token, "url": url}])
    async with resources.db.transaction() as session:
        await session.execute(update(Session).values(auth_time=Session.auth_time - RECENT))
    await resources.redis.flushall()
    page = await browser.new_page()
    await page.goto(f"{url}/work/settings")
    await page.get_by_role("button", name="Remove the app").click()
    await page.get_by_role("button", name="Remove", exact=True).last.click()
    dialog = page.get_by_role("dialog", name="Is it you?")
    await dialog.get_by_label("Password").fill("wrong password")
    await dialog.get_by_role("button", name="Go on").click()
    await expect(dialog.get_by_role("alert")).to_have_text("This is not your password.")
    await dialog.get_by_label("Password").fill(PASSWORD)
    await dialog.get_by_label("Code").fill(phone.code())
    await dialog.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("button", name="Set up an authenticator app")).to_be_visible()


@pytest.mark.asvs("6.2.2", "6.2.3", "6.2.6", "6.2.7")
async def test_the_password_is_changed_in_the_settings(
    url: str, resources: Resources, browser: BrowserContext
) -> None:
    user = await make_user(resources)
    other = await open_session(resources, user)
    page = await browser.new_page()
    await sign_in(page, url)
    await page.get_by_role("button", name="Change", exact=True).click()
    await page.get_by_label("Password until now").fill("not this one")
    await page.get_by_label("New password").fill("a much longer sentence")
    await page.get_by_role("button", name="Change the password").click()
    await expect(page.get_by_role("alert")).to_have_text("This is not your password.")
    await expect(page.get_by_label("Password until now")).to_be_focused()
    await page.get_by_label("Password until now").fill(PASSWORD)
    await page.get_by_role("button", name="Change the password").click()
    await expect(page.get_by_text("Your password is changed.")).to_be_visible(timeout=PATIENCE)
    await expect(page.locator("[data-session]")).to_have_count(1)
    assert await find_session(resources, other) is None


@pytest.mark.asvs("6.3.3")
async def test_an_admin_without_scripts_sets_up_the_app_that_is_wanted_on_a_small_german_screen(
    url: str, resources: Resources, chromium: Browser
) -> None:
    resources.settings.second_factor = ["admin"]
    await make_user(resources, role=Role.ADMIN)
    context = await chromium.new_context(
        locale="de-DE", viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    page = await context.new_page()
    await page.goto(f"{url}/login?next=/work/inbox")
    await page.get_by_label("Benutzername").fill("ada")
    await page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Anmelden", exact=True).click()
    await page.wait_for_url("**/login/set-up**")
    secret = (await page.locator(".by-hand").inner_text()).replace(" ", "")
    await page.get_by_label("sechs Ziffern").fill("000000")
    await page.get_by_role("button", name="Einrichten und weiter").click()
    await expect(page.get_by_role("alert")).to_contain_text("Dieser Code stimmt nicht.")
    again = (await page.locator(".by-hand").inner_text()).replace(" ", "")
    assert again == secret, "the app that was just scanned is still the right one"
    await page.get_by_label("sechs Ziffern").fill(Phone(secret).code())
    await page.get_by_role("button", name="Einrichten und weiter").click()
    await expect(page.locator(".codes code")).to_have_count(10, timeout=PATIENCE)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_role("link", name="Ich habe sie aufgehoben").click()
    await page.wait_for_url(f"{url}/work/inbox")
    await context.close()


async def test_an_admin_may_set_up_a_passkey_instead(
    url: str, resources: Resources, device: Device
) -> None:
    resources.settings.second_factor = ["admin"]
    await make_user(resources, role=Role.ADMIN)
    page = device.page
    await sign_in(page, url, next="/work/inbox")
    await page.wait_for_url("**/login/set-up**")
    await page.get_by_role("button", name="Set up a passkey instead").click()
    await expect(page.locator(".codes code")).to_have_count(10, timeout=PATIENCE)
    await page.get_by_role("link", name="I have kept them").click()
    await page.wait_for_url(f"{url}/work/inbox")
