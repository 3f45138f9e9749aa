"""Where the page knows nobody: a window of Keiko's own, in which somebody signs in."""

from playwright.async_api import Page, expect

from tests.e2e.widget.conftest import make_site
from tests.e2e.widget.host import HostSite
from tests.e2e.widget.visitor import Chat, Visitor
from tests.product import OWNER, PASSWORD, Product


async def _window(visitor: Visitor, chat: Chat) -> Page:
    async with visitor.context.expect_page() as opening:
        await chat.frame.get_by_role("button", name="Sign in", exact=True).click()
    return await opening.value


async def test_somebody_signs_in_in_a_window_and_writes_in_the_chat(
    keiko: Product, visitor: Visitor, host: HostSite
) -> None:
    key, _ = make_site(keiko, [host.origin])
    chat = await visitor.visit("anonymous", site=key)
    await chat.launcher.click()
    await expect(chat.frame.locator(".gate")).to_contain_text("Sign in to start a conversation.")
    window = await _window(visitor, chat)
    await window.locator("[name=username]").fill(OWNER)
    await window.locator("[name=password]").fill(PASSWORD)
    await window.locator("button[type=submit]").click()
    await window.wait_for_url("**/sign-in")
    async with window.expect_event("close"):
        await window.locator("form[data-site] button[type=submit]").click()
    await chat.is_usable()
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")


async def test_what_a_visitor_wrote_in_the_frame_goes_on_in_the_full_page(
    visitor: Visitor,
) -> None:
    chat = await visitor.open()
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    await chat.button("more").click()
    async with visitor.context.expect_page() as opening:
        await chat.frame.get_by_role("menuitem", name="Open the full page").click()
    full = await opening.value
    await expect(full.locator(".turn .body").last).to_have_text("Good morning")
    assert "kwc_" not in full.url
    await full.locator("#text").fill("!say From the full page")
    await full.locator("#text").press("Enter")
    await expect(full.locator(".turn .body").last).to_have_text("From the full page")
    await chat.sees("From the full page")
    await full.reload()
    await expect(full.locator(".turn .body").last).to_have_text("From the full page")
