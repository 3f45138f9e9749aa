"""The page "Sites": which pages of others show Keiko, and what their visitors may do there."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.centre import SOUND
from tests.e2e.conftest import Readers
from tests.e2e.keys import press, reach
from tests.e2e.reader import Reader
from tests.product import Product


@pytest.fixture(autouse=True)
def leaves_no_site(keiko: Product, person: str) -> Iterator[None]:
    """What a test made opens nothing afterwards."""
    yield
    with keiko.client(person) as client:
        for site in client.get("/api/v1/sites").json()["data"]:
            if site["name"].startswith("Shop") and site["revoked_at"] is None:
                assert client.delete(f"/api/v1/sites/{site['id']}").status_code == 200


async def open_sites(reader: Reader) -> Page:
    page = await reader.context.new_page()
    await page.goto("/work/sites")
    await expect(page.get_by_role("heading", name="Sites", exact=True)).to_be_visible()
    return page


def site(page: Page, name: str) -> Locator:
    heading = page.get_by_role("heading", name=name, exact=True)
    return page.locator("li.site").filter(has=heading)


async def make(page: Page, name: str, origins: str) -> Locator:
    await page.get_by_role("button", name="New site").click()
    form = page.get_by_role("dialog", name="New site")
    await form.get_by_label("Name").fill(name)
    await form.get_by_label("Pages that may show Keiko").fill(origins)
    await form.get_by_role("button", name="Make the site").click()
    return form


async def test_a_site_is_made_and_its_secret_shown_once_with_the_tag(
    keiko: Product, reader: Reader
) -> None:
    page = await open_sites(reader)
    await make(page, "Shop one", "https://shop.example\nhttps://www.shop.example")
    secret = page.get_by_label("Secret", exact=True)
    await expect(secret).to_be_focused()
    shown = await secret.input_value()
    key = await site(page, "Shop one").get_by_label("Key", exact=True).input_value()
    tag = f'<script src="{keiko.url}/widget.js" data-site="{key}" async></script>'
    await expect(page.locator("#site-tag")).to_have_value(tag)
    await expect(site(page, "Shop one")).to_contain_text("https://www.shop.example")
    wanted = {"site_key": key, "origin": "https://shop.example", "user": {"id": "42"}}
    async with httpx.AsyncClient(base_url=keiko.url) as server:
        told = {"Authorization": f"Bearer {shown}"}
        answer = await server.post("/api/v1/widget/tickets", json=wanted, headers=told)
    assert answer.is_success, answer.text
    await page.get_by_role("button", name="Done").click()
    await expect(site(page, "Shop one")).to_be_focused()
    await page.reload()
    await expect(site(page, "Shop one")).to_be_visible()
    await expect(secret).to_have_count(0)


async def test_a_site_is_changed_and_what_was_not_touched_stays(reader: Reader) -> None:
    page = await open_sites(reader)
    await make(page, "Shop two", "https://shop.example")
    row = site(page, "Shop two")
    await row.get_by_role("button", name="Edit: Shop two").click()
    form = page.get_by_role("dialog", name="Edit site")
    await form.get_by_label("People nobody knows may write").check()
    await form.get_by_label("Model").select_option("Small")
    await form.get_by_label("Tools").fill("traces/*")
    await form.get_by_label("Messages a day, all together").fill("500")
    await form.get_by_label("Light", exact=True).fill("#1a7f5a")
    await form.get_by_text("Texts in German").click()
    await form.locator("details[open]").get_by_label("Title").fill("Fragen?")
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(row).to_be_focused()
    await expect(row.locator(".badge")).to_have_text("anybody may write")
    await expect(row).to_contain_text(re.compile(r"500 in all · Small · Tools: traces/\*"))
    await expect(row).to_contain_text("https://shop.example")
    await row.get_by_role("button", name="Edit: Shop two").click()
    await expect(form.get_by_label("Light", exact=True)).to_have_value("#1a7f5a")
    await form.get_by_text("Texts in German").click()
    await expect(form.locator("details[open]").get_by_label("Title")).to_have_value("Fragen?")


async def test_a_wrong_origin_is_said_at_its_field_and_nothing_is_made(reader: Reader) -> None:
    page = await open_sites(reader)
    form = await make(page, "Shop three", "https://shop.example\nhttp://shop.example")
    origins = form.get_by_label("Pages that may show Keiko")
    await expect(origins).to_be_focused()
    await expect(origins).to_have_attribute("aria-invalid", "true")
    await expect(form.get_by_role("alert")).to_contain_text("has to begin with https://")
    await form.get_by_role("button", name="Close").click()
    await expect(site(page, "Shop three")).to_have_count(0)
    reader.problems = [each for each in reader.problems if "422" not in each]


async def test_a_secret_is_renewed_and_a_site_revoked_after_a_second_thought(
    reader: Reader,
) -> None:
    page = await open_sites(reader)
    await make(page, "Shop four", "https://shop.example")
    row, secret = site(page, "Shop four"), page.get_by_label("Secret", exact=True)
    old = await secret.input_value()
    await row.get_by_role("button", name="New secret: Shop four").click()
    await page.get_by_role("dialog").get_by_role("button", name="New secret").click()
    await expect(secret).not_to_have_value(old)
    await row.get_by_role("button", name="Revoke: Shop four").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("open frames end at once")
    await dialog.get_by_role("button", name="Keep").click()
    await expect(row.get_by_text("revoked", exact=True)).to_have_count(0)
    await row.get_by_role("button", name="Revoke: Shop four").click()
    await dialog.get_by_role("button", name="Revoke").click()
    await expect(row.get_by_text("revoked", exact=True)).to_be_visible()
    await expect(row.get_by_role("button")).to_have_count(0)
    await expect(secret).to_have_count(0)


async def test_a_site_is_made_and_revoked_without_a_mouse(reader: Reader) -> None:
    page = await open_sites(reader)
    await press(page, page.get_by_role("button", name="New site"))
    form = page.get_by_role("dialog", name="New site")
    await expect(form.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("Shop five")
    await page.keyboard.press("Tab")
    await page.keyboard.type("https://shop.example")
    await reach(page, form.get_by_label("People nobody knows may write"))
    await page.keyboard.press("Space")
    await press(page, form.get_by_role("button", name="Make the site"))
    await expect(page.get_by_label("Secret", exact=True)).to_be_focused()
    row = site(page, "Shop five")
    await expect(row.locator(".badge")).to_have_text("anybody may write")
    await press(page, page.get_by_role("button", name="Done"))
    await expect(row).to_be_focused()
    await press(page, row.get_by_role("button", name="Revoke: Shop five"))
    await press(page, page.get_by_role("dialog").get_by_role("button", name="Revoke"))
    await expect(row.get_by_text("revoked", exact=True)).to_be_visible()
    await expect(row).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_names_contrast_and_order_are_sound_in_every_state(
    readers: Readers, scheme: str
) -> None:
    reader = await readers(color_scheme=scheme)
    page = await open_sites(reader)
    form = await make(page, f"Shop {scheme}", "shop.example")
    await expect(form.get_by_role("alert")).to_be_visible()
    await form.get_by_text("Texts in German").click()
    assert await page.evaluate(SOUND) == []
    await form.get_by_label("Pages that may show Keiko").fill("https://shop.example")
    await form.get_by_role("button", name="Make the site").click()
    await expect(page.get_by_label("Secret", exact=True)).to_be_focused()
    row = site(page, f"Shop {scheme}")
    await row.locator("summary").click()
    assert await page.evaluate(SOUND) == []
    await page.get_by_role("button", name="Done").click()
    await row.get_by_role("button", name="Revoke: Shop").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await page.evaluate(SOUND) == []
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(row.get_by_text("revoked", exact=True)).to_be_visible()
    assert await page.evaluate(SOUND) == []
    reader.problems = [each for each in reader.problems if "422" not in each]


async def test_all_of_it_fits_a_german_phone(readers: Readers) -> None:
    phone = await readers(locale="de-DE", viewport={"width": 390, "height": 844})
    page = await phone.context.new_page()
    await page.goto("/work/sites")
    await page.get_by_role("button", name="Neue Website").click()
    form = page.get_by_role("dialog", name="Neue Website")
    await form.get_by_label("Name").fill("Shop " + "x" * 50)
    origin = f"https://{'a' * 60}.{'b' * 60}.example"
    await form.get_by_label("Seiten, die Keiko zeigen dürfen").fill(origin)
    await form.get_by_text("Texte auf Deutsch").click()
    assert await form.evaluate("form => form.scrollWidth <= form.clientWidth")
    await form.get_by_role("button", name="Website anlegen").click()
    await expect(page.get_by_label("Geheimnis", exact=True)).to_be_focused()
    await page.locator("li.site summary").first.click()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_who_is_no_admin_has_no_way_to_the_page_and_learns_nothing_there(
    keiko: Product, chromium: Browser
) -> None:
    keiko.invite("olga", "operator")
    operator = await Reader.arrive(keiko, chromium)
    await operator.sign_in("olga")
    page = await operator.context.new_page()
    await page.goto("/work/tasks")
    await expect(page.get_by_role("link", name="Settings")).to_be_visible()
    await expect(page.get_by_role("link", name="Sites")).to_have_count(0)
    await page.goto("/work/sites")
    await expect(page.get_by_role("alert")).to_contain_text("Your role does not allow this.")
    await expect(page.get_by_role("button", name="New site")).to_have_count(0)
    await operator.context.close()
    operator.problems = [each for each in operator.problems if "403" not in each]
    await operator.leave()
