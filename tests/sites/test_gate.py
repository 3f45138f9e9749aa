"""A visitor's session is good for its site's own frame, and for nothing and nobody else."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import aiohttp
import httpx
import pytest

from app.core.resources import Resources
from app.sites.service import change_site, revoke_site
from app.users.models import Session, User
from tests.api.acting import Person, Web, serve, sign_in
from tests.sites.acting import HOST, Frame, Shop, open_shop


@pytest.fixture
async def inside(frame: Frame) -> Frame:
    await frame.come_in()
    return frame


@pytest.fixture
async def ada(resources: Resources, web: Web) -> AsyncIterator[Person]:
    person = await sign_in(resources, web.url, "ada")
    async with person.http:
        yield person


async def test_who_is_not_signed_in_is_told_so_without_an_error(frame: Frame) -> None:
    answer = await frame.ask("GET", "/widget/session")
    assert (answer.status_code, answer.json()["data"]["user"]) == (200, None)


async def test_leaving_ends_the_session_and_takes_the_cookie_back(inside: Frame) -> None:
    kept = dict(inside.cookies)
    assert (await inside.done("DELETE", "/widget/session"))["user"] is None
    assert not inside.cookies
    inside.cookies.update(kept)
    assert (await inside.refused("GET", "/threads"))[0] == 401


@pytest.mark.asvs("3.5.1", "3.5.2")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Keiko-Site": "kw_" + "x" * 22}, 403),
        ({"X-Keiko-Site": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://shop.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_host_pages_own_script_cannot_use_the_visitors_cookie(
    inside: Frame, headers: dict[str, str], status: int, method: str
) -> None:
    path, body = ("/threads", None) if method == "GET" else ("/messages", {"text": "Hello"})
    assert await inside.refused(method, path, body, **headers) == (status, "forbidden")
    assert (await inside.done("GET", "/threads"))["items"] == []


@pytest.mark.parametrize("missing", ["X-Keiko-Site", "Sec-Fetch-Site"])
async def test_a_cookie_without_what_a_frame_always_says_is_refused(
    inside: Frame, missing: str
) -> None:
    del inside.headers[missing]
    for method, path in (("GET", "/threads"), ("POST", "/messages"), ("GET", "/events")):
        status, code = await inside.refused(method, path, {"text": "Hello"})
        assert (status, code) == (403, "forbidden"), path


async def test_a_token_without_its_site_is_refused(shop: Shop) -> None:
    async with shop.frame() as frame:
        token = (await frame.come_in(want_token=True))["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=shop.url, headers=bearer) as http:
        assert (await http.get("/api/v1/threads")).status_code == 403
        other = {"X-Keiko-Site": "kw_" + "x" * 22}
        assert (await http.get("/api/v1/threads", headers=other)).status_code == 403
        foreign = {"X-Keiko-Site": shop.key, "Origin": HOST}
        assert (await http.get("/api/v1/threads", headers=foreign)).status_code == 403
        right = {"X-Keiko-Site": shop.key}
        assert (await http.get("/api/v1/threads", headers=right)).status_code == 200


@pytest.mark.asvs("3.4.2")
async def test_no_answer_lets_other_origins_read_it(inside: Frame) -> None:
    for path in ("/threads", "/widget/session"):
        answer = await inside.ask("GET", path)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        asked = {"Origin": HOST, "Access_Control_Request_Method": "GET"}
        answer = await inside.ask("OPTIONS", path, **asked)
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_two_sites_that_share_a_browsers_cookies_do_not_share_a_visitor(
    inside: Frame, resources: Resources, admin: User
) -> None:
    other = await open_shop(resources, inside.shop.url, admin, name="Other")
    theirs = {"X_Keiko_Site": other.key}
    assert (await inside.refused("GET", "/threads", **theirs)) == (403, "forbidden")
    answer = await inside.ask("GET", "/widget/session", **theirs)
    assert answer.json()["data"]["user"] is None
    body = {"host_origin": HOST, "ticket": await other.ticket()}
    entered = await inside.ask("POST", "/widget/session", body, **theirs)
    assert entered.status_code == 200
    assert (await inside.refused("GET", "/threads"))[0] == 403  # the first one has to come anew
    answer = await inside.ask("GET", "/threads", **theirs)
    assert answer.status_code == 200


async def test_an_ordinary_session_is_no_visitors_and_a_visitors_no_ordinary_one(
    inside: Frame, ada: Person
) -> None:
    (token,) = inside.cookies.values()
    stolen = {"Cookie": f"keiko_session={token}"}
    async with httpx.AsyncClient(base_url=inside.shop.url, headers=stolen) as http:
        assert (await http.get("/api/v1/me")).status_code == 401
    (session,) = ada.http.cookies.values()
    inside.cookies.clear()
    inside.cookies.set("kw", session)
    assert (await inside.refused("GET", "/threads"))[0] == 401
    inside.cookies.clear()
    inside.headers["Authorization"] = f"Bearer {session}"
    assert (await inside.refused("GET", "/threads"))[0] == 401


async def test_in_a_frame_an_account_that_is_signed_in_beside_counts_for_nothing(
    frame: Frame, ada: Person
) -> None:
    frame.cookies.update(dict(ada.http.cookies))
    assert (await frame.refused("GET", "/threads"))[0] == 401
    await frame.come_in()
    said = await frame.done("POST", "/messages", {"text": "Hello"})
    assert (await ada.done("GET", "/threads"))["items"] == []
    assert (await ada.refused("GET", f"/threads/{said['thread_id']}"))[0] == 404
    del frame.headers["X-Keiko-Site"]
    mine = await frame.done("GET", "/me")
    assert mine["username"] == "ada"


@pytest.mark.asvs("8.4.1")
async def test_what_is_another_visitors_does_not_exist(inside: Frame, shop: Shop) -> None:
    said = await inside.done("POST", "/messages", {"text": "A secret"})
    async with shop.frame() as other:
        await other.come_in(await shop.ticket(user={"id": "43"}))
        for method, path in (
            ("GET", f"/threads/{said['thread_id']}"),
            ("POST", f"/threads/{said['thread_id']}/messages"),
            ("DELETE", f"/threads/{said['thread_id']}"),
            ("GET", f"/tasks/{said['task_id']}"),
            ("GET", f"/tasks/{said['task_id']}/events"),
            ("PUT", f"/messages/{said['message_id']}"),
        ):
            assert (await other.refused(method, path, {"text": "Hello"}))[0] == 404, path
        assert (await other.done("GET", "/threads"))["items"] == []
        body = {"thread_id": said["thread_id"]}
        assert (await other.refused("POST", "/widget/continue", body))[0] == 404


async def test_the_same_person_on_another_site_is_another_visitor(
    inside: Frame, resources: Resources, admin: User
) -> None:
    await inside.done("POST", "/messages", {"text": "A secret"})
    other = await open_shop(resources, inside.shop.url, admin, name="Other")
    async with other.frame() as frame:
        await frame.come_in()
        assert (await frame.done("GET", "/threads"))["items"] == []


async def test_a_visitor_comes_again_as_the_same(inside: Frame, shop: Shop) -> None:
    said = await inside.done("POST", "/messages", {"text": "Hello"})
    async with shop.frame() as later:
        await later.come_in(await shop.ticket(user={"id": "42", "name": "Ada Lovelace"}))
        assert [t["id"] for t in (await later.done("GET", "/threads"))["items"]] == [
            said["thread_id"]
        ]
        found = await later.done("GET", "/widget/session")
        assert found["user"]["name"] == "Ada Lovelace"


async def test_visitors_may_do_what_a_chat_needs_and_nothing_else(inside: Frame) -> None:
    for method, path in (
        ("GET", "/users"),
        ("GET", "/sites"),
        ("GET", "/models"),
        ("GET", "/mcp/servers"),
        ("GET", "/mcp/prompts"),
        ("GET", "/memories"),
        ("GET", "/schedules"),
        ("GET", "/sessions"),
        ("POST", "/api-keys"),
        ("GET", "/webhooks"),
        ("GET", "/connected-apps"),
        ("GET", "/events/counts"),
        ("GET", "/audit"),
    ):
        status, code = await inside.refused(method, path)
        assert (status, code) == (403, "forbidden"), path
    attached = [{"server_id": str(uuid4()), "uri": "file:///etc/passwd"}]
    message = {"text": "Hello", "attachments": attached}
    assert (await inside.refused("POST", "/messages", message))[0] == 403


async def test_a_session_that_is_over_opens_nothing(inside: Frame, resources: Resources) -> None:
    async with resources.db.transaction() as session:
        for row in await session.scalars(Session.__table__.select().with_only_columns(Session.id)):
            kept = await session.get_one(Session, row)
            kept.expires_at = kept.created_at
    await resources.redis.flushall()
    assert (await inside.refused("GET", "/threads"))[0] == 401
    assert (await inside.done("GET", "/widget/session"))["user"] is None


@pytest.mark.asvs("7.4.1")
async def test_a_revoked_site_ends_open_streams_at_once(
    inside: Frame, resources: Resources, admin: User
) -> None:
    said = await inside.done("POST", "/messages", {"text": "Hello"})
    task = f"/api/v1/tasks/{said['task_id']}/events"
    async with (
        asyncio.timeout(10),
        inside.stream("GET", "/api/v1/events") as events,
        inside.stream("GET", task) as answer,
    ):
        assert (events.status_code, answer.status_code) == (200, 200)
        async with resources.db.transaction() as session:
            await revoke_site(session, resources, admin.id, inside.shop.site.id)
        async for _ in events.aiter_raw():
            pass  # until it ends
        async for _ in answer.aiter_raw():
            pass
    assert (await inside.refused("GET", "/threads"))[0] == 401


async def test_an_origin_that_is_removed_ends_the_sessions_there_alone(
    web: Web, resources: Resources, admin: User
) -> None:
    elsewhere = "https://other.example"
    shop = await open_shop(resources, web.url, admin, origins=[HOST, elsewhere])
    async with shop.frame() as here, shop.frame() as there:
        await here.come_in()
        ticket = await shop.ticket(origin=elsewhere, user={"id": "43"})
        await there.come_in(ticket, host_origin=elsewhere)
        async with resources.db.transaction() as session:
            fields = {"origins": [HOST]}
            await change_site(session, resources, admin.id, shop.site.id, fields)
        await here.done("GET", "/threads")
        assert (await there.refused("GET", "/threads"))[0] == 401


async def test_where_nobody_unknown_is_wanted_any_more_they_are_out_at_once(
    web: Web, resources: Resources, admin: User
) -> None:
    shop = await open_shop(resources, web.url, admin, allows_anonymous=True)
    async with shop.frame() as known, shop.frame() as unknown:
        await known.come_in()
        await unknown.done("POST", "/widget/session", {"host_origin": HOST, "anonymous": True})
        async with resources.db.transaction() as session:
            fields = {"allows_anonymous": False}
            await change_site(session, resources, admin.id, shop.site.id, fields)
        await known.done("GET", "/threads")
        assert (await unknown.refused("GET", "/threads"))[0] == 401


@pytest.mark.asvs("4.4.2")
async def test_a_visitors_cookie_opens_neither_chainlit_nor_its_socket_nor_our_pages(
    resources: Resources, admin: User
) -> None:
    async with serve(resources, ws="websockets-sansio") as web:
        shop = await open_shop(resources, web.url, admin)
        async with shop.frame() as frame:
            await frame.come_in()
            (token,) = frame.cookies.values()
        async with aiohttp.ClientSession() as client:
            await nothing_opens(client, shop, token)


async def nothing_opens(client: aiohttp.ClientSession, shop: Shop, token: str) -> None:
    said = {"Cookie": f"kw={token}; kwf={token}; __Host-kw={token}; __Host-kwf={token}"}
    for headers in (said, {**said, "X-Keiko-Site": shop.key}, {"Authorization": f"Bearer {token}"}):
        for path in ("/user", "/project/settings", "/ws/socket.io/?EIO=4&transport=polling"):
            async with client.get(f"{shop.url}{path}", headers=headers) as answer:
                assert answer.status == 401, path
        for path in ("/", "/work/tasks", "/work/users", f"/thread/{uuid4()}"):
            async with client.get(
                f"{shop.url}{path}", headers=headers, allow_redirects=False
            ) as answer:
                assert answer.status == 303, path
                assert answer.headers["Location"].startswith("/login"), path
        async with client.post(f"{shop.url}/mcp", headers=headers, json={}) as answer:
            assert answer.status == 401
        for origin in (shop.url, HOST):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(
                    f"{shop.url}/ws/socket.io/?EIO=4&transport=websocket",
                    headers={**headers, "Origin": origin},
                )
            assert refused.value.status == 403, origin
