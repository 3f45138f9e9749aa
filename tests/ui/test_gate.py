"""The gate in front of everything, and the guard in front of Chainlit."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from chainlit.auth import create_jwt
from chainlit.server import router as chainlit_router
from chainlit.user import User as ChainlitUser
from fastapi.routing import APIRoute

from app.core.db import Database, open_engine
from app.core.resources import Resources
from app.ui import sign_in
from app.ui.gate import LARGEST_BODY
from app.ui.guard import FOR_ALL, FOR_SIGNED_IN
from app.users.models import Session
from app.users.service import disable_user
from app.users.sessions import end_session, find_session
from tests.ui.site import Site, open_site
from tests.users.people import make_user

FOREIGN = "http://evil.example"
AT_ONCE = 20.0
"""Seconds; whoever missed the hint looks again after a minute."""

ROUTES = sorted(
    (method, route.path)
    for route in chainlit_router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
)
LISTED = {(m, path) for path, ms in (FOR_ALL | FOR_SIGNED_IN).items() for m in ms.split()}
OWN = {
    (m, r.path) for r in sign_in.router.routes if isinstance(r, APIRoute) for m in r.methods or ()
}


@pytest.fixture
async def site(resources: Resources) -> AsyncIterator[Site]:
    async with open_site(resources) as opened:
        yield opened


async def _session_id(site: Site, cookie: dict[str, str]) -> Any:
    signed_in = await find_session(site.resources, cookie["Cookie"].partition("=")[2])
    assert signed_in is not None
    return signed_in.session_id


async def _ends_at_once(ws: aiohttp.ClientWebSocketResponse) -> list[str]:
    """What the socket said until the server cut it."""
    said = []
    async with asyncio.timeout(AT_ONCE):
        async for message in ws:
            said.append(message.data)
    return said


# Who is it?


async def test_a_request_says_who_is_signed_in(site: Site) -> None:
    cookie = await site.cookie(await make_user(site.resources))
    for headers, who in (
        (cookie, "ada"),
        ({"Cookie": cookie["Cookie"].replace("keiko_session", "__Host-keiko_session")}, "ada"),
        ({"Cookie": f"a=b; {cookie['Cookie']}; c=d"}, "ada"),
        ({}, None),
        ({"Cookie": "keiko_session=" + "x" * 43}, None),
    ):
        async with site.client.get(f"{site.url}/probe", headers=headers) as answer:
            assert (await answer.json())["who"] == who


@pytest.mark.asvs("4.1.3", "15.3.4")
async def test_nobody_outside_can_speak_as_the_gate(site: Site) -> None:
    headers = {"X-Keiko-Session": str(uuid4()), "x-keiko-user": str(uuid4())}
    async with site.client.get(f"{site.url}/probe", headers=headers) as answer:
        seen = (await answer.json())["headers"]
    assert not [name for name in seen if name.startswith("x-keiko")]


async def test_chainlit_is_told_who_it_is_by_the_gate_alone(site: Site) -> None:
    user = await make_user(site.resources)
    cookie = await site.cookie(user)
    async with site.client.get(f"{site.url}/user", headers=cookie) as answer:
        told = await answer.json()
        assert (told["identifier"], told["display_name"]) == (str(user.id), "ada")
        assert "Set-Cookie" not in answer.headers


async def test_chainlits_own_token_opens_nothing(site: Site) -> None:
    token = create_jwt(ChainlitUser(identifier=str(uuid4())))
    cookie = await site.cookie(await make_user(site.resources))
    for headers in (
        {"Cookie": f"access_token={token}"},
        {"Cookie": f"access_token_0={token}"},
        {"Authorization": f"Bearer {token}"},
    ):
        async with site.client.get(f"{site.url}/user", headers=headers) as answer:
            assert answer.status == 401
    forged = {"Cookie": f"access_token={token}; {cookie['Cookie']}"}
    async with site.client.get(f"{site.url}/user", headers=forged) as answer:
        assert (await answer.json())["display_name"] == "ada"


async def test_without_a_session_chainlit_tells_only_what_is_nobodys(site: Site) -> None:
    for method, path in sorted(LISTED):
        address = site.url + re.sub(r"\{.*?\}", "some", path)
        async with site.client.request(method, address, json={}) as answer:
            assert (answer.status == 401) == (path in FOR_SIGNED_IN), (method, path)
    async with site.client.get(f"{site.url}/auth/config") as answer:
        config = await answer.json()
    assert (config["requireLogin"], config["passwordAuth"], config["oauthProviders"]) == (
        True,
        False,
        [],
    )


@pytest.mark.asvs("16.5.2", "16.5.3")
async def test_a_database_that_is_away_is_said_and_is_no_sign_out(resources: Resources) -> None:
    engine = open_engine("postgresql://keiko@127.0.0.1:9/keiko")
    away = Resources(resources.settings, Database(engine), resources.redis)
    async with open_site(away) as site:
        cookie = {"Cookie": "keiko_session=" + "x" * 43}
        async with site.client.get(f"{site.url}/user", headers=cookie) as answer:
            assert answer.status == 503
            assert answer.headers["Retry-After"] == "2"
            assert (await answer.json())["error"]["code"] == "unavailable"
    await engine.dispose()


# Which of Chainlit's routes are there?


@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES if r not in LISTED | OWN])
async def test_a_route_of_chainlits_that_the_page_does_not_need_is_not_there(
    site: Site, method: str, path: str
) -> None:
    cookie = await site.cookie(await make_user(site.resources))
    address = site.url + re.sub(r"\{.*?\}", "some", path)
    async with site.client.request(method, address, headers=cookie) as answer:
        assert answer.status == 404
        if method != "HEAD":
            body = await answer.json()
            assert (body["success"], body["error"]["code"]) == (False, "not_found")


@pytest.mark.parametrize(
    "path",
    ["/openapi.json", "/docs", "/redoc", "/mcp", "//user", "/user/", "/project/thread/a/b", "/ws"],
)
async def test_no_other_spelling_leads_to_chainlit(site: Site, path: str) -> None:
    cookie = await site.cookie(await make_user(site.resources))
    address = site.url + path
    async with site.client.get(address, headers=cookie, allow_redirects=False) as answer:
        assert answer.status == 404


def test_the_list_names_only_routes_that_chainlit_has() -> None:
    assert set(ROUTES) >= LISTED


async def test_a_host_that_makes_no_sense_is_no_bug(site: Site) -> None:
    cookie = await site.cookie(await make_user(site.resources))
    for host in ("[::1", "a b", "x:y:z", ""):
        headers = cookie | {"Host": host, "Origin": site.url}
        async with site.client.post(f"{site.url}/probe", headers=headers) as answer:
            assert answer.status in (400, 403), host
        async with site.client.get(f"{site.url}/thread/7", headers={"Host": host}) as answer:
            assert answer.status in (200, 400), "the login, in the end"


# May it act?


@pytest.mark.asvs("3.5.1", "3.5.2")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "{own}"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "{own}"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": FOREIGN}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "{own}0"}, 403),
        ({"Origin": "{own}.evil.example"}, 403),
        ({"Origin": "https://user@[::1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": FOREIGN}, 403),
    ],
)
async def test_only_our_pages_and_programs_may_act(
    site: Site, headers: dict[str, str], status: int
) -> None:
    cookie = await site.cookie(await make_user(site.resources))
    sent = cookie | {name: value.replace("{own}", site.url) for name, value in headers.items()}
    for method in ("POST", "PUT", "DELETE"):
        async with site.client.request(method, f"{site.url}/probe", headers=sent) as answer:
            assert answer.status == status
    async with site.client.get(f"{site.url}/probe", headers=sent) as answer:
        assert answer.status == 200
    polling = f"{site.url}/ws/socket.io/?EIO=4&transport=polling"
    async with site.client.get(polling, headers=sent) as answer:
        assert answer.status == status


async def test_behind_a_proxy_the_public_address_is_ours_too(resources: Resources) -> None:
    public = resources.settings.model_copy(update={"public_url": "https://keiko.example"})
    async with open_site(Resources(public, resources.db, resources.redis)) as site:
        for origin, status in (
            ("https://keiko.example", 200),
            ("https://keiko.example:443", 200),
            ("http://keiko.example", 403),
            ("https://keiko.example:8443", 403),
        ):
            async with site.client.post(f"{site.url}/probe", headers={"Origin": origin}) as answer:
                assert answer.status == status, origin


@pytest.mark.asvs("3.4.2")
async def test_a_foreign_page_cannot_read_what_chainlit_answers(site: Site) -> None:
    headers = await site.cookie(await make_user(site.resources)) | {"Origin": FOREIGN}
    async with site.client.get(f"{site.url}/user", headers=headers) as answer:
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.asvs("4.4.2")
@pytest.mark.parametrize("origin", [FOREIGN, "null", "https://127.0.0.1"])
async def test_a_socket_of_a_foreign_page_is_refused(site: Site, origin: str) -> None:
    cookie = await site.cookie(await make_user(site.resources))
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await site.open_socket(cookie | {"Origin": origin})
    assert refused.value.status == 403


@pytest.mark.asvs("4.4.2")
async def test_a_socket_opens_only_with_a_session_and_an_origin(site: Site) -> None:
    cookie = await site.cookie(await make_user(site.resources))
    ws = await site.open_socket(cookie | {"Origin": site.url})
    await ws.close()
    address = f"{site.url}/ws/socket.io/?EIO=4&transport=websocket"
    for headers in (cookie, {"Origin": site.url}, cookie | {"Origin": ""}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await site.client.ws_connect(address, headers=headers)
        assert refused.value.status == 403


@pytest.mark.asvs("5.2.1")
async def test_a_body_over_one_megabyte_is_refused_told_or_not(site: Site) -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 50_000):
            yield b"x" * 50_000
        yield b"x" * (size % 50_000)

    for size, status in ((LARGEST_BODY, 200), (LARGEST_BODY + 1, 413)):
        for body in (b"x" * size, pieces(size)):
            async with site.client.post(f"{site.url}/probe", data=body) as answer:
                assert answer.status == status
                said = await answer.json()
                assert said.get("size") == (size if status == 200 else None)


# When a session ends, its sockets close.


@pytest.mark.asvs("7.4.1")
async def test_logging_out_closes_the_sockets_of_this_browser_at_once(site: Site) -> None:
    user = await make_user(site.resources)
    here, there = await site.cookie(user), await site.cookie(user)
    first, second = await site.open_socket(here), await site.open_socket(here)
    other = await site.open_socket(there)
    async with site.client.post(f"{site.url}/logout", headers=here, json={}) as answer:
        assert answer.status == 200
    for ws in (first, second):
        assert '42["reload",{}]' in await _ends_at_once(ws), "the page goes to the login"
    with pytest.raises(TimeoutError):
        await other.receive(timeout=0.5)
    assert not other.closed
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await site.open_socket(here)
    await other.close()


@pytest.mark.asvs("7.4.2")
async def test_disabling_a_user_closes_all_sockets_at_once(site: Site) -> None:
    ada, grace = await make_user(site.resources), await make_user(site.resources, "grace")
    cookies = [await site.cookie(ada), await site.cookie(ada)]
    open_ones = [await site.open_socket(cookie) for cookie in cookies]
    other = await site.open_socket(await site.cookie(grace))
    async with site.resources.db.transaction() as session:
        await disable_user(session, site.resources, ada.id)
    await asyncio.gather(*(_ends_at_once(ws) for ws in open_ones))
    for cookie in cookies:
        async with site.client.get(f"{site.url}/user", headers=cookie) as answer:
            assert answer.status == 401
    assert not other.closed
    await other.close()


async def test_a_socket_that_ignores_the_farewell_is_cut_all_the_same(site: Site) -> None:
    cookie = await site.cookie(await make_user(site.resources))
    ws = await site.open_socket(cookie, autoclose=False, autoping=False)
    await end_session(site.resources, await _session_id(site, cookie))
    async with asyncio.timeout(AT_ONCE):
        while (await ws.receive()).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
            await ws.send_str('42["connection_successful"]')
    await ws.close()


async def test_a_hint_that_was_lost_is_made_good_after_the_gap(site: Site) -> None:
    user = await make_user(site.resources)
    cookie, other = await site.cookie(user), await site.cookie(user)
    ws, going_on = await site.open_socket(cookie), await site.open_socket(other)
    session_id = await _session_id(site, cookie)
    async with site.resources.db.transaction() as session:
        row = await session.get(Session, session_id)
        assert row is not None
        row.ended_at = row.created_at
    await site.sockets.close_ended()
    await _ends_at_once(ws)
    assert not going_on.closed
    await going_on.close()
