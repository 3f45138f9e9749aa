"""How much one client may ask for, with the limits as they are shipped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import aiohttp
import pytest

from app.core.rates import RateLimits
from app.core.resources import Resources
from app.core.settings import Settings
from app.ui.limits import (
    FRAMES_AT_ONCE,
    FRAMES_PER_SECOND,
    TRY_AGAIN_LATER,
    FramePace,
    endpoint_of,
)
from app.users.models import User
from app.users.sessions import Browser, start_session
from app.web import build_app
from tests.factories import MakeUser
from tests.ui.client import ChatClient
from tests.ui.conftest import SignIn, Web, eventually

pytestmark = pytest.mark.asvs("2.4.1")

GROUPS = frozenset({"tasks", "mcp", "threads"})


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The limits as they are shipped."""
    return settings.model_copy(update={"rate_limits": RateLimits()})


@pytest.fixture
async def nobody(web: Web) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(web.url, cookie_jar=aiohttp.DummyCookieJar()) as client:
        yield client


@asynccontextmanager
async def _signed_in(web: Web, user: User) -> AsyncIterator[aiohttp.ClientSession]:
    async with web.runtime.resources.db.transaction() as session:
        token, _ = await start_session(session, user, Browser())
    headers = {"Cookie": f"keiko_session={token}", "Origin": web.url}
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(web.url, headers=headers, cookie_jar=jar) as client:
        yield client


async def _statuses(
    client: aiohttp.ClientSession, times: int, method: str, path: str, **more: object
) -> list[int]:
    found = []
    for _ in range(times):
        async with client.request(method, path, **more) as answer:  # type: ignore[arg-type]
            found.append(answer.status)
    return found


@pytest.mark.asvs("2.4.1")
@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/auth/login", "auth"),
        ("POST", "/setup/abc", "auth"),
        ("POST", "/oauth/register", "auth"),
        ("POST", "/auth/logout", "default"),
        ("POST", "/api/v1/tasks", "tasks"),
        ("POST", "/api/v1/messages", "tasks"),
        ("PUT", "/api/v1/messages/7", "tasks"),
        ("POST", "/api/v1/threads/7/messages", "tasks"),
        ("POST", "/api/v1/tasks/7/run-again", "tasks"),
        ("POST", "/api/v1/tasks/7/stop", "default"),
        ("POST", "/api/v1/files", "upload"),
        ("POST", "/api/v1/mcp/servers", "mcp_register"),
        ("POST", "/mcp", "mcp_invoke"),
        ("POST", "/api/v1/mcp/servers/7/test", "mcp_invoke"),
        ("GET", "/api/v1/mcp/servers/7/tools", "mcp_discovery"),
        ("GET", "/api/v1/mcp/servers", "reading"),
        ("GET", "/", "reading"),
        ("POST", "/project/threads", "reading"),
        ("DELETE", "/api/v1/threads/7", "default"),
        ("GET", "/api/v1/invented", "reading"),
    ],
)
def test_each_route_counts_as_what_it_does(method: str, path: str, kind: str) -> None:
    assert endpoint_of(method, path, is_signed_in=True, groups=GROUPS).kind == kind


def test_the_names_of_endpoints_cannot_be_invented() -> None:
    names = {
        endpoint_of("GET", f"/api/v1/{n}", is_signed_in=True, groups=GROUPS).name for n in range(50)
    }
    assert names == {"other.read"}
    anonymous = endpoint_of("GET", "/api/v1/tasks", is_signed_in=False, groups=GROUPS)
    assert (anonymous.name, anonymous.kind) == ("tasks", "default")


@pytest.mark.asvs("2.4.1")
async def test_the_eleventh_sign_in_of_a_minute_is_refused_whoever_it_is_for(
    web: Web, nobody: aiohttp.ClientSession, resources: Resources
) -> None:
    assert await _statuses(nobody, 10, "POST", "/auth/login", json={}) == [422] * 10
    forged = {"X-Forwarded-For": "198.51.100.9", "Forwarded": "for=198.51.100.9"}
    for language, sentence in (("en", "Too many requests in"), ("de", "Zu viele Anfragen in")):
        headers = {"Accept-Language": language, **forged}
        async with nobody.post("/auth/login", json={}, headers=headers) as answer:
            assert answer.status == 429
            said = (await answer.json())["error"]
            assert (said["code"], said["message"].startswith(sentence)) == ("too_many", True)
            wait = int(answer.headers["Retry-After"])
            assert 0 < wait <= 60
            assert answer.headers["RateLimit-Limit"] == "10"
            assert answer.headers["RateLimit-Remaining"] == "0"
            assert answer.headers["RateLimit-Reset"] == str(wait)
            assert answer.headers["RateLimit-Policy"] == '"auth";q=10;w=60'
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert await resources.redis.ttl("rate_limit:127.0.0.1:auth") > 0
    async with nobody.get("/login") as answer:
        assert answer.status == 200, "another endpoint is not concerned"


