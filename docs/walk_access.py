"""Walks through who may come in and what they may do, and takes these pictures of docs/walk.md.

Run by `.venv/bin/python docs/walk_access.py`, as docs/walk.py is. With a folder it takes the same
pictures there: wide and narrow, light and dark, in English and German.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyotp
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from app.cli.browser import find_browser  # noqa: E402 - the path is set above
from tests.generous import GENEROUS  # noqa: E402
from tests.product import OWNER, PASSWORD, Product  # noqa: E402

PICTURES = ROOT / "docs" / "walk"
SETTLES = 700
"""Milliseconds until a page has come to rest."""

PROVIDERS = [
    {"name": "google", "preset": "google", "client_id": "keiko", "client_secret": "any"},
    {"name": "work", "label": "Work", "issuer": "http://127.0.0.1:9", "private": True,
     "client_id": "keiko", "client_secret": "any"},
]  # fmt: skip
"""Two at which nobody signs in here."""

OPERATORS = ("otto", "olga", "oskar", "odile")
VIEWERS = ("vera", "viktor", "vito", "valerie")
"""Who comes in, one for each look."""

LIMIT = 400
"""Requests a minute of somebody who is not signed in: more than a walk needs."""

ENGLISH = (
    "32-sign-in", "34-set-up-a-second-factor", "35-recovery-codes", "36-second-factor",
    "37-security", "38-key-shown-once", "39-users", "40-record", "42-too-many-requests",
)  # fmt: skip
GERMAN = ("33-too-many-tries", "41-told-of-changes")
"""The pictures of docs/walk.md, by language."""


@dataclass(frozen=True)
class Look:
    """How a page is looked at, and where its pictures go; `only` says which (all if empty)."""

    folder: Path
    locale: str = "en-GB"
    color_scheme: str = "light"
    width: int = 1280
    suffix: str = ""
    only: Sequence[str] = ()

    def is_wanted(self, name: str) -> bool:
        """Whether this picture is to be taken."""
        return not self.only or name in self.only

    def words(self, english: str, german: str) -> str:
        """What a button is called."""
        return german if self.locale.startswith("de") else english


class Visit:
    """Somebody's browser."""

    def __init__(self, context: BrowserContext, page: Page, look: Look) -> None:
        self.context, self.page, self.look = context, page, look

    @classmethod
    async def begin(cls, browser: Browser, url: str, look: Look) -> "Visit":
        """A fresh browser, with passkeys of its own."""
        context = await browser.new_context(
            base_url=url.replace("127.0.0.1", "localhost"),
            locale=look.locale,
            color_scheme=look.color_scheme,  # type: ignore[arg-type]
            viewport={"width": look.width, "height": 800 if look.width > 500 else 844},
        )
        return cls(context, await context.new_page(), look)

    async def take(self, name: str, of: str | None = None) -> None:
        """Take one picture: of the page, or of a part of it. Nothing may be wider than the page."""
        await self.page.wait_for_timeout(SETTLES)
        wide = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            raise SystemExit(f"{name}{self.look.suffix}: {wide} pixels too wide")
        if not self.look.is_wanted(name):
            return
        path = self.look.folder / f"{name}{self.look.suffix}.png"
        if of:
            await self.page.locator(of).screenshot(path=path)
        else:
            await self.page.screenshot(path=path, full_page=bool(self.look.suffix))

    async def press(self, english: str, german: str) -> None:
        """Press a button."""
        name = self.look.words(english, german)
        await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def sign_in(
        self, name: str, path: str = "/work/settings", password: str = PASSWORD
    ) -> None:
        """Fill in the form and send it."""
        await self.page.goto(f"/login?next={path}")
        await self.page.fill("#username", name)
        await self.page.fill("#password", password)
        await self.page.click("button[type=submit]")


async def come_in(visit: Visit, name: str) -> None:
    """The sign-in page; what it says of a wrong password, and of the many that follow."""
    page = visit.page
    await page.goto("/login")
    await visit.take("32-sign-in")
    await visit.sign_in(name, password="not the password")  # noqa: S106 - a wrong one
    await expect(page.get_by_role("alert")).to_be_visible()
    await visit.take("33b-refused")
    for _ in range(12):
        if await page.get_by_text(visit.look.words("Please wait", "Bitte warte")).count():
            break
        await page.fill("#password", "not this one either")
        await page.click("button[type=submit]")
        await page.wait_for_timeout(SETTLES)
    await visit.take("33-too-many-tries")


async def second_factor(visit: Visit, name: str) -> None:
    """A role that must have one: set up on the way in, and asked for from then on."""
    page = visit.page
    await visit.sign_in(name)
    await page.wait_for_url("**/login/set-up**")
    await visit.take("34-set-up-a-second-factor")
    secret = (await page.locator(".by-hand").inner_text()).replace(" ", "")
    await page.fill("#code", pyotp.TOTP(secret).now())
    await page.click("button[type=submit]")
    await expect(page.locator(".codes code")).to_have_count(10, timeout=30_000)
    await visit.take("35-recovery-codes")
    await page.context.clear_cookies()
    await visit.sign_in(name)
    await page.wait_for_url("**/login/second-factor**")
    await visit.take("36-second-factor")
    await page.fill("#code", "000000")
    await page.click("button[type=submit]")
    await expect(page.get_by_role("alert")).to_be_visible()
    await visit.take("36b-second-factor-refused")


