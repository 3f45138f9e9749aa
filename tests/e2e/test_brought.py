"""What tools bring, as people see it: images, audio, files, links, and answers too long to show."""

import json
import sys
from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab
from tests.fakes.model import model_process
from tests.fakes.rich_server import png
from tests.product import ROOT, Product


@pytest.fixture(scope="module")
def keiko() -> Iterator[Product]:
    """Keiko with a server whose tools answer with every kind of content."""
    rich = {
        "name": "rich",
        "command": sys.executable,
        "args": ["-m", "tests.fakes.rich_server"],
        "env": {"PYTHONPATH": str(ROOT)},
    }
    with model_process(first_token_ms=20, tokens=10) as url:
        product = Product(KEIKO_MODEL_URL=url, KEIKO_TOOL_SERVERS=json.dumps([rich]))
        try:
            yield product.start()
        finally:
            product.remove()


def card(tab: Tab) -> Locator:
    return tab.page.locator("[data-files]").last


async def is_drawn(image: Locator) -> bool:
    return bool(await image.evaluate("image => image.complete && image.naturalWidth === 320"))


async def test_an_image_is_seen_at_once_in_every_tab_and_after_a_reload(
    reader: Reader, tab: Tab
) -> None:
    await tab.send("!tool draw {} !then !say Look.")
    image = card(tab).get_by_role("img", name="Image 1 from draw: draw-1.png")
    await expect(image).to_be_visible()
    await tab.sees("Look.")
    second = await reader.open(tab.address)
    await tab.page.reload()
    for page in (tab, second):
        shown = card(page).get_by_role("img", name="Image 1 from draw: draw-1.png")
        await shown.scroll_into_view_if_needed()
        await expect(shown).to_be_visible()
        await expect(shown).to_have_js_property("naturalWidth", 320)
    assert await is_drawn(image)


async def test_a_file_is_saved_under_its_name(tab: Tab) -> None:
    await tab.send("!tool draw {} !then !say Look.")
    await tab.sees("Look.")
    async with tab.page.expect_download() as coming:
        await card(tab).get_by_role("link", name="Save draw-1.png").click()
    download = await coming.value
    assert download.suggested_filename == "draw-1.png"
    assert (await download.path()).read_bytes() == png()


async def test_audio_has_a_player_that_knows_how_long_it_is(tab: Tab) -> None:
    await tab.send("!tool sound {} !then !say Listen.")
    await tab.sees("Listen.")
    player = card(tab).locator("audio")
    await expect(player).to_be_visible()
    await expect(player).to_have_js_property("duration", 1)


@pytest.mark.asvs("1.2.2", "3.2.2")
async def test_links_say_where_they_lead_and_only_web_addresses_are_links(tab: Tab) -> None:
    await tab.send("!tool documents {} !then !say Read.")
    await tab.sees("Read.")
    link = card(tab).get_by_role("link", name="More about it")
    await expect(link).to_have_attribute("href", "https://example.org/more")
    await expect(card(tab)).to_contain_text("(example.org)")
    await expect(card(tab)).to_contain_text("A <b>page</b>")
    for name in ("passwd", "script"):
        await expect(card(tab).get_by_text(name, exact=True)).to_be_visible()
        await expect(card(tab).get_by_role("link", name=name)).to_have_count(0)


@pytest.mark.asvs("1.3.1")
async def test_what_claims_to_be_an_image_and_is_none_runs_nothing(tab: Tab) -> None:
    await tab.send("!tool lies {} !then !say Hm.")
    await tab.sees("Hm.")
    await expect(card(tab).locator("img")).to_have_count(0)
    async with tab.page.expect_download() as coming:
        await card(tab).get_by_role("link", name="Save evil.html").click()
    assert (await coming.value).suggested_filename == "evil.html"


async def test_a_long_answer_is_previewed_and_saved_whole(tab: Tab) -> None:
    await tab.send('!tool lengthy {"characters": 200000} !then !say Long.')
    await tab.sees("Long.")
    await expect(card(tab)).to_contain_text("The whole answer of the tool:")
    async with tab.page.expect_download() as coming:
        await card(tab).get_by_role("link", name="Save lengthy.txt").click()
    assert len((await (await coming.value).path()).read_text()) == 200_000
    await tab.page.locator("[data-step-type=tool] button").first.click()
    await expect(tab.page.locator("[data-step-type=tool]").first).to_contain_text("xxx")


async def test_on_a_phone_in_german_and_dark_nothing_is_wider_than_the_page(
    readers: Readers,
) -> None:
    reader = await readers(
        locale="de-DE", color_scheme="dark", viewport={"width": 390, "height": 780}
    )
    tab = await reader.open()
    await tab.send("!tool draw {} !tool sound {} !tool documents {} !then !say Fertig.")
    await tab.sees("Fertig.")
    await expect(tab.page.get_by_role("img", name="Bild 1 von draw: draw-1.png")).to_be_visible()
    await expect(tab.page.get_by_role("link", name="report ä.pdf speichern")).to_be_visible()
    for part in await tab.page.locator("[data-files] *").all():
        box = await part.bounding_box()
        assert box is None or box["x"] + box["width"] <= 390, await part.inner_html()
