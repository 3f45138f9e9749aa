"""By keyboard, by screen reader, on any ground: nobody is left outside."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Frame, Page, expect

from tests.e2e.widget.conftest import Visitors
from tests.e2e.widget.test_walk import call
from tests.e2e.widget.visitor import Chat, Visitor
from tests.node_packages import packages

RICH = (
    '!tool count {"to": 2} !then !say ### What I found\n\n- one\n- two\n\n| a | b |\n|---|---|\n'
    "| 1 | 2 |\n\n[Follow it](https://example.com/x)\n\n```python\nprint(1)\n```\n\n> said `so`"
)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    tmp_path.chmod(0o777)
    return tmp_path / "trace"


async def must_be_accessible(page: Page) -> None:
    """Neither the page's part nor the frame has any violation that axe-core knows."""
    axe = (packages() / "axe-core" / "axe.min.js").read_text("utf-8")
    for frame in page.frames:
        if frame.url.startswith("http"):
            found = await _violations(frame, axe)
            assert not found, found


async def _violations(frame: Frame, axe: str) -> list[Any]:
    await frame.evaluate(axe + "; 0")
    told: dict[str, Any] = await frame.evaluate(
        "axe.run(document, {iframes: false, resultTypes: ['violations']})"
    )
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]]) for each in told["violations"]
    ]


@pytest.mark.parametrize(
    ("theme", "options"),
    [
        ("light", {}),
        ("dark", {"color_scheme": "dark"}),
        ("light", {"viewport": {"width": 320, "height": 640}}),
    ],
    ids=["light", "dark", "320px"],
)
async def test_axe_finds_no_violation_in_any_state(
    visitors: Visitors, trace: Path, theme: str, options: dict[str, Any]
) -> None:
    visitor = await visitors(reduced_motion="reduce", **options)
    chat = await visitor.visit(theme=theme)
    await must_be_accessible(chat.page)
    await chat.open()
    await must_be_accessible(chat.page)
    await chat.ask(RICH)
    await expect(chat.answer).to_contain_text("said so")
    await chat.rests()
    await chat.frame.locator(".tool summary").click()
    await must_be_accessible(chat.page)
    await chat.ask(call(trace))
    await expect(chat.button("allow")).to_be_enabled()
    await must_be_accessible(chat.page)
    await chat.button("allow").click()
    await chat.sees("settled")
    await chat.button("Good answer").last.click()
    await expect(chat.notices).to_contain_text("Thank you.")
    await must_be_accessible(chat.page)
    await chat.button("more").click()
    await must_be_accessible(chat.page)
    await chat.page.keyboard.press("Escape")
    await chat.button("threads").click()
    await expect(chat.frame.locator(".row")).to_have_count(1)
    await must_be_accessible(chat.page)
    await chat.frame.get_by_role("button", name="Rename").click()
    await must_be_accessible(chat.page)
    await chat.page.keyboard.press("Escape")
    await chat.page.keyboard.press("Escape")
    await chat.sign_out()
    await expect(chat.frame.locator(".gate")).to_be_visible()
    await must_be_accessible(chat.page)


async def test_everything_goes_by_keyboard_alone(visitor: Visitor) -> None:
    chat = await visitor.visit()
    keys = chat.page.keyboard
    await chat.page.locator("#search").focus()
    await keys.press("Tab")
    await expect(chat.launcher).to_be_focused()
    await keys.press("Enter")
    await chat.is_usable()
    await expect(chat.field).to_be_focused()
    await keys.type("!say Good")
    await keys.press("Shift+Enter")
    await keys.type("morning")
    await keys.press("Enter")
    await expect(chat.answer).to_contain_text("Good")
    await chat.rests()
    await expect(chat.field).to_be_focused()
    await keys.press("Shift+Tab")
    assert await _focused(chat) == "Bad answer"
    await keys.press("Enter")
    await expect(chat.button("Bad answer")).to_have_attribute("aria-pressed", "true")
    await keys.press("Escape")
    await expect(chat.page.locator("keiko-widget dialog")).to_be_hidden()
    await expect(chat.launcher).to_be_focused()


async def _focused(chat: Chat) -> str:
    found = chat.frame.locator(":focus")
    return await found.get_attribute("aria-label") or await found.inner_text()


async def test_a_screen_reader_hears_of_an_answer_once_it_is_whole(visitor: Visitor) -> None:
    chat = await visitor.open()
    log = chat.frame.locator("#log")
    await expect(log).to_have_attribute("role", "log")
    await expect(log).to_have_attribute("aria-live", "polite")
    turn = await chat.ask("!long 60 30")
    await expect(turn).to_have_attribute("aria-busy", "true")
    await expect(chat.frame.locator("p[role=status].hidden")).to_have_text(
        "The answer is finished."
    )
    await expect(turn).to_have_attribute("aria-busy", "false")


async def test_colours_that_the_browser_forces_leave_every_control_with_an_edge(
    visitors: Visitors,
) -> None:
    visitor = await visitors(forced_colors="active")
    chat = await visitor.open()
    edge = await chat.button("Send").evaluate("e => getComputedStyle(e).borderTopStyle")
    assert edge == "solid"
