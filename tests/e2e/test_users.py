"""The page "Users", API keys in the settings, and the chat of somebody who only reads."""

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.reader import Reader
from tests.product import PASSWORD, Product


async def test_an_admin_looks_after_an_account(keiko: Product, reader: Reader) -> None:
    done = keiko.run("users", "add", "mia", "--password", PASSWORD)
    assert done.returncode == 0, done.stderr
    page = await reader.context.new_page()
    await page.goto("/work/tasks")
    await page.get_by_role("link", name="Users").click()
    mia = page.locator("[data-user=mia]")
    await expect(mia).to_contain_text("never signed in")
    await mia.get_by_label("Role of mia").select_option("viewer")
    await page.get_by_role("button", name="Yes").click()
    await expect(mia.get_by_label("Role of mia")).to_have_value("viewer")
    await mia.get_by_role("button", name="Disable").click()
    await page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    await expect(mia).to_contain_text("disabled")
    await mia.get_by_role("button", name="Enable again").click()
    await expect(mia.get_by_role("button", name="Disable")).to_be_visible()
    me = page.locator("[data-user]").filter(has_text="you")
    await expect(me.get_by_role("combobox")).to_be_disabled()
    await page.get_by_label("As", exact=True).select_option("operator")
    await page.get_by_role("button", name="Make a link").click()
    await expect(page.locator("#invitation")).to_be_visible()
    link = await page.locator("#invitation").input_value()
    assert link.startswith(f"{keiko.url}/setup/")


async def test_a_group_is_made_filled_and_removed(keiko: Product, reader: Reader) -> None:
    keiko.invite("noa")
    page = await reader.context.new_page()
    await page.goto("/work/users")
    await page.get_by_label("New group").fill("Research")
    await page.get_by_role("button", name="Add", exact=True).click()
    group = page.locator("[data-group=Research]")
    await group.get_by_label("Add to Research").select_option("noa")
    await expect(group.get_by_role("button", name="Take noa out of Research")).to_be_visible()
    await group.get_by_role("button", name="Remove: Research").click()
    await page.get_by_role("button", name="Yes").click()
    await expect(group).to_have_count(0)


async def test_a_key_is_made_shown_once_used_and_revoked(keiko: Product, reader: Reader) -> None:
    page = await reader.context.new_page()
    await page.goto("/work/settings")
    keys = page.locator("#api-keys")
    await keys.get_by_role("button", name="New key").click()
    await keys.get_by_label("What it is for").fill("Backup")
    await keys.get_by_label("see tasks", exact=False).first.check()
    await keys.get_by_role("button", name="Make the key").click()
    key = await keys.get_by_label("The new key").input_value()
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=keiko.url, headers=headers) as program:
        assert (await program.get("/api/v1/tasks")).status_code == 200
        assert (await program.get("/api/v1/threads")).status_code == 403
        await keys.get_by_role("button", name="Done").click()
        await expect(keys.get_by_label("The new key")).to_have_count(0)
        assert key[16:] not in await page.content()
        await keys.get_by_role("button", name="Revoke: Backup").click()
        await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        await expect(keys.get_by_text("Backup")).to_have_count(0)
        assert (await program.get("/api/v1/tasks")).status_code == 401


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [("en-GB", "Your role lets you read"), ("de-DE", "Mit deiner Rolle kannst du lesen")],
)
async def test_a_viewer_reads_in_place_of_the_field_that_they_only_read(
    keiko: Product, chromium: Browser, locale: str, sentence: str
) -> None:
    name = f"vera-{locale[:2]}"
    keiko.invite(name, "viewer")
    viewer = await Reader.arrive(keiko, chromium, locale=locale)
    await viewer.sign_in(name)
    page = await viewer.context.new_page()
    await page.goto("/")
    await expect(page.locator("#keiko-reads")).to_contain_text(sentence)
    await expect(page.locator("#chat-input")).to_be_hidden()
    await viewer.leave()


async def test_who_is_no_admin_has_no_way_to_the_page_and_learns_nothing_there(
    keiko: Product, chromium: Browser
) -> None:
    keiko.invite("otto", "operator")
    operator = await Reader.arrive(keiko, chromium)
    await operator.sign_in("otto")
    page = await operator.context.new_page()
    await page.goto("/work/tasks")
    await expect(page.get_by_role("link", name="Settings")).to_be_visible()
    await expect(page.get_by_role("link", name="Users")).to_have_count(0)
    await page.goto("/work/users")
    await expect(page.get_by_role("alert")).to_contain_text("Your role does not allow this.")
    await expect(page.locator("[data-user]")).to_have_count(0)
    await expect(page.locator("#toasts")).to_have_count(0)
    await operator.context.close()
    operator.problems = [each for each in operator.problems if "403" not in each]
    await operator.leave()
