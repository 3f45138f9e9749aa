"""Several models, and what a reader is told when one fails."""

import asyncio
import json
from typing import Any, cast

import httpx
import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab
from tests.product import Product

FAILURES = [
    ("!fail 401", "does not accept the API key", "nimmt den API-Schlüssel nicht an"),
    ("!fail 429", "takes no more requests for now", "nimmt gerade keine weiteren Anfragen an"),
    ("!fail 500", "reports a fault of its own", "meldet eine eigene Störung"),
    ("!stall 3", "fell silent in the middle", "ist mitten in der Arbeit verstummt"),
    ("!cut 3", "broke off before the answer", "abgerissen, bevor die Antwort vollständig war"),
    ("!context", "is too long for the model", "ist zu lang für das Modell"),
]


def asked(keiko: Product, text: str) -> dict[str, Any]:
    """What the model was asked when somebody said `text`."""
    url = json.loads(keiko.environment()["KEIKO_MODELS"])[0]["url"].removesuffix("/v1")
    bodies = [r["body"] for r in httpx.get(f"{url}/log").json() if r["body"]]
    [body] = [body for body in bodies if text in str(body["messages"][-1])]
    return cast("dict[str, Any]", body)


async def test_the_chosen_model_answers_and_stays_chosen(keiko: Product, tab: Tab) -> None:
    choice = tab.page.locator("#mode-picker-trigger-model")
    await expect(choice).to_have_text("Large")
    await tab.ask("!say large")
    await tab.sees("large")
    assert asked(keiko, "!say large")["model"] == "large"
    await choice.click()
    await tab.page.locator("#mode-picker-popover-model").get_by_text("Small").click()
    await tab.ask("!say small")
    await tab.sees("small")
    assert asked(keiko, "!say small")["model"] == "small"
    await tab.page.reload()
    await expect(choice).to_have_text("Small")


@pytest.mark.parametrize(("script", "english", "german"), FAILURES, ids=[f[0] for f in FAILURES])
async def test_a_failing_model_is_said_in_the_readers_language_with_a_way_to_go_on(
    readers: Readers, script: str, english: str, german: str
) -> None:
    async def fail(locale: str, sentence: str, label: str) -> None:
        tab = await (await readers(locale=locale)).open()
        await tab.ask(script)
        await expect(tab.answer).to_contain_text(sentence, timeout=30_000)
        await expect(tab.answer.get_by_role("button", name=label)).to_be_enabled()
        await tab.rests()

    await asyncio.gather(
        fail("en-GB", english, "Try again"), fail("de-DE", german, "Noch einmal versuchen")
    )


@pytest.mark.parametrize("script", ["!fail 401 x1", "!fail 500 x3"])
async def test_the_button_has_the_same_message_answered_in_the_same_place(
    reader: Reader, tab: Tab, script: str
) -> None:
    await tab.ask(f"{script} !say recovered")
    second = await reader.open(tab.address)
    await tab.answer.get_by_role("button", name="Try again").click()
    for page in (tab, second):
        await page.sees("recovered")
        await expect(page.messages).to_have_count(1)
        await expect(page.answers).to_have_count(1)
        await expect(page.page.locator("[data-turn]")).to_have_count(0)


async def test_what_was_said_before_a_cut_is_kept(tab: Tab) -> None:
    await tab.ask("!cut 5")
    await expect(tab.answer.get_by_role("button", name="Try again")).to_be_visible()
    await expect(tab.answer).to_contain_text("w0 w1 w2 w3 w4")
    await tab.page.reload()
    await expect(tab.answer).to_contain_text("w0 w1 w2 w3 w4")
    await expect(tab.answer.get_by_role("button", name="Try again")).to_be_visible()
