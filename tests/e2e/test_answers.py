"""An answer and everything that can be done with it."""

import re

from playwright.async_api import expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import ENDLESS, Reader, Tab, words

KATEX = re.compile("KaTeX")

MARKDOWN = """!say # A title

| planet | moons |
|---|---|
| Mars | 2 |

```python
def moons(): return 2
```

Euler knew that $e^{i\\pi} = -1$ holds."""


async def test_an_answer_streams_in_word_by_word(tab: Tab) -> None:
    await tab.ask(ENDLESS)
    await expect(tab.answer).to_contain_text("w5")
    await expect(tab.stop_button).to_be_visible()
    seen = await tab.count_words()
    assert 0 < seen < 3000
    await expect(tab.answer).to_contain_text(words(seen + 10))
    await tab.stop_button.click()
    await tab.ask("!long 60 5")
    await tab.sees(words(60))


async def test_tables_code_and_formulas_are_drawn(tab: Tab) -> None:
    answer = await tab.ask(MARKDOWN)
    await expect(answer.get_by_role("heading", name="A title")).to_be_visible()
    await expect(answer.get_by_role("cell", name="Mars")).to_be_visible()
    await expect(answer.locator("code .hljs-keyword")).to_have_text(["def", "return"])
    formula = answer.locator(".katex-html")
    await expect(formula).to_be_visible()
    await expect(formula.locator(".mathnormal").first).to_have_css("font-family", KATEX)
    await tab.page.wait_for_function(
        "[...document.fonts].some(f => f.family.includes('KaTeX') && f.status === 'loaded')"
    )


async def test_tool_calls_are_steps_that_show_arguments_and_result(tab: Tab) -> None:
    await tab.ask('!tool calculator {"expression": "6 * 7"} !then !say It is 42.')
    await tab.sees("It is 42.")
    step = tab.page.locator("[data-step-type=tool]")
    await expect(step).to_have_count(1)
    await expect(step).not_to_contain_text("6 * 7")
    await step.locator("#step-calculator").click()
    await expect(step).to_contain_text("6 * 7")
    await expect(step).to_contain_text("42")
    await tab.page.reload()
    await step.locator("#step-calculator").click()
    await expect(step).to_contain_text("6 * 7")


async def test_stop_ends_the_answer_and_keeps_its_text(tab: Tab) -> None:
    await tab.ask(ENDLESS)
    await expect(tab.answer).to_contain_text("w10")
    await tab.stop_button.click()
    await tab.rests()
    await expect(tab.send_button).to_be_visible()
    shown = await tab.answer.inner_text()
    assert shown.startswith("w0 w1 ")
    await tab.page.reload()
    await expect(tab.answer).to_contain_text("w10")
    assert await tab.count_words() < 3000


async def test_an_edited_message_is_answered_anew(tab: Tab) -> None:
    await tab.ask("!say first")
    await tab.sees("first")
    await tab.ask("!say second")
    await tab.sees("second")
    await tab.messages.first.hover()
    await tab.page.locator(".edit-message").first.click()
    await tab.page.locator("#edit-chat-input").fill("!say changed")
    await tab.page.locator(".confirm-edit").click()
    await tab.sees("changed")
    await expect(tab.messages).to_have_text(["!say changed"])
    await expect(tab.answers).to_have_count(1)
    await tab.page.reload()
    await expect(tab.messages).to_have_text(["!say changed"])
    await expect(tab.answers).to_have_text(["changed"])


async def test_thumbs_are_kept_over_a_reload_and_can_be_taken_back(tab: Tab) -> None:
    await tab.ask("!say good")
    await tab.sees("good")
    await tab.page.locator(".positive-feedback-off").click()
    await tab.page.get_by_role("dialog").get_by_role("textbox").fill("just right")
    await tab.page.locator("#submit-feedback").click()
    given = tab.page.locator(".positive-feedback-on")
    await expect(given).to_be_visible()
    await tab.page.reload()
    await expect(given).to_be_visible()
    await expect(tab.page.locator(".negative-feedback-off")).to_be_visible()
    await given.click()
    await expect(given).to_have_count(0)
    await tab.page.reload()
    await expect(tab.page.locator(".positive-feedback-off")).to_be_visible()


async def test_copy_puts_the_answers_markdown_on_the_clipboard(reader: Reader) -> None:
    await reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = await reader.open()
    await tab.ask("!say This is **bold** text.")
    await tab.sees("This is bold text.")
    await tab.page.locator(".lucide-copy").click()
    await expect(tab.page.locator(".lucide-check")).to_be_visible()
    assert await tab.page.evaluate("navigator.clipboard.readText()") == "This is **bold** text."


async def test_a_new_chat_offers_starters_that_send_their_text(tab: Tab) -> None:
    starters = tab.page.locator("#starters button")
    await expect(starters).to_have_count(3)
    await starters.nth(1).click()
    await expect(tab.messages).to_have_text(["What time is it in Tokyo, and what is 17% of 230?"])
    await tab.rests()
    await expect(starters).to_have_count(0)
    await tab.page.locator("#new-chat-button").first.click()
    await expect(starters).to_have_count(3)


async def test_starters_speak_german_to_a_german_browser(readers: Readers) -> None:
    tab = await (await readers(locale="de-DE")).open()
    await expect(tab.page.locator("#starters button").first).to_have_text("Was kannst du?")


async def test_while_an_answer_runs_the_button_sends_text_and_stops_without(tab: Tab) -> None:
    await tab.ask(ENDLESS)
    await expect(tab.stop_button).to_be_visible()
    await tab.field.press_sequentially("wait")
    await expect(tab.field).to_have_value("wait")
    await expect(tab.send_button).to_be_enabled()
    await expect(tab.stop_button).to_have_count(0)
    await tab.field.fill("")
    await expect(tab.stop_button).to_be_visible()
    await tab.stop_button.click()
    await tab.rests()


async def test_a_second_message_waits_visibly_and_is_answered_next(tab: Tab) -> None:
    await tab.ask("!long 200 30")
    await tab.send("!say and then this")
    await expect(tab.page.locator("[data-turn=queued]")).to_be_visible()
    await tab.sees("and then this")
    await expect(tab.page.locator("[data-turn]")).to_have_count(0)
    await expect(tab.answers).to_have_text([words(200), "and then this"])


async def test_a_waiting_message_can_be_withdrawn(reader: Reader, tab: Tab) -> None:
    await tab.ask(ENDLESS)
    await tab.send("!say never")
    second = await reader.open(tab.address)
    withdraw = tab.page.locator("[data-turn=queued]").get_by_role("button", name="Withdraw")
    await expect(second.messages).to_have_count(2)
    await withdraw.click()
    await expect(tab.messages).to_have_count(1)
    await expect(second.messages).to_have_count(1)
    await second.stop_button.click()
    await tab.rests()
    await expect(tab.answers).to_have_count(1)


async def test_text_typed_into_a_page_that_still_connects_is_not_lost(reader: Reader) -> None:
    first = await reader.open()
    await first.ask("!say hello")
    page = await reader.context.new_page()
    tab = Tab(page)
    for path in ("/", first.address):
        await page.goto(path)
        await tab.field.wait_for()
        await tab.field.press_sequentially("typed at once", delay=40)
        await expect(tab.send_button).to_be_enabled()
        await expect(tab.field).to_have_value("typed at once")
        await tab.field.fill("")
