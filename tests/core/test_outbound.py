"""The guarded client: what a user names is called, what only we can reach is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from app.core.errors import Invalid, Unavailable
from app.core.outbound import LARGEST_ANSWER, Outbound, check_url, open_outbound
from app.core.settings import Settings

FORBIDDEN = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://172.16.3.4/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://[ff02::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[::127.0.0.1]/",
    "http://0x7f.1/",
    "http://127.0.0.1./",
]


class Receiver:
    """A server on this machine that remembers what it was sent."""

    def __init__(self) -> None:
        self.port = 0
        self.seen: list[bytes] = []

    async def take(self, request: web.Request) -> web.Response:
        self.seen.append(await request.read())
        if request.path == "/redirect":
            return web.Response(status=302, headers={"Location": "/", "Set-Cookie": "a=b"})
        if request.path == "/large":
            return web.Response(body=b"x" * (LARGEST_ANSWER * 3))
        return web.Response(text="taken")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    it, app = Receiver(), web.Application()
    app.router.add_route("*", "/{any:.*}", it.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    it.port = runner.addresses[0][1]
    yield it
    await runner.cleanup()


@asynccontextmanager
async def outbound(
    *allowed: str, names: dict[str, list[str]] | None = None
) -> AsyncIterator[Outbound]:
    async def look_up(host: str, _port: int) -> list[str]:
        if host not in (names or {}):
            raise OSError("unknown")
        return names[host] if names else []

    settings = Settings(_env_file=None, outbound_private=list(allowed))
    if names is None:
        async with open_outbound(settings) as client:
            yield client
    else:
        async with open_outbound(settings, look_up=look_up) as client:
            yield client


async def send(client: Outbound, url: str) -> int:
    return (await client.post(url, body=b"hello", headers={}, timeout=5)).status


@pytest.mark.asvs("1.3.6")
@pytest.mark.parametrize("url", FORBIDDEN)
async def test_no_spelling_of_an_inner_address_is_called(url: str, receiver: Receiver) -> None:
    async with outbound() as client:
        with pytest.raises(Invalid) as refusal:
            await send(client, url[:-1] + f":{receiver.port}/" if url.endswith("/") else url)
    assert refusal.value.field == "url"
    assert receiver.seen == []


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "file:///etc/passwd", "https://", "//example.com", "https://a:b@example.com",
     "https://example.com:99999/", "https://exa mple.com/", "https://[::1", "https://a\\@b.com/",
     "https://example.com/" + "a" * 2048],
)  # fmt: skip
def test_what_is_no_address_names_the_field(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_url(url)
    assert refusal.value.field == "url"


def test_a_public_address_may_be_kept() -> None:
    for url in (
        "https://example.com/hook?x=1",
        "http://93.184.215.14:8080/",
        "https://[2606:4700::1]/",
    ):
        assert check_url(url) == url


@pytest.mark.asvs("1.3.6")
async def test_a_name_that_leads_inside_is_not_called(receiver: Receiver) -> None:
    async with outbound(names={"hook.example": ["93.184.215.14", "127.0.0.1"]}) as client:
        with pytest.raises(Invalid):
            await send(client, f"http://hook.example:{receiver.port}/")
    assert receiver.seen == []


async def test_a_name_is_resolved_once_and_connected_to_what_was_checked(
    receiver: Receiver,
) -> None:
    """A name that is public when asked first and inner when asked again gains nothing."""
    asked = []

    async def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    settings = Settings(_env_file=None, outbound_private=["127.0.0.1/32"])
    async with open_outbound(settings, look_up=rebinding) as client:
        assert await send(client, f"http://hook.example:{receiver.port}/") == 200
        assert asked == ["hook.example"]
        with pytest.raises(Invalid):
            await send(client, f"http://hook.example:{receiver.port}/")
    assert len(receiver.seen) == 1


@pytest.mark.asvs("15.3.2")
async def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    async with outbound("127.0.0.0/8") as client:
        assert await send(client, f"http://127.0.0.1:{receiver.port}/redirect") == 302
    assert len(receiver.seen) == 1


async def test_an_allowed_name_or_network_is_called(receiver: Receiver) -> None:
    async with outbound("localhost") as client:
        assert await send(client, f"http://localhost:{receiver.port}/") == 200
    async with outbound("127.0.0.1") as client:
        assert await send(client, f"http://127.0.0.1:{receiver.port}/") == 200
    assert receiver.seen == [b"hello", b"hello"]


async def test_a_large_answer_is_cut(receiver: Receiver) -> None:
    async with outbound("127.0.0.1") as client:
        answer = await client.post(
            f"http://127.0.0.1:{receiver.port}/large", body=b"", headers={}, timeout=5
        )
    assert len(answer.body) == LARGEST_ANSWER


async def test_who_cannot_be_reached_is_said_in_a_sentence(receiver: Receiver) -> None:
    async with outbound("127.0.0.1", names={}) as client:
        with pytest.raises(Unavailable, match="name is unknown"):
            await send(client, "http://nowhere.example/")
        with pytest.raises(Unavailable, match="nobody listens"):
            await send(client, "http://127.0.0.1:1/")


async def test_who_does_not_answer_in_time_is_left() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, outbound("127.0.0.1") as client:
        with pytest.raises(Unavailable, match="No answer within"):
            await client.post(f"http://127.0.0.1:{port}/", body=b"", headers={}, timeout=0.2)
