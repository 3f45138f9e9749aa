"""A program that is known by a document at its own address, instead of registering."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web as site
from sqlalchemy import update

from app.core.clock import now
from app.core.resources import Resources
from app.core.settings import Settings
from app.oauth.models import OAuthClient
from tests.api.acting import Person, Web
from tests.mcp_server.visiting import BACK, Program

IN_USE = "cannot be let in"


class Maker:
    """The address of a program's makers."""

    def __init__(self) -> None:
        self.url = ""
        self.document: Any = {}
        self.asked = 0

    async def tell(self, request: site.Request) -> site.StreamResponse:
        self.asked += 1
        if isinstance(self.document, dict):
            return site.json_response(self.document)
        raise self.document

    async def elsewhere(self, request: site.Request) -> site.StreamResponse:
        return site.json_response({**self.document, "client_id": self.url})


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"outbound_private": ["127.0.0.1"]})


@pytest.fixture
async def maker() -> AsyncIterator[Maker]:
    maker, app = Maker(), site.Application()
    app.router.add_get("/program", maker.tell)
    app.router.add_get("/elsewhere", maker.elsewhere)
    runner = site.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await site.TCPSite(runner, "127.0.0.1", 0).start()
    maker.url = f"http://127.0.0.1:{runner.addresses[0][1]}/program"
    maker.document = {"client_id": maker.url, "client_name": "Known", "redirect_uris": [BACK]}
    yield maker
    await runner.cleanup()


@pytest.fixture
async def known(web: Web, maker: Maker) -> AsyncIterator[Program]:
    async with Program(web.url) as program:
        program.client_id = maker.url
        yield program


async def test_its_document_says_who_it_is(known: Program, ada: Person, maker: Maker) -> None:
    page = await known.ask(ada)
    assert "Known" in page.text and "It identifies itself by an address at 127.0.0.1." in page.text
    await known.come_in(ada)
    assert (await known.request("ping")).status_code == 200
    known.tokens = (await known.refresh()).json()
    assert (await known.request("ping")).status_code == 200
    assert maker.asked == 1


async def test_it_is_read_again_after_an_hour(
    known: Program, ada: Person, maker: Maker, resources: Resources
) -> None:
    await known.ask(ada)
    maker.document = {**maker.document, "redirect_uris": [f"{BACK}/new"], "client_name": "New"}
    assert (await known.ask(ada)).status_code == 200
    async with resources.db.transaction() as session:
        await session.execute(update(OAuthClient).values(used_at=now() - timedelta(minutes=61)))
    assert (await known.ask(ada)).status_code == 400
    assert "New" in (await known.ask(ada, redirect_uri=f"{BACK}/new")).text
    assert maker.asked == 2


@pytest.mark.parametrize(
    "other",
    [
        {"client_id": "https://example.com/program"},
        {"redirect_uris": []},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": "x"},
        {"response_types": ["token"]},
        {"client_name": "a\x00b"},
    ],
)
async def test_a_document_that_lies_lets_nobody_in(
    known: Program, ada: Person, maker: Maker, other: dict[str, Any]
) -> None:
    maker.document = {**maker.document, **other}
    answer = await known.ask(ada)
    assert answer.status_code == 400 and IN_USE in answer.text


async def test_a_document_that_is_not_there_or_leads_elsewhere_lets_nobody_in(
    known: Program, ada: Person, maker: Maker
) -> None:
    for instead in (site.HTTPNotFound(), site.HTTPFound("/elsewhere")):
        maker.document = instead
        answer = await known.ask(ada)
        assert answer.status_code == 503 and IN_USE in answer.text


async def test_addresses_inside_the_network_are_not_read_unless_they_are_allowed(
    known: Program, ada: Person, maker: Maker
) -> None:
    port = maker.url.rpartition(":")[2]
    addresses = (
        f"http://localhost:{port}",
        "http://10.0.0.1/x",
        "https://[::1]/x",
        "http://169.254.169.254/latest",
        "https://127.0.0.1",
        "http://example.com/x",
    )
    for address in addresses:
        answer = await known.ask(ada, client_id=address)
        assert answer.status_code in (400, 503) and IN_USE in answer.text, address
    assert maker.asked == 0


async def test_nobody_who_is_not_signed_in_has_an_address_read(
    known: Program, maker: Maker
) -> None:
    answer = await known.http.get(f"/oauth/authorize?{known.wish()}")
    assert answer.status_code == 303 and maker.asked == 0
