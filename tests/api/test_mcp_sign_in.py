"""Signing in to a server over REST and the page that people come back to."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.core.resources import Resources
from app.mcp.models import McpServer
from tests.api.acting import Person
from tests.fakes.guarded_tools import Guarded, guarded_tools, walk


@pytest.fixture
async def guarded(resources: Resources) -> AsyncIterator[Guarded]:
    resources.settings.outbound_private.append("127.0.0.1")
    async with guarded_tools() as running:
        yield running


async def shared(resources: Resources, guarded: Guarded) -> str:
    row = McpServer(name="notes", url=guarded.url, wants_sign_in=True)
    async with resources.db.transaction() as session:
        session.add(row)
    return f"/mcp/servers/{row.id}"


async def signed_in(person: Person, path: str) -> Any:
    return (await person.done("GET", path))["signed_in"]


async def begin(person: Person, path: str, **body: str) -> str:
    begun = await person.done("POST", f"{path}/sign-in", body)
    return str(begun["address"])


async def back(person: Person, address: str) -> httpx.Response:
    """Sign in there, and come back to Keiko's page."""
    url = await walk(address)
    return await person.http.get(url.raw_path.decode())


async def test_somebody_signs_in_and_out(
    ada: Person, bob: Person, resources: Resources, guarded: Guarded
) -> None:
    path = await shared(resources, guarded)
    assert (await signed_in(ada, path))["state"] == "needed"
    begun = await ada.done("POST", f"{path}/sign-in", {})
    assert (begun["host"], begun["scopes"]) == (guarded.host, ["notes"])

    page = await back(ada, begun["address"])
    assert page.status_code == 200
    assert "You are signed in" in page.text and "What waited for it" in page.text
    stands = await signed_in(ada, path)
    assert (stands["state"], stands["host"], stands["scopes"]) == (
        "signed_in",
        guarded.host,
        ["notes"],
    )
    assert (await signed_in(bob, path))["state"] == "needed"

    assert await ada.done("DELETE", f"{path}/sign-in") == {"signed_out": True, "revoked": True}
    assert len(guarded.authority.revoked) == 2
    assert (await signed_in(ada, path))["state"] == "needed"
    assert (await ada.refused("DELETE", f"{path}/sign-in"))[0] == 404


async def test_who_said_where_to_go_on_is_sent_there_and_nowhere_else(
    ada: Person, resources: Resources, guarded: Guarded
) -> None:
    path = await shared(resources, guarded)
    for said, led in (("/work/tools", "/work/tools"), ("//evil.example/", "/")):
        page = await back(ada, await begin(ada, path, back=said))
        assert (page.status_code, page.headers["location"]) == (303, led)


@pytest.mark.asvs("10.1.2")
async def test_a_sign_in_is_used_once_and_by_nobody_else(
    ada: Person, bob: Person, resources: Resources, guarded: Guarded
) -> None:
    path = await shared(resources, guarded)
    url = await walk(await begin(ada, path))
    stolen = await bob.http.get(url.raw_path.decode())
    assert (stolen.status_code, "begun by somebody else" in stolen.text) == (410, True)
    assert (await signed_in(bob, path))["state"] == "needed"
    url = await walk(await begin(ada, path))
    for status in (200, 410):
        assert (await ada.http.get(url.raw_path.decode())).status_code == status


async def test_who_refuses_there_is_told_so_in_german(
    ada: Person, resources: Resources, guarded: Guarded
) -> None:
    path = await shared(resources, guarded)
    guarded.authority.decision = "refuse"
    url = await walk(await begin(ada, path))
    page = await ada.http.get(url.raw_path.decode(), headers={"accept-language": "de"})
    assert page.status_code == 422
    assert "Du bist nicht angemeldet" in page.text and "Dort wurde es nicht erlaubt" in page.text
    assert (await signed_in(ada, path))["state"] == "needed"


async def test_keiko_says_who_it_is_where_its_address_is_https(
    ada: Person, resources: Resources
) -> None:
    assert (await ada.http.get("/oauth/mcp/client.json")).status_code == 404
    resources.settings.public_url = "https://keiko.example/"
    async with httpx.AsyncClient(base_url=ada.http.base_url) as stranger:
        said = (await stranger.get("/oauth/mcp/client.json")).json()
    assert said["client_id"] == "https://keiko.example/oauth/mcp/client.json"
    assert said["redirect_uris"] == ["https://keiko.example/oauth/mcp/callback"]


async def test_a_server_that_nobody_can_sign_in_to_says_so(
    ada: Person, resources: Resources, guarded: Guarded
) -> None:
    own = {"name": "mine", "url": guarded.url, "headers": {"authorization": "Bearer x"}}
    made = await ada.done("POST", "/mcp/servers", own)
    status, error = await ada.refused("POST", f"/mcp/servers/{made['id']}/sign-in", {})
    assert (status, error["code"]) == (409, "conflict")
