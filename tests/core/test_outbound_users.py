"""Who speaks to other hosts: all of them by the guarded ways, and each refuses inner addresses."""

import ast
import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from app.core.errors import AppError
from app.core.outbound import Allowed, open_outbound
from app.core.settings import Settings
from app.mcp.http import open_client
from app.mcp.oauth.wire import Wire
from app.oauth.clients import _read_document
from app.users.providers.wire import may_be_asked

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for top in ("app", "graphs", "tools") for p in (ROOT / top).rglob("*.py"))

LIBRARIES = ("aiohttp", "httpx", "httpx2", "requests", "urllib3", "urllib.request", "http.client",
             "smtplib", "ftplib", "websockets", "aiosmtplib")  # fmt: skip

OWN_ADDRESSES = {
    "app/launcher/up.py": "asks its own web process whether it is ready",
    "app/orchestrator/reader.py": "asks models at addresses that the operator names",
    "app/cli/doctor.py": "tries what the operator has named, on the operator's terminal",
    "app/notifications/mail.py": "speaks to the mail server that the operator names",
}
"""What opens connections of its own, and why no user can turn it elsewhere."""

GUARDED = {
    "app/core/outbound.py": "is the guard",
    "app/users/providers/openid.py": "Authlib's client, whose transport is the guard (wire.py)",
    "app/mcp/http.py": "a transport whose network is the guard's (app/mcp/network.py)",
}
"""What opens connections to addresses that users name."""

OPENING = re.compile(
    r"(aiohttp\.(ClientSession|request|TCPConnector)|httpx2?\.(AsyncClient|Client|AsyncHTTPTransport"
    r"|get|post|put|request|stream)|AsyncOAuth2Client|aiosmtplib\.(SMTP|send)|urlopen|HTTPConnection"
    r"|open_connection|create_connection)\("
)


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.startswith(LIBRARIES)}


@pytest.mark.asvs("1.3.6", "13.2.4")
def test_nobody_opens_a_connection_but_by_the_named_ways() -> None:
    for path in SOURCES:
        name = str(path.relative_to(ROOT))
        if name in OWN_ADDRESSES or name in GUARDED or not _imports(path):
            continue
        opened = OPENING.search(path.read_text(encoding="utf-8"))
        assert opened is None, f"{name}: `{opened[0]}` belongs to app/core/outbound.py."


def test_every_named_way_is_still_there() -> None:
    for name in OWN_ADDRESSES | GUARDED:
        assert OPENING.search((ROOT / name).read_text(encoding="utf-8")), name


# Each user, and each form of an inner address


FORMS = (
    "http://127.0.0.1:{}/", "http://localhost:{}/", "http://127.1:{}/", "http://2130706433:{}/",
    "http://0x7f000001:{}/", "http://0177.0.0.1:{}/", "http://0.0.0.0:{}/", "http://[::1]:{}/",
    "http://[::ffff:127.0.0.1]:{}/", "http://[64:ff9b::7f00:1]:{}/", "http://inside.example:{}/",
)  # fmt: skip
"""Eleven ways to name this machine; the last one by a name that leads here."""


async def _look_up(host: str, _port: int) -> list[str]:
    """A name that changes its address leads inside as well."""
    if host == "inside.example":
        return ["93.184.215.14", "127.0.0.1"]
    return ["127.0.0.1"]


async def _webhooks_push_and_posts(url: str, settings: Settings) -> None:
    async with open_outbound(settings, look_up=_look_up) as outbound:
        await outbound.post(url, body=b"{}", headers={})


async def _documents_of_programs(url: str, settings: Settings) -> None:
    async with open_outbound(settings, look_up=_look_up) as outbound:
        await _read_document(outbound, f"{url}client.json".replace("http:", "https:"), [])


async def _authorization_servers(url: str, settings: Settings) -> None:
    async with open_outbound(settings, look_up=_look_up) as outbound:
        await Wire(outbound, []).get(url.replace("http:", "https:"))


async def _servers_of_tools(url: str, _settings: Settings) -> None:
    async with open_client(Allowed([]), {}, look_up=_look_up) as client:
        await client.get(url)


async def _identity_providers(url: str, settings: Settings) -> None:
    async with open_outbound(settings, look_up=_look_up) as outbound:
        assert not may_be_asked(url, [])
        await outbound.get(url, headers={})


User = Callable[[str, Settings], Awaitable[None]]
USERS: list[User] = [
    _webhooks_push_and_posts,
    _documents_of_programs,
    _authorization_servers,
    _servers_of_tools,
    _identity_providers,
]


@pytest.mark.asvs("1.3.6", "15.3.2")
@pytest.mark.parametrize("user", USERS)
async def test_no_user_of_outbound_requests_reaches_this_machine(user: User) -> None:
    came = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            came.append(await reader.read(100))
        finally:
            writer.close()

    settings = Settings(_env_file=None)
    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        for form in FORMS:
            with pytest.raises((AppError, OSError, httpx.InvalidURL)):
                await user(form.format(port), settings)
    assert came == []
