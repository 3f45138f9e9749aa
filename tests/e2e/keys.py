"""Somebody who has a keyboard and no mouse."""

from playwright.async_api import Locator, Page, expect


async def reach(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Go from where one is to something by this key alone, and see that one is there."""
    await expect(wanted).to_be_visible()
    for _ in range(150):
        await page.keyboard.press(key)
        if await wanted.evaluate("e => e === document.activeElement"):
            break
    await expect(wanted).to_be_focused()
    shown = "e => getComputedStyle(e).outlineStyle"
    assert await wanted.evaluate(shown) != "none", "nobody sees where they are"


async def press(page: Page, button: Locator) -> None:
    """Reach a button and press it."""
    await reach(page, button)
    await page.keyboard.press("Enter")
