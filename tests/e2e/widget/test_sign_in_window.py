"""Where the website does not know its visitor: they sign in at Keiko, in a window of its own."""

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.e2e.widget.host import HostSite
from tests.e2e.widget.visitor import Visitor
from tests.product import OWNER, PASSWORD


@pytest.fixture
def closed(host: HostSite) -> Iterator[HostSite]:
    """A website whose server vouches for nobody."""
    host.is_closed = True
    yield host
    host.is_closed = False


@pytest.mark.usefixtures("closed")
async def test_who_has_an_account_comes_in_by_a_window_and_as_a_visitor_of_their_own(
    visitor: Visitor,
) -> None:
    chat = await visitor.visit()
    await chat.launcher.click()
    async with visitor.context.expect_page() as opening:
        await chat.frame.get_by_role("button", name="Sign in", exact=True).click()
    window = await opening.value
    await window.get_by_label("User name").fill(OWNER)
    await window.get_by_label("Password", exact=True).fill(PASSWORD)
    await window.get_by_role("button", name="Sign in", exact=True).click()
    await expect(window.locator("main")).to_contain_text("Lamps & Co.")
    async with window.expect_event("close"):
        await window.get_by_role("button", name=f"Continue as {OWNER}").click()
    await chat.is_usable()
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    # Signed in at Keiko by now, they need no more than a click.
    another = await visitor.visit(lang="de")
    await another.launcher.click()
    async with visitor.context.expect_page() as opening:
        await another.frame.get_by_role("button", name="Anmelden", exact=True).click()
    window = await opening.value
    async with window.expect_event("close"):
        await window.locator("button[type=submit]").click()
    await another.is_usable()
