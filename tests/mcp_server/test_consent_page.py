"""The page on which a user lets a program in, in a real browser: from there, and back again."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web as site
from playwright.async_api import Browser, BrowserContext, Page, expect

from app.core.resources import Resources
from tests.api.acting import Web
from tests.e2e.centre import SOUND
from tests.mcp_server.visiting import Program
from tests.users.people import PASSWORD, make_user


class Listening:
    """A program that waits for its user to come back to it."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def hear(self, request: site.Request) -> site.Response:
        await self.told.put(dict(request.query))
        return site.Response(text="You may close this window.")


@pytest.fixture
async def listening() -> Listening:
    return Listening()


@pytest.fixture
async def own(web: Web, resources: Resources, listening: Listening) -> AsyncIterator[Program]:
    """A program that really listens on a port of this machine; Ada has an account."""
    await make_user(resources)
    app = site.Application()
    app.router.add_get("/back", listening.hear)
    runner = site.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await site.TCPSite(runner, "127.0.0.1", 0).start()
    back = f"http://127.0.0.1:{runner.addresses[0][1]}/back"
    async with Program(web.url, back) as program:
        await program.register(client_name="Editor of the <b>neighbours</b>")
        yield program
    await runner.cleanup()


async def sign_in(page: Page, name: str, password: str, button: str) -> None:
    await page.get_by_label(name).fill("ada")
    await page.get_by_label(password, exact=True).fill(PASSWORD)
    await page.get_by_role("button", name=button).click()


@pytest.mark.asvs("10.7.2")
async def test_one_signs_in_lets_a_program_in_and_is_sent_back_to_it(
    own: Program, browser: BrowserContext, listening: Listening
) -> None:
    page = await browser.new_page()
    await page.goto(f"{own.url}/oauth/authorize?{own.wish()}")
    await sign_in(page, "User name", "Password", "Sign in")
    await expect(page.get_by_role("heading")).to_have_text("Let a program in?")
    await expect(page.locator(".program")).to_have_text("Editor of the <b>neighbours</b>")
    await expect(page.locator("main")).to_contain_text("a program on this device (127.0.0.1)")
    assert await page.evaluate(SOUND) == []
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("checkbox")).to_be_focused()
    await page.get_by_role("button", name="Let it in").click()
    await expect(page.locator("body")).to_have_text("You may close this window.")
    told = await listening.told.get()
    assert (told["state"], told["iss"]) == ("its own", own.url)
    own.tokens = (await own.exchange(told["code"])).json()
    assert own.tokens["scope"] == "read write"
    assert (await own.request("ping")).status_code == 200


async def test_one_says_no_or_less_on_a_small_dark_german_screen(
    own: Program, chromium: Browser, listening: Listening
) -> None:
    context = await chromium.new_context(
        locale="de-DE", viewport={"width": 390, "height": 844}, color_scheme="dark"
    )
    page = await context.new_page()
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if "Content Security" in m.text else None)
    await page.goto(f"{own.url}/oauth/authorize?{own.wish()}")
    await sign_in(page, "Benutzername", "Passwort", "Anmelden")
    await expect(page.get_by_role("heading")).to_have_text("Ein Programm hereinlassen?")
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    assert await page.evaluate(SOUND) == []
    await page.get_by_role("button", name="Nein").click()
    await expect(page.locator("body")).to_have_text("You may close this window.")
    assert (await listening.told.get())["error"] == "access_denied"

    await page.goto(f"{own.url}/oauth/authorize?{own.wish()}")
    await page.get_by_role("checkbox").uncheck()
    await page.get_by_role("button", name="Hereinlassen").click()
    told = await listening.told.get()
    assert (await own.exchange(told["code"])).json()["scope"] == "read"

    await page.goto(f"{own.url}/oauth/authorize?{own.wish(scope='read')}")
    await expect(page.get_by_role("checkbox")).to_be_hidden()
    await page.goto(f"{own.url}/oauth/authorize?{own.wish(client_id='nobody')}")
    await expect(page.get_by_role("alert")).to_contain_text("Dieses Programm ist hier nicht")
    assert refused == []
    await context.close()


@pytest.mark.asvs("10.7.3")
async def test_what_is_remembered_and_who_may_come_in_stand_on_the_page_settings(
    own: Program, browser: BrowserContext, listening: Listening
) -> None:
    page = await browser.new_page()
    await page.goto(f"{own.url}/oauth/authorize?{own.wish()}")
    await sign_in(page, "User name", "Password", "Sign in")
    await page.get_by_role("button", name="Let it in").click()
    own.tokens = (await own.exchange((await listening.told.get())["code"])).json()
    await own.call("remember", text="Ada drinks tea.")

    await page.goto(f"{own.url}/work/settings")
    memories = page.get_by_role("region", name="What Keiko remembers")
    await expect(memories.get_by_role("listitem")).to_contain_text("Ada drinks tea.")
    await expect(memories.get_by_role("listitem")).to_contain_text("Editor of the <b>neighbours")
    assert await page.evaluate(SOUND) == []
    await memories.get_by_label("Remember this").fill("Her bicycle is red.")
    await page.keyboard.press("Enter")
    await expect(memories.get_by_role("listitem")).to_have_count(2)
    await memories.get_by_label("Search").fill("bicycles")
    await expect(memories.get_by_role("listitem")).to_have_count(1)
    await memories.get_by_role("button", name="Forget: Her bicycle").click()
    await expect(memories.get_by_role("listitem")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(memories.get_by_role("listitem")).to_have_count(1)

    apps = page.get_by_role("region", name="Other assistants")
    await expect(apps).to_contain_text(f"{own.url}/mcp")
    await apps.get_by_role("button", name="End: Editor").click()
    await expect(apps.get_by_role("listitem")).to_have_count(0)
    assert (await own.request("ping")).status_code == 401
