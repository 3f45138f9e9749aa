"""How the page looks, what it loads, and what it may do."""

import asyncio

import httpx
import pytest
from playwright.async_api import Response, expect

from tests.e2e.conftest import Readers
from tests.e2e.reader import Reader, Tab
from tests.product import Product

WIDE = f"""!say | {" | ".join(["a long heading"] * 12)} |
|{"---|" * 12}
| {" | ".join(["wide"] * 12)} |

```python
{"x" * 300}
```

{"an-endless-word" * 30}"""


@pytest.mark.parametrize(
    ("locale", "placeholder", "step"),
    [
        ("en-GB", "Write a message …", "Used calculator"),
        ("de-DE", "Nachricht schreiben …", "Genutzt: calculator"),
        ("de-AT", "Nachricht schreiben …", "Genutzt: calculator"),
    ],
)
async def test_the_page_speaks_the_browsers_language(
    readers: Readers, locale: str, placeholder: str, step: str
) -> None:
    tab = await (await readers(locale=locale)).open()
    await expect(tab.field).to_have_attribute("placeholder", placeholder)
    await tab.ask('!tool calculator {"expression": "6 * 7"}')
    await expect(tab.page.locator("#step-calculator")).to_have_text(step)


@pytest.mark.parametrize(("scheme", "darkest", "brightest"), [("dark", 0, 60), ("light", 200, 255)])
async def test_the_page_is_as_dark_as_the_system(
    readers: Readers, scheme: str, darkest: int, brightest: int
) -> None:
    tab = await (await readers(color_scheme=scheme)).open()
    await expect(tab.page.locator("html")).to_have_class(scheme)
    ground = await tab.page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert all(darkest <= part <= brightest for part in ground)


async def test_the_theme_can_be_chosen_and_is_kept(tab: Tab) -> None:
    await tab.page.locator("#theme-toggle").click()
    await tab.page.get_by_role("menuitem", name="Dark").click()
    await expect(tab.page.locator("html")).to_have_class("dark")
    await tab.page.reload()
    await expect(tab.page.locator("html")).to_have_class("dark")


async def test_on_a_phone_everything_is_in_reach_and_nothing_sticks_out(readers: Readers) -> None:
    phone = await readers(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    tab = await phone.open()
    await expect(tab.send_button).to_be_in_viewport(ratio=1)
    await tab.ask(WIDE)
    await tab.rests()
    await expect(tab.answer).to_contain_text("a long heading")
    await expect(tab.send_button).to_be_in_viewport(ratio=1)
    await expect(tab.field).to_be_in_viewport(ratio=1)
    sizes = (
        "[document.documentElement.scrollWidth, document.body.scrollWidth, visualViewport.width]"
    )
    assert await tab.page.evaluate(sizes) == [390, 390, 390]
    box = await tab.answer.bounding_box()
    assert box is not None and box["x"] + box["width"] <= 390


async def test_every_answer_carries_the_security_headers(keiko: Product) -> None:
    with keiko.client() as client:
        answers = [client.get(path) for path in ("/", "/api/v1/threads", "/nowhere")]
    answers.append(httpx.get(f"{keiko.url}/login"))
    for answer in answers:
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "script-src 'unsafe-inline'" not in policy and "http" not in policy


async def test_the_page_can_reach_no_foreign_host_and_run_no_foreign_line(
    reader: Reader, tab: Tab
) -> None:
    fetched = "fetch('https://example.org/').then(() => 'loaded', () => 'refused')"
    assert await tab.page.evaluate(fetched) == "refused"
    await tab.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.injected = true'}))"
    )
    assert await tab.page.evaluate("window.injected === undefined")
    said = " ".join(reader.problems)
    assert "connect-src 'self'" in said and "script-src 'self'" in said
    reader.problems.clear()


async def test_all_that_is_loaded_comes_compressed_and_for_ever(reader: Reader) -> None:
    loaded: list[Response] = []
    reader.context.on("response", lambda response: loaded.append(response))
    await reader.open()
    lasting = [r for r in loaded if "/assets/" in r.url or r.url.endswith((".js", ".css"))]
    assert len(lasting) >= 3
    for response in lasting:
        headers = await response.all_headers()
        assert headers["cache-control"] == "public, max-age=31536000, immutable", response.url
        coded = headers.get("content-encoding")
        assert coded in ("br", "gzip") or int(headers["content-length"]) < 512, response.url


async def test_assets_are_packed_with_brotli_ahead_of_time(keiko: Product) -> None:
    with keiko.client() as signed_in:
        sheet = signed_in.get("/").text.split('href="/assets/')[1].split('"')[0]
    async with httpx.AsyncClient(base_url=keiko.url, headers={"Accept-Encoding": "br"}) as client:
        async with asyncio.timeout(60):
            while True:
                answer = await client.get(f"/assets/{sheet}")
                if answer.headers.get("content-encoding") == "br":
                    break
                await asyncio.sleep(0.5)


async def test_a_second_visit_loads_nothing_that_is_kept(reader: Reader) -> None:
    await (await reader.open()).page.close()
    again = await reader.open()
    sizes = await again.page.evaluate(
        "performance.getEntriesByType('resource')"
        ".filter(e => /\\/assets\\/|\\/ui\\/.*page.js/.test(e.name)).map(e => e.transferSize)"
    )
    assert len(sizes) >= 3
    assert set(sizes) == {0}
