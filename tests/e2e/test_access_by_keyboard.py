"""Who looks after accounts and keys needs no mouse, and what they do has its effect elsewhere."""

import httpx
from playwright.async_api import Browser, expect

from tests.e2e.centre import SOUND
from tests.e2e.conftest import Readers
from tests.e2e.keys import press, reach
from tests.e2e.reader import Reader
from tests.product import PASSWORD, Product


def add(keiko: Product, name: str, role: str = "user") -> None:
    done = keiko.run("users", "add", name, "--role", role, "--password", PASSWORD)
    assert done.returncode == 0, done.stderr


async def test_an_account_is_looked_after_without_a_mouse(
    keiko: Product, reader: Reader, chromium: Browser
) -> None:
    add(keiko, "kim")
    kim = await Reader.arrive(keiko, chromium)
    await kim.sign_in("kim")
    theirs = await kim.context.new_page()
    await theirs.goto("/work/tasks")
    page = await reader.context.new_page()
    await page.goto("/work/users")
    row = page.locator("[data-user=kim]")
    role = row.get_by_label("Role of kim")
    await reach(page, role)
    await page.keyboard.press("v")
    await expect(page.get_by_role("dialog").get_by_role("button", name="Yes")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(role).to_have_value("viewer")
    await expect(row).not_to_contain_text("session")
    await theirs.reload()
    await theirs.wait_for_url("**/login**")
    await kim.sign_in("kim")
    await theirs.goto("/work/tasks")
    await page.reload()
    await press(page, row.get_by_role("button", name="Sign out everywhere"))
    await page.keyboard.press("Enter")
    await expect(row.get_by_role("button", name="Sign out everywhere")).to_have_count(0)
    await theirs.reload()
    await theirs.wait_for_url("**/login**")
    await kim.context.close()
    kim.problems = [each for each in kim.problems if "401" not in each]
    await kim.leave()


async def test_an_account_is_disabled_without_a_mouse_after_a_second_thought(
    keiko: Product, reader: Reader
) -> None:
    add(keiko, "jo")
    page = await reader.context.new_page()
    await page.goto("/work/users")
    row = page.locator("[data-user=jo]")
    await press(page, row.get_by_role("button", name="Disable"))
    await page.keyboard.press("Escape")
    await expect(row.get_by_role("button", name="Disable")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(row).to_contain_text("disabled")
    given = {"username": "jo", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=keiko.url) as program:
        assert (await program.post("/auth/login", json=given)).status_code == 401
        await press(page, row.get_by_role("button", name="Enable again"))
        await expect(row.get_by_role("button", name="Disable")).to_be_visible()
        assert (await program.post("/auth/login", json=given)).status_code == 200
    assert await page.evaluate(SOUND) == []


async def test_who_is_invited_comes_in_by_the_link_with_the_role_and_the_link_is_used_up(
    keiko: Product, reader: Reader, chromium: Browser
) -> None:
    page = await reader.context.new_page()
    await page.goto("/work/users")
    await reach(page, page.get_by_label("As", exact=True))
    await page.keyboard.press("o")
    await press(page, page.get_by_role("button", name="Make a link"))
    await expect(page.locator("#invitation")).to_be_focused()
    link = await page.locator("#invitation").input_value()
    guest = await Reader.arrive(keiko, chromium)
    theirs = await guest.context.new_page()
    await theirs.goto(link)
    await theirs.get_by_label("User name").fill("lena")
    await theirs.get_by_label("Password", exact=True).fill(PASSWORD)
    await theirs.locator("#password_again").fill(PASSWORD)
    await theirs.keyboard.press("Enter")
    await expect(theirs.locator("#chat-input")).to_be_visible(timeout=30_000)
    await theirs.goto(link)
    await expect(theirs.get_by_text("./keiko users invite")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Role of lena")).to_have_value("operator")
    await guest.context.close()
    guest.problems = [each for each in guest.problems if "410" not in each]
    await guest.leave()


async def test_a_group_is_made_filled_and_emptied_without_a_mouse(
    keiko: Product, reader: Reader
) -> None:
    add(keiko, "rosa")
    page = await reader.context.new_page()
    await page.goto("/work/users")
    await reach(page, page.get_by_label("New group"))
    await page.keyboard.type("Garden")
    await page.keyboard.press("Enter")
    group = page.locator("[data-group=Garden]")
    await reach(page, group.get_by_label("Add to Garden"), key="Shift+Tab")
    await page.keyboard.press("r")
    taken = group.get_by_role("button", name="Take rosa out of Garden")
    await expect(taken).to_be_visible()
    await expect(page.locator("[data-user=rosa] .badge")).to_have_text("Garden")
    await reach(page, taken, key="Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(group).to_contain_text("nobody")
    await press(page, group.get_by_role("button", name="Remove: Garden"))
    await page.keyboard.press("Enter")
    await expect(group).to_have_count(0)


async def test_a_key_is_made_copied_used_and_revoked_without_a_mouse(
    keiko: Product, reader: Reader
) -> None:
    await reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await reader.context.new_page()
    await page.goto("/work/settings#security")
    await expect(page.locator("#security-title")).to_be_focused()
    keys = page.locator("#api-keys")
    await press(page, keys.get_by_role("button", name="New key"))
    await expect(keys.get_by_label("What it is for")).to_be_focused()
    await page.keyboard.type("Night copy")
    await reach(page, keys.get_by_label("see tasks", exact=False).first)
    await page.keyboard.press("Space")
    await press(page, keys.get_by_role("button", name="Make the key"))
    await expect(keys.get_by_label("The new key")).to_be_focused()
    await press(page, keys.get_by_role("button", name="Copy", exact=True))
    await expect(page.locator("#toasts")).to_contain_text("Copied")
    key = str(await page.evaluate("navigator.clipboard.readText()"))
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=keiko.url, headers=headers) as program:
        assert (await program.get("/api/v1/tasks")).status_code == 200
        await press(page, keys.get_by_role("button", name="Done"))
        revoke = keys.get_by_role("button", name="Revoke: Night copy")
        await press(page, revoke)
        warning = page.get_by_role("dialog")
        await expect(warning).to_contain_text("Programs that use it come in no more.")
        await page.keyboard.press("Escape")
        assert (await program.get("/api/v1/tasks")).status_code == 200
        await expect(revoke).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await expect(revoke).to_have_count(0)
        assert (await program.get("/api/v1/tasks")).status_code == 401
    await page.goto("/work/inbox")
    notice = page.locator("li.notice", has_text="An API key was made: “Night copy”")
    await expect(notice).to_contain_text("If it was not you")
    await notice.get_by_role("link", name="Open").click()
    await expect(page.locator("#security-title")).to_be_in_viewport()


async def test_on_a_german_phone_nothing_of_it_is_wider_than_the_page(readers: Readers) -> None:
    phone = await readers(
        locale="de-DE", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = await phone.context.new_page()

    async def fits() -> None:
        widths = "[document.documentElement.scrollWidth, document.body.scrollWidth]"
        assert await page.evaluate(widths) == [390, 390], page.url
        assert await page.evaluate(SOUND) == []

    await page.goto("/work/users")
    await page.get_by_label("Neue Gruppe").fill("Donaudampfschifffahrtsgesellschaftsverwaltung")
    await page.get_by_role("button", name="Anlegen", exact=True).tap()
    await page.get_by_role("button", name="Link anlegen").tap()
    await expect(page.locator("#invitation")).to_be_visible()
    await expect(page.locator("[data-group]").first).to_be_visible()
    await fits()
    await page.goto("/work/settings")
    await page.get_by_role("link", name="Sicherheit", exact=True).tap()
    await expect(page.locator("[data-session]").first).to_be_visible()
    await page.get_by_role("button", name="Authenticator-App einrichten").tap()
    await expect(page.locator(".secret-key")).to_be_visible()
    await page.get_by_role("button", name="Neuer Schlüssel").tap()
    await page.get_by_label("Wofür er ist").fill("Einüberausausführlicherschlüssel" * 2)
    await page.get_by_label("Aufgaben sehen", exact=False).first.check()
    await fits()
    await page.get_by_role("button", name="Schlüssel anlegen").tap()
    field = page.get_by_label("Der neue Schlüssel")
    await expect(field).to_be_in_viewport()
    box = await field.bounding_box()
    assert box is not None and box["width"] > 250, "one sees that it is the whole key"
    await fits()
    await page.goto("/work/record")
    await expect(page.locator("li.entry").first).to_be_visible()
    await page.locator("li.entry summary").first.tap()
    await fits()