async def test_every_answer_says_how_much_is_left(web: Web, nobody: aiohttp.ClientSession) -> None:
    left = []
    for _ in range(2):
        async with nobody.get("/api/v1/threads") as answer:
            assert answer.status == 401
            left.append(answer.headers["RateLimit-Remaining"])
            assert answer.headers["RateLimit"].startswith(f'"default";r={left[-1]};t=')
    assert left == ["99", "98"]


async def test_files_and_the_probe_of_a_load_balancer_are_not_counted(
    web: Web, nobody: aiohttp.ClientSession
) -> None:
    for path in ("/public/favicon.svg", "/favicon", "/ready", "/logo", "/manifest.webmanifest"):
        async with nobody.get(path) as answer:
            assert (answer.status, "RateLimit-Limit" in answer.headers) == (200, False), path


async def test_two_users_behind_one_address_do_not_take_each_others_share(
    web: Web, user: User, make_user: MakeUser
) -> None:
    grace = await make_user("grace")
    async with _signed_in(web, user) as ada, _signed_in(web, grace) as other:
        assert await _statuses(ada, 20, "POST", "/api/v1/tasks", json={}) == [422] * 20
        assert await _statuses(ada, 1, "POST", "/api/v1/messages", json={}) == [429]
        assert await _statuses(other, 1, "POST", "/api/v1/tasks", json={}) == [422]
        assert await _statuses(ada, 1, "GET", "/api/v1/tasks") == [200]


async def test_who_went_to_a_page_sees_a_page_that_looks_again_by_itself(
    web: Web, nobody: aiohttp.ClientSession
) -> None:
    await _statuses(nobody, 100, "GET", "/nothing")
    headers = {"Accept": "text/html", "Accept-Language": "de"}
    async with nobody.get("/login", headers=headers) as answer:
        assert answer.status == 429
        assert answer.headers["Refresh"] == answer.headers["Retry-After"]
        text = await answer.text()
        assert "Einen Moment, bitte" in text and "Zu viele Anfragen" in text
    async with nobody.post("/login", headers=headers) as answer:
        assert (answer.status, "Refresh" in answer.headers) == (429, False)


