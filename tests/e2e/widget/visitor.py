"""Somebody on a website with Keiko in it: what they do, and what they see."""

from typing import Any
from urllib.parse import urlencode

from playwright.async_api import BrowserContext, ConsoleMessage, FrameLocator, Locator, Page, expect

from app.core.clock import new_id
from tests.canaries import plant_for_good
from tests.e2e.widget.host import HostSite

WORDS = {
    "en": {
        "open": "Open chat",
        "allow": "Allow",
        "away": "Continue in background",
        "stop": "Stop",
        "more": "More",
        "out": "Sign out",
        "threads": "Conversations",
        "new": "New conversation",
    },
    "de": {
        "open": "Chat öffnen",
        "allow": "Erlauben",
        "away": "Im Hintergrund weiter",
        "stop": "Anhalten",
        "more": "Mehr",
        "out": "Abmelden",
        "threads": "Gespräche",
        "new": "Neues Gespräch",
    },
}
_UNREACHABLE = ("net::ERR_", "Failed to fetch", "502", "503", "429")


class Chat:
    """A page of the website, with the chat in it or to be opened."""

    def __init__(self, page: Page, lang: str) -> None:
        self.page = page
        self.words = WORDS[lang]
        self.launcher = page.locator("keiko-widget > button")
        self.badge = page.locator("keiko-widget b")
        self.frame: FrameLocator = page.frame_locator("keiko-widget iframe")
        self.field = self.frame.locator("#text")
        self.messages = self.frame.locator(".message > p")
        self.turns = self.frame.locator(".turn")
        self.answers = self.frame.locator(".turn .body")
        self.answer = self.answers.last
        self.card = self.frame.locator(".card").last
        self.notices = self.frame.locator(".notices")

    def button(self, name: str) -> Locator:
        """A button of the frame, by its English key in `WORDS` or its name."""
        return self.frame.get_by_role("button", name=self.words.get(name, name), exact=True)

    async def open(self) -> None:
        """Open the chat; returns once one can write."""
        await self.launcher.click()
        await self.is_usable()

    async def is_usable(self) -> None:
        """Wait until one can write."""
        await expect(self.field).to_be_visible()
        await expect(self.frame.locator("main[aria-busy=false]")).to_be_visible()

    async def send(self, text: str) -> None:
        """Write a message and press Enter."""
        plant_for_good(text)
        await self.field.fill(text)
        await self.field.press("Enter")
        await expect(self.field).to_have_value("")

    async def ask(self, text: str) -> Locator:
        """Send a message; returns its turn, once there is one."""
        already = await self.turns.count()
        await self.send(text)
        await expect(self.turns).to_have_count(already + 1)
        return self.turns.last

    async def sees(self, text: str) -> None:
        """Wait until the last answer is this text, and over."""
        await expect(self.answer).to_have_text(text, timeout=30_000)
        await self.rests()

    async def rests(self) -> None:
        """Wait until no answer is under way."""
        await expect(self.frame.locator(".turn[aria-busy=true]")).to_have_count(0)
        await expect(self.button("stop")).to_be_hidden()

    async def sign_out(self) -> None:
        """Sign out by the menu."""
        await self.button("more").click()
        await self.frame.get_by_role("menuitem", name=self.words["out"]).click()

    async def heard(self, name: str) -> list[Any]:
        """What the page was told of this name."""
        told: list[Any] = await self.page.evaluate("heard")
        return [data for event, data in told if event == name]

    async def ran(self) -> list[Any]:
        """Which functions of the page ran."""
        found: list[Any] = await self.page.evaluate("ran")
        return found


class Visitor:
    """A browser profile; notes everything that its pages complain about."""

    def __init__(self, host: HostSite, context: BrowserContext) -> None:
        self.host = host
        self.context = context
        self.name = f"customer-{new_id()}"
        self.problems: list[str] = []
        self.connection_may_break = False
        self.may_complain = False
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))

    async def visit(self, name: str = "shop", lang: str = "en", **query: str) -> Chat:
        """Open a page of the website; the chat in it is still closed."""
        page = await self.context.new_page()
        usual = {"lang": lang, "as": self.name}
        given = urlencode(usual | query)
        await page.goto(self.host.url(f"/{name}?{given}"))
        return Chat(page, lang)

    async def open(self, name: str = "shop", lang: str = "en", **query: str) -> Chat:
        """Open a page of the website and the chat in it."""
        chat = await self.visit(name, lang, **query)
        if name == "inline":
            await chat.is_usable()
        else:
            await chat.open()
        return chat

    def must_be_content(self) -> None:
        """Fail if a page complained, but for a server that was away."""
        if self.may_complain:
            return
        signs = _UNREACHABLE if self.connection_may_break else ()
        found = [p for p in self.problems if not any(sign in p for sign in signs)]
        assert not found, found

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where = message.location.get("url", "")
            self.problems.append(f"{message.type}: {message.text} ({where})")