async def security(visit: Visit) -> None:
    """What one signs in with, where one is signed in, and a key that is shown once."""
    page = visit.page
    await visit.sign_in(OWNER)
    await expect(page.locator("[data-session]").first).to_be_visible(timeout=30_000)
    await page.evaluate("document.getElementById('security').scrollIntoView()")
    await visit.take("37-security")
    await visit.press("Set up an authenticator app", "Authenticator-App einrichten")
    await expect(page.locator(".secret-key")).to_be_visible()
    await visit.take("37b-app-in-settings", of="#credentials")
    await visit.press("Cancel", "Abbrechen")
    await visit.press("New key", "Neuer Schlüssel")
    await page.fill("#key-name", "Backup")
    await page.locator("input[value='tasks:read']").check()
    await visit.take("38b-key-form", of="#api-keys")
    await visit.press("Make the key", "Schlüssel anlegen")
    await expect(page.locator("#key-made")).to_be_visible()
    await page.evaluate("document.getElementById('key-made').scrollIntoView({block: 'center'})")
    await visit.take("38-key-shown-once")


async def administration(visit: Visit) -> None:
    """Accounts and groups; the record of what was done."""
    page = visit.page
    await page.goto("/work/users")
    await expect(page.locator("[data-user]").first).to_be_visible()
    if not await page.locator("[data-group=Research]").count():
        await page.locator("#group-name").fill("Research")
        await visit.press("Add", "Anlegen")
        await page.locator("[data-group=Research] select").select_option("grace")
    await expect(page.locator("[data-group=Research] .badge")).to_be_visible()
    await visit.press("Make a link", "Link anlegen")
    await page.evaluate("scrollTo(0, 0)")
    await visit.take("39-users")
    await page.goto("/work/record")
    await expect(page.locator(".entry").first).to_be_visible()
    await visit.take("40-record")
    await page.locator(".entry summary").first.click()
    await visit.take("40b-record-entry")
    await page.goto("/work/inbox")
    await expect(page.locator("li.notice").first).to_be_visible(timeout=30_000)
    await visit.take("41-told-of-changes")


async def owner(visit: Visit) -> None:
    """What the owner sees once they are in."""
    await security(visit)
    await administration(visit)


async def too_many(browser: Browser, product: Product, looks: Sequence[Look]) -> None:
    """What a page says to a client that asks for too much; the last thing of all."""
    for look in looks:
        visit = await Visit.begin(browser, product.url, look)
        for _ in range(LIMIT + 1):
            if (await visit.page.request.get("/nothing")).status == 429:
                break
        await visit.page.goto("/login")
        await visit.take("42-too-many-requests")
        await visit.context.close()


async def walk(product: Product, looks: Sequence[Look]) -> None:
    """The whole walk, once for each look."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_browser(), args=["--disable-dev-shm-usage"]
        )
        for look, operator, viewer in zip(looks, OPERATORS, VIEWERS, strict=False):
            look.folder.mkdir(exist_ok=True, parents=True)
            for name, steps in ((viewer, come_in), (operator, second_factor)):
                visit = await Visit.begin(browser, product.url, look)
                await steps(visit, name)
                await visit.context.close()
            visit = await Visit.begin(browser, product.url, look)
            await owner(visit)
            await visit.context.close()
        await too_many(browser, product, looks)
        await browser.close()


def looks_of(arguments: Sequence[str]) -> list[Look]:
    """Those of docs/walk.md; all that there are, for a folder."""
    if not arguments:
        german = Look(PICTURES, "de-DE", "dark", 390, only=GERMAN)
        return [Look(PICTURES, only=ENGLISH), german]
    folder = Path(arguments[0])
    return [
        Look(folder, locale, scheme, width, f"-{locale[:2]}-{scheme}-{width}")
        for locale, scheme, width in (
            ("en-GB", "light", 1280), ("de-DE", "dark", 390),
            ("de-DE", "light", 390), ("en-GB", "dark", 1280),
        )
    ]  # fmt: skip


def main() -> None:
    """Start a Keiko with some people in it, and walk."""
    limits = GENEROUS.model_copy(update={"default": LIMIT})
    product = Product(
        KEIKO_SIGN_IN_PROVIDERS=json.dumps(PROVIDERS),
        KEIKO_SECOND_FACTOR="operator",
        KEIKO_RATE_LIMITS=limits.model_dump_json(),
    )
    looks = looks_of(sys.argv[1:])
    try:
        product.start()
        for _, operator, viewer in zip(looks, OPERATORS, VIEWERS, strict=False):
            add(product, operator, "operator")
            add(product, viewer, "viewer")
        add(product, "grace", "user")
        asyncio.run(walk(product, looks))
    finally:
        product.remove()


def add(product: Product, name: str, role: str) -> None:
    """Make an account."""
    product.run("users", "add", name, "--role", role, "--password", PASSWORD).check_returncode()


if __name__ == "__main__":
    main()
