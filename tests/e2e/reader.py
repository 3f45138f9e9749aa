"""Somebody at a browser: what they do on the page, and what they see there."""

from typing import Self

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
)

from tests.canaries import plant_for_good
from tests.product import PASSWORD, Product

MESSAGE = "[data-step-type=user_message]"
ANSWER = "[data-step-type=assistant_message]"

ENDLESS = "!long 3000 30"
"""Asks for an answer that is under way until it is stopped, however slow the machine is."""

_UNREACHABLE = ("net::ERR_", "Failed to fetch", "WebSocket connection to", "502", "503")
"""What a browser reports of its own accord while a server is away."""


def words(count: int) -> str:
    """What the scripted model answers to `!long count`."""
    return " ".join(f"w{i}" for i in range(count))


class Tab:
    """One open page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.field = page.locator("#chat-input")
        self.send_button = page.locator("#chat-submit")
        self.stop_button = page.locator("#stop-button")
        self.messages = page.locator(f"{MESSAGE} .message-content")
        self.answers = page.locator(f"{ANSWER} .message-content")
        self.answer = self.answers.last
        self.unsent = page.locator("#keiko-outbox")

    @property
    def address(self) -> str:
        """The path in the address bar."""
        return "/" + self.page.url.split("/", 3)[3]

    async def send(self, text: str) -> None:
        """Write a message and press the button, as soon as the page lets one."""
        plant_for_good(text)
        await self.field.fill(text)
        await expect(self.send_button).to_be_enabled()
        await self.send_button.click()
        await expect(self.field).to_have_value("")

    async def connects(self) -> None:
        """Wait until the page has its connection: only then does it let one send."""
        await self.field.fill("x")
        await expect(self.send_button).to_be_enabled()
        await self.field.fill("")

    async def ask(self, text: str) -> Locator:
        """Send a message and wait until its answer has begun and the thread has its address."""
        already = await self.answers.count()
        await self.send(text)
        await expect(self.answers).to_have_count(already + 1)
        await self.page.wait_for_url("**/thread/*")
        return self.answer

    async def sees(self, text: str) -> None:
        """Wait until the last answer is this text and nothing else, and over."""
        await expect(self.answer).to_have_text(text, timeout=30_000)
        await self.rests()

    async def rests(self) -> None:
        """Wait until no answer is under way."""
        await expect(self.stop_button).to_have_count(0)
        await expect(self.page.locator(".loading-cursor")).to_have_count(0)

    async def count_words(self) -> int:
        """How much of a `!long` answer is shown."""
        return len((await self.answer.inner_text()).split())

    async def mark(self) -> None:
        """Leave something that only this very page has: a reload takes it away."""
        await self.page.evaluate("window.neverReloaded = true")

    async def is_marked(self) -> bool:
        """Whether this is still the very page that was marked."""
        return bool(await self.page.evaluate("window.neverReloaded === true"))


class Reader:
    """A browser profile, signed in; notes everything that its pages complain about."""

    def __init__(self, keiko: Product, context: BrowserContext) -> None:
        self.keiko = keiko
        self.context = context
        self.problems: list[str] = []
        self.connection_may_break = False
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        context.on("request", self._request)

    @classmethod
    async def arrive(cls, keiko: Product, browser: Browser, **options: object) -> Self:
        """A fresh profile; English and on a desktop, unless said otherwise."""
        usual = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}}
        context = await browser.new_context(base_url=keiko.url, **{**usual, **options})  # type: ignore[arg-type]
        return cls(keiko, context)

    async def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """Have this profile's cookies be somebody's; who was signed in before is forgotten."""
        await self.context.clear_cookies()
        cookies = self.keiko.login(username, password)
        await self.context.add_cookies(
            [{"name": k, "value": v, "url": self.keiko.url} for k, v in cookies.items()]
        )

    async def open(self, path: str = "/") -> Tab:
        """A new tab on a page of the chat; returns once it can be written in."""
        tab = Tab(await self.context.new_page())
        await tab.page.goto(path)
        await expect(tab.field).to_be_visible()
        return tab

    async def leave(self) -> None:
        """Close everything; fails if any page complained."""
        await self.context.close()
        assert not self.serious_problems(), self.serious_problems()

    def serious_problems(self) -> list[str]:
        """What pages complained about, without what comes of a server that was away."""
        if not self.connection_may_break:
            return self.problems
        return [p for p in self.problems if not any(sign in p for sign in _UNREACHABLE)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            self.problems.append(f"{message.text} ({where})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.keiko.url, "data:", "blob:")):
            self.problems.append(f"asked a foreign host: {request.url}")
