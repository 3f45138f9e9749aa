"""A Keiko behind TLS, a website of somebody else that shows it, and visitors of that website."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Playwright, async_playwright

from tests.canaries import plant_secret
from tests.e2e.widget.chromium import find_switched_off, profile, trusting_home
from tests.e2e.widget.host import HostSite, Names
from tests.e2e.widget.visitor import Visitor
from tests.fakes.http_tools import free_port
from tests.fakes.model import model_process
from tests.fakes.tls import Front, TestAuthority
from tests.product import ROOT, Product

Visitors = Callable[..., Awaitable[Visitor]]

TOOLS = {
    "name": "traces",
    "command": sys.executable,
    "args": ["-m", "tests.fakes.tool_server"],
    "env": {"PYTHONPATH": str(ROOT)},
}
RICH = {**TOOLS, "name": "rich", "args": ["-m", "tests.fakes.rich_server"]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    """Who signs the certificates of both servers."""
    return TestAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def names() -> Names:
    """What both servers are called."""
    return Names()


@pytest.fixture(scope="module")
async def front(authority: TestAuthority, names: Names) -> AsyncIterator[Front]:
    """The encrypted side of Keiko."""
    async with Front(authority.vouch(names.keiko)) as front:
        yield front


@pytest.fixture(scope="module")
def keiko(front: Front, names: Names) -> Iterator[Product]:
    """Keiko with a scripted model and two servers of tools, known as https://keiko.test."""
    with product_behind(front, names) as product:
        yield product


@contextmanager
def product_behind(front: Front, names: Names) -> Iterator[Product]:
    """A running Keiko that browsers reach through a front."""
    with model_process(first_token_ms=20, tokens=10) as url:
        model = {"name": "Large", "url": url, "key": "any", "model": "large"}
        product = Product(
            KEIKO_MODELS=json.dumps([model]),
            KEIKO_TOOL_SERVERS=json.dumps([TOOLS, RICH]),
            KEIKO_TOOL_RULES=json.dumps([{"pattern": "traces/append_line", "decision": "allow"}]),
            KEIKO_PUBLIC_URL=f"https://{names.keiko}:{front.port}",
        )
        front.behind = product.port = free_port()  # what it prints is its public address
        try:
            yield product.start()
        finally:
            product.remove()


@pytest.fixture(scope="module")
async def host(
    keiko: Product, front: Front, authority: TestAuthority, names: Names
) -> AsyncIterator[HostSite]:
    """A website that shows Keiko, and its server."""
    site = HostSite(keiko=f"https://{names.keiko}:{front.port}", behind=keiko.url, name=names.host)
    runner = web.AppRunner(site.app(), access_log=None)
    await runner.setup()
    listening = web.TCPSite(
        runner, "127.0.0.1", 0, ssl_context=authority.vouch(names.host, names.evil)
    )
    await listening.start()
    site.port = runner.addresses[0][1]
    site.key, site.secret = make_site(keiko, [site.origin])
    try:
        yield site
    finally:
        await runner.cleanup()


_numbers = count(1)


def make_site(keiko: Product, origins: list[str], **given: Any) -> tuple[str, str]:
    """Key and secret of a new site."""
    usual: dict[str, Any] = {
        "name": f"Lamps & Co. {next(_numbers)}",
        "origins": origins,
        "tools": ["traces/*", "rich/*", "keiko/*"],
        "texts": {"en": {"title": "Lamps & Co."}, "de": {"title": "Lampen & Co."}},
    }
    with keiko.client() as owner:
        made = owner.post("/api/v1/sites", json=usual | given)
        assert made.is_success, made.text
        told = made.json()["data"]
    plant_secret(told["secret"])
    return told["site"]["key"], told["secret"]


@pytest.fixture(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    """What drives Chromium."""
    async with async_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def switched_off(chromium: Browser) -> str:
    """What Playwright switches off in every Chromium."""
    assert chromium.is_connected()
    return find_switched_off()


@pytest.fixture(scope="module")
def home(authority: TestAuthority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder whose browsers trust the tests' authority."""
    return trusting_home(tmp_path_factory.mktemp("home"), authority.path)


@pytest.fixture
async def visitors(
    playwright: Playwright, home: Path, switched_off: str, host: HostSite, tmp_path: Path
) -> AsyncIterator[Visitors]:
    """Makes visitors with fresh profiles: `await visitors(locale="de-DE")`."""
    folders = count()
    async with AsyncExitStack() as stack:
        arrived: list[Visitor] = []

        async def arrive(**options: Any) -> Visitor:
            folder = tmp_path / f"profile-{next(folders)}"
            opened = profile(playwright, home, folder, switched_off, **options)
            visitor = Visitor(host, await stack.enter_async_context(opened))
            arrived.append(visitor)
            return visitor

        yield arrive
        for visitor in arrived:
            visitor.must_be_content()


@pytest.fixture
async def visitor(visitors: Visitors) -> Visitor:
    """Somebody at a desktop, in English."""
    return await visitors()
