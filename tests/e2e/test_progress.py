"""A tool that takes long: how far it is stands below it, without a click."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Tab

FAR = "[data-progress]"


async def test_how_far_a_tool_is_is_seen_while_it_works_and_gone_afterwards(tab: Tab) -> None:
    await tab.send('!tool count {"to": 20, "pause": 0.5} !then !say Counted.')
    far = tab.page.locator(FAR)
    bar = far.get_by_role("progressbar")
    await expect(far).to_contain_text(re.compile(r"^\d+ % · number \d+$"))
    first = await bar.get_attribute("aria-valuenow") or ""
    await expect(bar).not_to_have_attribute("aria-valuenow", first)
    assert int(await bar.get_attribute("aria-valuenow") or 0) > int(first)
    await expect(tab.page.get_by_text("Counted.", exact=True)).to_be_visible(timeout=30_000)
    await expect(far).to_have_count(0)


async def test_a_reload_shows_how_far_it_is(tab: Tab) -> None:
    await tab.send('!tool count {"to": 12, "pause": 0.5} !then !say Counted.')
    await expect(tab.page.locator(FAR)).to_contain_text("%")
    await tab.page.reload()
    await expect(tab.page.locator(FAR)).to_contain_text("%")
    await expect(tab.page.get_by_text("Counted.", exact=True)).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_it_fits_a_phone(readers: Readers, scheme: str) -> None:
    reader = await readers(
        locale="de-DE", color_scheme=scheme, viewport={"width": 390, "height": 844}
    )
    tab = await reader.open()
    await tab.send('!tool count {"to": 6, "pause": 0.7} !then !say Gezählt.')
    bar = tab.page.get_by_role("progressbar", name="Fortschritt von count")
    await expect(bar).to_be_visible()
    width = await tab.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
