"""What the official conformance suite says of Keiko's server.

The suite holds no tokens, so that a small proxy adds one. What concerns the protocol alone is asked
of the real `/mcp`. Other scenarios want tools, resources and prompts that are made for them; these
stand behind the same door and transport (`conformance_server`). `conformance.yml` names those that
do not pass, each with its reason.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.resources import Resources
from app.web import prepare
from tests.api.acting import Person, Web, serve, sign_in
from tests.mcp.conformance import conformance
from tests.mcp_server.conformance_server import build_fixture, with_token
from tests.mcp_server.visiting import Program

OWN = ("server-initialize", "ping", "tools-list", "dns-rebinding-protection")
BASELINE = Path(__file__).parent / "conformance.yml"


@pytest.fixture
async def own(guest: Program) -> AsyncIterator[str]:
    async with with_token(f"{guest.url}/mcp", guest.tokens["access_token"]) as address:
        yield address


@pytest.fixture
async def fixture_web(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Web]:
    """A whole web process, with other offers behind `/mcp`."""
    monkeypatch.setattr("app.web.build_server", build_fixture)
    prepare.cache_clear()
    async with serve(resources) as running:
        yield running
    prepare.cache_clear()


@pytest.fixture
async def fixtures(fixture_web: Web, resources: Resources) -> AsyncIterator[str]:
    person: Person = await sign_in(resources, fixture_web.url, "ada")
    async with person.http, Program(fixture_web.url) as program:
        await program.register()
        await program.come_in(person)
        token = program.tokens["access_token"]
        async with with_token(f"{program.url}/mcp", token) as address:
            yield address


async def test_the_real_server_does_what_the_specification_asks(own: str) -> None:
    for scenario in OWN:
        code, said = await conformance("server", "--url", own, "--scenario", scenario)
        assert code == 0, said


async def test_the_door_and_the_transport_do_what_the_specification_asks(fixtures: str) -> None:
    given = ("--url", fixtures, "--suite", "all", "--expected-failures", str(BASELINE))
    code, said = await conformance("server", *given)
    assert code == 0, said
