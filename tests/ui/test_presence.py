"""Who counts as having a page open."""

import asyncio
import socket
import struct
from urllib.parse import urlsplit

from app.core.resources import Resources
from app.notifications.presence import is_present
from app.ui.cookies import PLAIN_NAME
from app.ui.presence import ROUND_SECONDS
from app.users.models import User
from app.users.sessions import Browser, start_session
from tests.ui.conftest import SignIn, Web
from tests.ui.raw import request

AT_ONCE = struct.pack("ii", 1, 0)
"""Has a connection end without a farewell."""


async def cut_handshake(url: str, token: str, seconds: float) -> None:
    """Begin to open a page's socket, and be gone before it is open."""
    parts = urlsplit(url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(
        request(
            "GET /ws/socket.io/?EIO=4&transport=websocket HTTP/1.1",
            f"Origin: {url}",
            f"Cookie: {PLAIN_NAME}={token}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            host=parts.netloc,
            close=False,
        )
    )
    await asyncio.sleep(seconds)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    writer.transport.abort()


async def comes_to_be(resources: Resources, user: User, *, present: bool) -> None:
    """Wait until the user counts as present, or no longer does."""
    async with asyncio.timeout(30):
        while await is_present(resources.redis, user.id) is not present:
            await asyncio.sleep(0.05)


async def test_a_page_that_goes_while_it_connects_is_not_there(
    web: Web, resources: Resources, user: User
) -> None:
    async with resources.db.transaction() as session:
        token, _ = await start_session(session, user, Browser())
    for step in range(40):
        await cut_handshake(web.url, token, step / 2000)
    await asyncio.sleep(3 * ROUND_SECONDS)
    assert not await is_present(resources.redis, user.id)


async def test_an_open_page_is_there_until_it_is_closed(
    open_tab: SignIn, resources: Resources, user: User
) -> None:
    tab = await open_tab()
    await comes_to_be(resources, user, present=True)
    await tab.close()
    await comes_to_be(resources, user, present=False)
