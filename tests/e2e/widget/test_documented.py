"""The examples of docs/embed.md are websites that work: taken from the page, and started."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from app.core.children import end
from tests.e2e.widget.conftest import make_site
from tests.e2e.widget.visitor import Chat
from tests.fakes.http_tools import free_port
from tests.fakes.model import model_process
from tests.node_packages import node
from tests.product import ROOT, Product

DOCUMENT = (ROOT / "docs" / "embed.md").read_text("utf-8")
EXAMPLES = {
    found["name"]: found["text"]
    for found in re.finditer(
        r"<!-- example: (?P<name>\S+) -->\n```\w+\n(?P<text>.*?)```", DOCUMENT, re.DOTALL
    )
}


@pytest.fixture(scope="module")
def keiko() -> Iterator[Product]:
    with model_process(first_token_ms=20, tokens=10) as url:
        product = Product(KEIKO_MODEL_URL=url, KEIKO_MODEL_NAME="scripted")
        try:
            yield product.start()
        finally:
            product.remove()


class Website:
    """A folder with examples in it, and the server that serves them."""

    def __init__(self, keiko: Product, folder: Path, **given: object) -> None:
        self.folder = folder
        self.port = free_port()
        self.origin = f"http://host.localhost:{self.port}"
        self.key, secret = make_site(keiko, [self.origin], **given)
        self.environment = {
            "PATH": os.environ["PATH"],
            "KEIKO": keiko.url,
            "SITE_KEY": self.key,
            "SITE_SECRET": secret,
            "ORIGIN": self.origin,
            "PORT": str(self.port),
        }

    def write(self, name: str, text: str) -> None:
        """Put a file into the folder."""
        (self.folder / name).write_text(text, encoding="utf-8")

    @contextmanager
    def served(self, *command: str) -> Iterator[None]:
        """Let its server run."""
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stderr=subprocess.DEVNULL
        )
        try:
            deadline = time.monotonic() + 20
            while not self._answers():
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.1)
            yield
        finally:
            end(process, gently=signal.SIGTERM, seconds=5)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/", timeout=2).is_success
        except httpx.HTTPError:
            return False


def static(keiko: Product) -> str:
    """The static page, with the address and the key of somebody who has followed the steps."""
    return EXAMPLES["static.html"].replace("https://keiko.example.com", keiko.url)


async def open_chat(browser: Browser, address: str) -> Chat:
    """Somebody visits the page and presses the button."""
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    await page.goto(address)
    chat = Chat(page, "en")
    await chat.open()
    return chat


def python_server(folder: Path, port: int) -> tuple[str, ...]:
    serve = ("-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder))
    return sys.executable, *serve


async def test_a_static_page_needs_one_tag(
    keiko: Product, chromium: Browser, tmp_path: Path
) -> None:
    site = Website(keiko, tmp_path, allows_anonymous=True)
    site.write("index.html", static(keiko).replace("kw_YOUR_SITE_KEY", site.key))
    with site.served(*python_server(tmp_path, site.port)):
        chat = await open_chat(chromium, site.origin)
        await chat.ask("!say Hello, stranger.")
        await chat.sees("Hello, stranger.")
        await chat.page.context.close()


@pytest.mark.parametrize("name", ["server.py", "server.mjs"])
async def test_a_server_vouches_for_its_visitor(
    keiko: Product, chromium: Browser, tmp_path: Path, name: str
) -> None:
    site = Website(keiko, tmp_path)
    site.write(name, EXAMPLES[name])
    runs = (sys.executable, name) if name.endswith(".py") else (node(), name)
    with site.served(*runs):
        chat = await open_chat(chromium, site.origin)
        await chat.ask("!say Hello, Ada.")
        await chat.sees("Hello, Ada.")
        await chat.page.context.close()
        again = await open_chat(chromium, site.origin)
        await again.button("threads").click()
        await expect(again.frame.get_by_text("!say Hello, Ada.").first).to_be_visible()
        await again.page.context.close()


async def test_functions_of_the_page_are_called(
    keiko: Product, chromium: Browser, tmp_path: Path
) -> None:
    site = Website(keiko, tmp_path, allows_anonymous=True)
    page = static(keiko).replace("kw_YOUR_SITE_KEY", site.key)
    site.write("index.html", page.replace("</head>", '<script src="functions.js"></script></head>'))
    site.write("functions.js", EXAMPLES["functions.js"])
    with site.served(*python_server(tmp_path, site.port)):
        chat = await open_chat(chromium, site.origin)
        await chat.ask('!tool add_to_basket {"article": "milk"} !then !tool read_basket {} !then')
        await chat.card.get_by_role("button", name="Allow", exact=True).click()
        await expect(chat.answer).to_contain_text('{"items":["tea","milk"]}', timeout=30_000)
        await chat.page.context.close()


def test_every_example_of_the_page_is_tried() -> None:
    tried = {"static.html", "server.py", "server.mjs", "functions.js"}
    assert set(EXAMPLES) == tried
