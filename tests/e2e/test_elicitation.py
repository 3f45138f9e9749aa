"""The card with what a server asks of a person, from the question to the tool's own answer."""

import json
import sys
from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, Route, expect

from tests.e2e.centre import SOUND
from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab
from tests.fakes.model import model_process
from tests.product import ROOT, Product

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {
            "type": "string",
            "title": "Your name",
            "description": "As on your passport. <b>No</b> [links](https://example.org).",
            "minLength": 2,
        },
        "mail": {"type": "string", "title": "E-mail", "format": "email"},
        "seats": {"type": "integer", "title": "Seats", "minimum": 1, "default": 2},
        "meal": {
            "type": "string",
            "title": "Meal",
            "oneOf": [{"const": "v", "title": "Vegetables"}, {"const": "f", "title": "Fish"}],
        },
        "days": {
            "type": "array",
            "title": "Days",
            "items": {"enum": ["Mon", "Tue", "Wed"]},
            "maxItems": 2,
        },
        "window": {"type": "boolean", "title": "At the window", "default": True},
    },
    "required": ["name", "seats", "meal"],
}
FORM = json.dumps({"schema": SCHEMA, "message": "Whom may I book for?"})
ASK = f"!tool form {FORM} !then !say booked"

VISIT = '!tool visit {"url": "https://pay.example.org/start?id=7"} !then !say seen'
THINK = '!tool think {"prompt": "Which wine goes with fish?"} !then !say thought'


@pytest.fixture(scope="module")
def keiko() -> Iterator[Product]:
    """Keiko with a server that asks."""
    asking = {
        "name": "asking",
        "command": sys.executable,
        "args": ["-m", "tests.fakes.asking_server"],
        "env": {"PYTHONPATH": str(ROOT)},
    }
    with model_process(first_token_ms=20, tokens=10) as url:
        product = Product(
            KEIKO_MODELS=json.dumps(
                [{"name": "Large", "url": url, "key": "any", "model": "large"}]
            ),
            KEIKO_TOOL_SERVERS=json.dumps([asking]),
            KEIKO_TOOL_RULES=json.dumps([{"pattern": "asking/*", "decision": "allow"}]),
        )
        try:
            yield product.start()
        finally:
            product.remove()


def card(tab: Tab, kind: str = "elicitation") -> Locator:
    return tab.page.locator(f"[data-kind={kind}]").last


async def asked(tab: Tab, text: str = ASK, kind: str = "elicitation") -> Locator:
    """The card; the server may not be ready when Keiko is."""
    await tab.send("!tool ready {} !then !say ready")
    await tab.sees("ready")
    await tab.send(text)
    await expect(card(tab, kind)).to_be_visible()
    return card(tab, kind)


async def test_a_form_is_filled_in_by_keyboard_while_the_tool_waits(tab: Tab) -> None:
    form = await asked(tab)
    await expect(form).to_contain_text("“asking” asks you something")
    await expect(form).to_contain_text("Whom may I book for?")
    await expect(form).to_contain_text("<b>No</b> [links](https://example.org)")
    await expect(form).to_contain_text("Never enter a password here.")
    await expect(form.get_by_label("Seats")).to_have_value("2")
    await expect(form.get_by_label("At the window")).to_be_checked()
    await form.get_by_label("Your name").focus()
    await tab.page.keyboard.type("Ada")
    await tab.page.keyboard.press("Tab")
    await tab.page.keyboard.type("ada@example.org")
    await form.get_by_label("Meal").select_option("Fish")
    await form.get_by_label("Mon").press("Space")
    await form.get_by_label("Wed").press("Space")
    await form.get_by_label("Your name").press("Enter")
    await tab.sees("booked")
    for words in ("Sent.", "Your name: Ada", "Meal: Fish", "Days: Mon, Wed", "At the window: yes"):
        await expect(form).to_contain_text(words)
    await expect(form.get_by_role("button")).to_have_count(0)


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    reader: Reader, tab: Tab
) -> None:
    form = await asked(tab)
    await form.get_by_label("Seats").fill("many")
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_label("Your name")).to_be_focused()
    await expect(form.get_by_role("alert")).to_have_text(
        ["Please fill this in.", "Please enter a number.", "Please fill this in."]
    )
    await form.get_by_label("Your name").fill("A")
    await form.get_by_label("Seats").fill("3")
    await form.get_by_label("Meal").select_option("Fish")
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_role("alert")).to_have_text("“Your name” takes at least 2 characters.")
    await expect(form.get_by_label("Seats")).to_have_value("3")
    reader.problems.clear()  # the browser notes each refusal
    await form.get_by_label("Your name").fill("Ada")
    await form.get_by_role("button", name="Send").click()
    await tab.sees("booked")


