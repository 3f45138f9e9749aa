"""`./keiko bench widget`: the whole walk in German, many times; what the console says, how fast.

Third-party cookies are blocked, a fresh profile every ten walks, on a desktop and on a phone.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import click
from aiohttp import web
from playwright.async_api import Playwright, async_playwright, expect

from app.cli.browser import prepare_engines, require_browser
from tests.e2e.widget.chromium import find_switched_off, profile, trusting_home
from tests.e2e.widget.conftest import make_site, product_behind
from tests.e2e.widget.host import HostSite, Names
from tests.e2e.widget.test_walk import walk
from tests.e2e.widget.visitor import Visitor
from tests.fakes.tls import Front, TestAuthority

WALKS_OF_A_PROFILE = 10
SCREENS = ({"width": 1280, "height": 800}, {"width": 390, "height": 780})


@asynccontextmanager
async def _website(folder: Path, authority: TestAuthority) -> AsyncIterator[HostSite]:
    names = Names()
    async with AsyncExitStack() as stack:
        front = await stack.enter_async_context(Front(authority.vouch(names.keiko)))
        product = stack.enter_context(product_behind(front, names))
        site = HostSite(keiko=f"https://{names.keiko}:{front.port}", behind=product.url)
        runner = web.AppRunner(site.app(), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        context = authority.vouch(names.host, names.evil)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        site.port = runner.addresses[0][1]
        site.key, site.secret = make_site(product, [site.origin])
        yield site


async def _switched_off(playwright: Playwright) -> str:
    browser = await playwright.chromium.launch(executable_path=require_browser())
    try:
        return find_switched_off()
    finally:
        await browser.close()


async def measure(walks: int) -> tuple[list[float], list[str]]:
    """Seconds from the click to a chat that can be written in, and every line of the console."""
    seconds: list[float] = []
    problems: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="keiko-widget-"))
    folder.chmod(0o777)
    authority = TestAuthority(folder)
    expect.set_options(timeout=30_000)
    async with async_playwright() as playwright, _website(folder, authority) as site:
        off = await _switched_off(playwright)
        home = trusting_home(folder / "home", authority.path)
        for first in range(0, walks, WALKS_OF_A_PROFILE):
            screen = SCREENS[first // WALKS_OF_A_PROFILE % len(SCREENS)]
            place = folder / f"profile-{first}"
            opened = profile(playwright, home, place, off, locale="de-DE", viewport=screen)
            async with opened as context:
                for number in range(first, min(first + WALKS_OF_A_PROFILE, walks)):
                    visitor = Visitor(site, context)
                    chat = await visitor.visit(lang="de")
                    began = time.perf_counter()
                    await chat.open()
                    seconds.append(time.perf_counter() - began)
                    await walk(visitor, chat, folder / f"trace-{number}")
                    problems += visitor.problems
                    await chat.page.close()
                    click.echo(f"{number + 1}: {seconds[-1]:.2f} s, {len(problems)} lines")
    return seconds, problems


def main(arguments: Sequence[str]) -> int:
    """Walk, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walks", type=int, default=100)
    walks = parser.parse_args(arguments).walks
    prepare_engines()
    seconds, problems = asyncio.run(measure(walks))
    ranked = sorted(seconds)
    half, most = ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.95)]
    click.echo(f"{walks} walks, {len(problems)} lines in the console")
    click.echo(f"open to usable: p50 {half:.2f} s, p95 {most:.2f} s, most {ranked[-1]:.2f} s")
    for problem in problems:
        click.echo(problem)
    return int(bool(problems))
