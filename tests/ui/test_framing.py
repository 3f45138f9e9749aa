"""No foreign page shows one of ours in a frame."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web as server
from playwright.async_api import BrowserContext

from app.core.resources import Resources
from app.users.models import User
from app.users.sessions import Browser, start_session
from tests.ui.conftest import Web

PATHS = ("/", "/login", "/work/tasks", "/work/tasks?panel", "/work/settings", "/public/favicon.svg")


@pytest.fixture
async def foreign() -> AsyncIterator[server.AppRunner]:
    """A page of another origin, which frames whatever its address names."""

    async def frame(request: server.Request) -> server.Response:
        html = f'<iframe src="{request.query["of"]}"></iframe>'
        return server.Response(text=html, content_type="text/html")

    app = server.Application()
    app.router.add_get("/", frame)
    runner = server.AppRunner(app)
    await runner.setup()
    await server.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner
    await runner.cleanup()


@pytest.mark.asvs("3.4.6")
async def test_a_frame_on_a_foreign_page_stays_empty(
    web: Web,
    resources: Resources,
    user: User,
    browser: BrowserContext,
    foreign: server.AppRunner,
) -> None:
    async with resources.db.transaction() as session:
        token, _ = await start_session(session, user, Browser())
    await browser.add_cookies([{"name": "keiko_session", "value": token, "url": web.url}])
    page = await browser.new_page()
    for path in PATHS:
        address = f"http://127.0.0.1:{foreign.addresses[0][1]}/"
        await page.goto(f"{address}?of={web.url}{path}".replace("?panel", "%3Fpanel"))
        shown = page.frames[1]
        assert shown.url.startswith("chrome-error:"), path
        assert "Keiko" not in await shown.content(), path
