"""Where notifications arrive, on this machine: a push service, a mailbox, a webhook."""

import asyncio
import email
import email.policy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import http_ece
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from app.notifications.subscriptions import decode, encode


class BrowserKeys:
    """The half of a push subscription that never leaves the browser."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = b"0123456789abcdef"

    @property
    def p256dh(self) -> str:
        """What the browser tells as its public key."""
        return encode(
            self._key.public_key().public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            )
        )

    @property
    def auth(self) -> str:
        """What the browser tells as its secret."""
        return encode(self._auth)

    def decrypt(self, body: bytes) -> Any:
        """What was meant for this browser."""
        plain = http_ece.decrypt(
            body, private_key=self._key, auth_secret=self._auth, version="aes128gcm"
        )
        return json.loads(plain)


@dataclass
class Post:
    """A request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its body, read."""
        return json.loads(self.body)

    def is_signed_by(self, public_key: str, audience: str) -> bool:
        """Whether its `Authorization` was made with this key, for this service (RFC 8292)."""
        scheme, _, rest = self.headers["Authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        claims = json.loads(decode(parts["t"].split(".")[1]))
        return (
            scheme == "vapid"
            and parts["k"].rstrip("=") == public_key
            and claims["aud"] == audience
            and bool(Vapid02.verify(self.headers["Authorization"]))
        )


@dataclass
class Receiver:
    """An HTTP server that keeps what it is sent; `answers` says how, first one first, then 201."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.posts.append(Post(request.path, dict(request.headers), body))
        return web.Response(status=self.answers.pop(0) if self.answers else 201)


@asynccontextmanager
async def open_receiver() -> AsyncIterator[Receiver]:
    """A push service or webhook on a free port."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver._take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@dataclass
class Mailbox:
    """An SMTP server that keeps what it is sent; `refusals` are said to the next recipients."""

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, recipient = "", ""
        writer.write(b"220 mailbox\r\n")
        while line := (await reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            answer = "250 fine"
            match verb.upper():
                case "MAIL":
                    sender = rest
                case "RCPT":
                    answer = self.refusals.pop(0) if self.refusals else answer
                    recipient = rest
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    raw = await reader.readuntil(b"\r\n.\r\n")
                    self._keep(raw[:-3].replace(b"\r\n..", b"\r\n."), sender, recipient)
                case "QUIT":
                    answer = "221 bye"
            writer.write(f"{answer}\r\n".encode())
            await writer.drain()
            if verb.upper() == "QUIT":
                break
        writer.close()

    def _keep(self, raw: bytes, sender: str, recipient: str) -> None:
        self.mails.append(email.message_from_bytes(raw, policy=email.policy.default))
        self.envelopes.append((sender, recipient))


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[Mailbox]:
    """An SMTP server on a free port."""
    mailbox = Mailbox()
    server = await asyncio.start_server(mailbox._talk, "127.0.0.1", 0)
    mailbox.url = f"smtp+plain://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield mailbox
