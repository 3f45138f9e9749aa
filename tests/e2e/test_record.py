"""The page "Record": what is on record, found by filters, and whether it is whole."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.centre import SOUND
from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader
from tests.product import PASSWORD, Product


async def open_record(reader: Reader, heading: str = "Record") -> Page:
    """A new tab of the page, with a failed sign-in on record."""
    page = await reader.context.new_page()
    await page.goto("/work/record")
    await expect(page.get_by_role("heading", name=heading)).to_be_visible()
    return page


async def fail_to_sign_in(reader: Reader, person: str) -> None:
    wrong = {"username": person, "password": "not this one at all"}
    answer = await reader.context.request.post("/auth/login", data=wrong)
    assert answer.status == 401


@pytest.mark.asvs("16.3.1", "16.4.2")
async def test_an_administrator_finds_entries_and_sees_that_the_record_is_whole(
    reader: Reader, person: str
) -> None:
    await fail_to_sign_in(reader, person)
    page = await open_record(reader)
    entries = page.locator("li.entry")
    failed = entries.filter(has_text="Sign-in failed").filter(has_text=person).first
    while not await failed.count():  # it is on record within a second
        await page.get_by_label("Outcome").select_option("failure")
        await page.get_by_label("Outcome").select_option("")
        await expect(entries.first).to_be_visible()
    await page.get_by_label("Outcome").select_option("failure")
    await expect(entries.filter(has_text="Signed in")).to_have_count(0)
    await failed.locator("summary").click()
    await expect(failed).to_contain_text("wrong_password")
    await expect(failed).to_contain_text("127.0.0.1")
    await page.get_by_label("Who").fill("nobody")
    await expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    await page.get_by_role("button", name="Verify now").click()
    await expect(page.get_by_text("Nothing was changed, removed or added.")).to_be_visible()
    assert await page.evaluate(SOUND) == []


async def test_somebody_else_is_told_that_the_record_is_not_for_them(
    readers: Readers, keiko: Product, other: str
) -> None:
    reader = await readers()
    answer = await reader.context.request.post(
        "/auth/login", data={"username": other, "password": PASSWORD}
    )
    assert answer.ok
    page = await open_record(reader)
    await expect(page.get_by_role("alert")).to_contain_text("The record is for administrators.")
    await expect(page.locator("li.entry")).to_have_count(0)
    await expect(page.locator("nav a", has_text="Record")).to_have_count(0)


async def test_entries_are_told_in_words_in_the_readers_language(
    readers: Readers, person: str
) -> None:
    reader = await readers(locale="de-DE")
    await fail_to_sign_in(reader, person)
    await reader.context.request.post("/api/v1/users/invitations", data={"role": "user"})
    page = await open_record(reader, "Protokoll")
    entries = page.locator("li.entry")
    for words in ("Konto geändert eingeladen", "Anmeldung gescheitert falsches Passwort"):
        wanted = entries.filter(has_text=words).first
        while not await wanted.count():  # it is on record within a second
            await page.get_by_label("Ausgang").select_option("failure")
            await page.get_by_label("Ausgang").select_option("")
            await expect(entries.first).to_be_visible()