@pytest.mark.asvs("4.1.3", "15.3.4")
@pytest.mark.parametrize(
    ("trusted", "said", "seen"),
    [
        ([], "198.51.100.9", "127.0.0.1"),
        (["10.0.0.0/8"], "198.51.100.9", "127.0.0.1"),
        (["127.0.0.1"], "198.51.100.9", "198.51.100.9"),
        (["127.0.0.0/8"], "1.1.1.1, 198.51.100.9", "198.51.100.9"),
        (["127.0.0.1", "10.0.0.1"], "1.1.1.1, 198.51.100.9, 10.0.0.1", "198.51.100.9"),
        (["127.0.0.1"], "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (["127.0.0.1"], "not an address", "unknown"),
    ],
)
async def test_whose_address_is_counted_is_told_by_named_proxies_alone(
    web: Web, resources: Resources, trusted: list[str], said: str, seen: str
) -> None:
    named = resources.settings.model_copy(update={"trusted_proxies": trusted})
    web.runtime.resources = Resources(named, resources.db, resources.redis)
    statuses = []

    async def send(message: dict[str, object]) -> None:
        statuses.append(message.get("status"))

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    scope = {
        "type": "http", "method": "POST", "path": "/auth/login", "raw_path": b"/auth/login",
        "root_path": "", "query_string": b"", "scheme": "http", "http_version": "1.1",
        "client": ("127.0.0.1", 5000), "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"localhost"), (b"x-forwarded-for", said.encode())],
    }  # fmt: skip
    await build_app(web.runtime)(scope, receive, send)  # type: ignore[arg-type]
    assert statuses[0] == 422
    assert await resources.redis.keys("rate_limit:*") == [f"rate_limit:{seen}:auth".encode()]


async def test_without_redis_sign_in_is_still_counted(
    web: Web, nobody: aiohttp.ClientSession, resources: Resources
) -> None:
    resources.limiter._away_until = float("inf")
    assert await _statuses(nobody, 4, "POST", "/auth/login", json={}) == [422, 422, 422, 429]


# What lasts


@pytest.mark.asvs("4.4.1")
async def test_the_eleventh_socket_is_told_that_there_are_too_many(
    web: Web, user: User, make_user: MakeUser
) -> None:
    address = f"{web.url}/ws/socket.io/?EIO=4&transport=websocket"
    async with _signed_in(web, user) as ada, AsyncExitStack() as opened:
        sockets = [await opened.enter_async_context(ada.ws_connect(address)) for _ in range(10)]
        for socket in sockets:
            assert (await socket.receive_str()).startswith("0{")
        async with ada.ws_connect(address) as one_more:
            assert (await one_more.receive()).type is aiohttp.WSMsgType.CLOSE
            assert one_more.close_code == TRY_AGAIN_LATER
        async with (
            _signed_in(web, await make_user("grace")) as grace,
            grace.ws_connect(address) as hers,
        ):
            assert (await hers.receive_str()).startswith("0{")
        await sockets[0].close()
        await _opens_in_the_end(ada, address)


async def _opens_in_the_end(client: aiohttp.ClientSession, address: str) -> None:
    async with asyncio.timeout(30):
        while True:
            async with client.ws_connect(address) as socket:
                if (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                    return


async def test_the_sixth_event_stream_is_refused_until_one_is_closed(web: Web, user: User) -> None:
    async with _signed_in(web, user) as ada:
        streams = [await ada.get("/api/v1/events") for _ in range(5)]
        assert [stream.status for stream in streams] == [200] * 5
        async with ada.get("/api/v1/events") as refused:
            assert refused.status == 429
            assert (await refused.json())["error"]["message"].startswith("Too many event streams")
            assert "Retry-After" in refused.headers
        streams[0].close()
        async with asyncio.timeout(30):
            while (again := await ada.get("/api/v1/events")).status != 200:
                again.close()
        for stream in [*streams, again]:
            stream.close()


async def test_messages_faster_than_anybody_writes_follow_by_themselves(open_tab: SignIn) -> None:
    tab = await open_tab()
    await asyncio.gather(*(tab.emit("client_message", _message(tab, n)) for n in range(6)))
    await eventually(lambda: tab.refused)
    (refused,) = tab.refused.values()
    assert (refused["final"], "follows by itself" in refused["why"]) == (False, True)


def test_a_socket_that_floods_is_read_at_fifty_frames_a_second() -> None:
    pace = FramePace()
    assert [pace.rest(100.0) for _ in range(FRAMES_AT_ONCE)] == [0.0] * FRAMES_AT_ONCE
    flood = [pace.rest(100.0) for _ in range(100)]
    assert flood[0] == pytest.approx(1 / FRAMES_PER_SECOND)
    assert flood[-1] == pytest.approx(100 / FRAMES_PER_SECOND)
    assert pace.rest(200.0) == 0.0, "whoever rests is owed nothing more than a burst"
    assert sum(pace.rest(200.0) == 0.0 for _ in range(500)) == FRAMES_AT_ONCE - 1


def _message(tab: ChatClient, number: int) -> dict[str, object]:
    message = {"id": str(uuid4()), "name": tab.identifier, "output": f"message {number}"}
    return {"message": {**message, "type": "user_message", "threadId": str(uuid4())}}


# Sizes


@pytest.mark.asvs("5.2.1")
@pytest.mark.parametrize(
    ("kind", "size", "said"),
    [
        ("application/json", 1_000_001, "1 MB"),
        ("text/plain", 512_001, "512 KB"),
        ("text/plain; charset=utf-8", 512_001, "512 KB"),
    ],
)
async def test_what_is_too_large_is_said_in_both_languages(
    web: Web, nobody: aiohttp.ClientSession, kind: str, size: int, said: str
) -> None:
    for language, sentence in (("en", "The request is larger than"), ("de", "Die Anfrage ist")):
        headers = {"Content-Type": kind, "Accept-Language": language}
        async with nobody.post("/auth/login", data=b"x" * size, headers=headers) as answer:
            assert answer.status == 413
            message = (await answer.json())["error"]["message"]
            assert message.startswith(sentence) and said in message
    body = b"x" * (size - 1)
    async with nobody.post("/auth/login", data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status == 422
