"""Signing in at a certified provider, in a browser: there, again, linked, unlinked, and out."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator

import pytest
from playwright.async_api import BrowserContext, Page, expect

from app.core.children import end
from tests.node_packages import FOLDER, node, packages
from tests.product import OWNER, PASSWORD, Product

SECRET = "s3cret/with:signs+and more of them 0001"


@pytest.fixture(scope="module")
def keiko() -> Iterator[Product]:
    """A Keiko whose operator trusts one provider of their own network."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    packages()
    provider = subprocess.Popen(
        [node(), str(FOLDER / "provider.mjs")],
        cwd=FOLDER,
        env={**os.environ, "KEIKO_URL": f"http://127.0.0.1:{port}", "CLIENT_SECRET": SECRET},
        stdout=subprocess.PIPE,
    )
    assert provider.stdout
    issuer = provider.stdout.readline().decode().strip()
    there = {
        "name": "there",
        "label": "Elsewhere",
        "client_id": "keiko",
        "client_secret": SECRET,
        "issuer": issuer,
        "private": True,
        "allowed_groups": ["staff"],
    }
    product = Product(KEIKO_SIGN_IN_PROVIDERS=json.dumps([there]))
    product.port = port
    try:
        yield product.start()
    finally:
        product.remove()
        end(provider, gently=signal.SIGTERM, seconds=10)
        provider.stdout.close()


async def prove_there(page: Page, name: str) -> None:
    """Sign in at the provider, and agree to what Keiko wants to know."""
    await page.locator("input[name=login]").fill(name)
    await page.locator("input[name=password]").fill("anything")
    await page.locator("button[type=submit]").click()
    await page.get_by_role("button", name="Continue").click()


@pytest.mark.asvs("10.2.1", "10.5.1")
async def test_somebody_signs_in_at_a_provider_goes_on_where_they_wanted_and_signs_out(
    keiko: Product, browser: BrowserContext
) -> None:
    page = await browser.new_page()
    await page.goto(f"{keiko.url}/work/tasks")
    await page.get_by_role("link", name="Sign in with Elsewhere").click()
    await prove_there(page, "alice")
    await page.wait_for_url(f"{keiko.url}/work/tasks")
    assert (await (await page.request.get(f"{keiko.url}/api/v1/me")).json())["data"][
        "username"
    ] == "alice"

    await page.goto("about:blank")  # a page that is open goes to the login by itself
    signed_out = await page.request.post(f"{keiko.url}/logout", headers={"Origin": keiko.url})
    assert signed_out.ok
    await page.goto(f"{keiko.url}/login")
    await page.get_by_role("button", name="Yes, sign me out").click()

    await page.wait_for_url(f"{keiko.url}/login*")
    await page.get_by_role("link", name="Sign in with Elsewhere").click()
    await expect(page.locator("input[name=login]")).to_be_visible()


async def test_the_second_visit_asks_nothing(keiko: Product, browser: BrowserContext) -> None:
    page = await browser.new_page()
    await page.goto(f"{keiko.url}/login")
    await page.get_by_role("link", name="Sign in with Elsewhere").click()
    await prove_there(page, "bob")
    await page.wait_for_url(f"{keiko.url}/")
    await browser.clear_cookies(name="keiko_session")

    await page.goto(f"{keiko.url}/login?next=/work/inbox")
    await page.get_by_role("link", name="Sign in with Elsewhere").click()

    await page.wait_for_url(f"{keiko.url}/work/inbox")


async def test_an_account_elsewhere_is_linked_used_and_unlinked(
    keiko: Product, browser: BrowserContext
) -> None:
    page = await browser.new_page()
    await page.goto(f"{keiko.url}/login?next=/work/settings")
    await page.get_by_label("User name").fill(OWNER)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("button", name="Link an account at Elsewhere").click()
    await prove_there(page, "carol")
    linked = page.get_by_role("button", name="Unlink: Elsewhere carol@example.org")
    await expect(linked).to_be_visible()
    await browser.clear_cookies(name="keiko_session")
    await page.goto(f"{keiko.url}/login?next=/work/settings")
    await page.get_by_role("link", name="Sign in with Elsewhere").click()
    await expect(linked).to_be_visible()
    me = await (await page.request.get(f"{keiko.url}/api/v1/me")).json()
    assert me["data"]["username"] == OWNER

    await linked.click()
    await page.get_by_role("button", name="Unlink", exact=True).click()

    await expect(page.get_by_text("Unlinked")).to_be_visible()
    await expect(linked).to_have_count(0)