@pytest.mark.parametrize(("button", "said"), [("Decline", "Declined."), ("Cancel", "Left open")])
async def test_one_need_not_answer(tab: Tab, button: str, said: str) -> None:
    form = await asked(tab)
    await form.get_by_role("button", name=button).click()
    await tab.sees("booked")
    await expect(form).to_contain_text(said)


async def test_the_card_speaks_german_and_fits_a_phone_at_night(readers: Readers) -> None:
    reader = await readers(
        locale="de-DE", viewport={"width": 390, "height": 844}, color_scheme="dark"
    )
    tab = await reader.open()
    form = await asked(tab)
    await expect(form).to_contain_text("„asking“ fragt dich etwas")
    await expect(form).to_contain_text("Gib hier nie ein Passwort ein.")
    for name in ("Senden", "Ablehnen", "Abbrechen"):
        await expect(form.get_by_role("button", name=name)).to_be_enabled()
    await form.get_by_role("button", name="Senden").click()
    await expect(form.get_by_role("alert").first).to_have_text("Bitte ausfüllen.")
    assert not [each for each in await tab.page.evaluate(SOUND) if "contrast" in each]
    assert await tab.page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_a_page_opens_only_after_a_click_and_beside_the_chat(
    reader: Reader, tab: Tab
) -> None:
    await reader.context.route("https://pay.example.org/**", _page)
    form = await asked(tab, VISIT)
    await expect(form).to_contain_text("“asking” sends you to a page")
    await expect(form.locator("strong")).to_have_text("pay.example.org")
    await expect(form).to_contain_text("https://pay.example.org/start?id=7")
    assert len(reader.context.pages) == 1
    await expect(form.get_by_role("button", name="Done")).to_have_count(0)
    async with reader.context.expect_page() as opening:
        await form.get_by_role("button", name="Open the page").click()
    page = await opening.value
    await page.wait_for_url("https://pay.example.org/**")
    assert await page.evaluate("window.opener") is None
    reader.problems.clear()  # a host of its own is what this page is
    await form.get_by_role("button", name="Done").click()
    await tab.sees("seen")
    await expect(form).to_contain_text("Done.")


async def _page(route: Route) -> None:
    await route.fulfill(body="<title>Pay</title>", content_type="text/html")


async def test_the_model_is_lent_from_a_card(tab: Tab) -> None:
    lent = await asked(tab, THINK, "sampling")
    await expect(lent).to_contain_text("“asking” wants to use your model")
    await expect(lent).to_contain_text("at most 100 tokens")
    for words in ("You are brief.", "Which wine goes with fish?"):
        await expect(lent).to_contain_text(words)
    await lent.get_by_role("button", name="In this chat").click()
    await tab.sees("thought")
    await expect(lent).to_contain_text("Allowed in this chat.")
    await expect(lent.get_by_role("button")).to_have_count(0)


async def test_who_lends_a_model_is_asked_in_german(readers: Readers) -> None:
    reader = await readers(
        locale="de-DE", viewport={"width": 390, "height": 844}, color_scheme="dark"
    )
    tab = await reader.open()
    lent = await asked(tab, THINK, "sampling")
    await expect(lent).to_contain_text("„asking“ möchte dein Modell benutzen")
    for name in ("Einmal erlauben", "In diesem Gespräch", "Immer", "Ablehnen"):
        await expect(lent.get_by_role("button", name=name)).to_be_enabled()
    assert await tab.page.evaluate("document.documentElement.scrollWidth") <= 390
