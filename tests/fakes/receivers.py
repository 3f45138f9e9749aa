"""Where notifications arrive, on this machine: a push service, a mailbox, a webhook."""

import asyncio
import contextlib
import email
import email.policy
import json
import ssl
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
    """An SMTP server that keeps what it is sent; `refusals` are said to the next recipients.

    With `certificate` it offers STARTTLS. `spoken` is every line of whoever came, and whether it
    was encrypted.
    """

    url: str = ""
    certificate: ssl.SSLContext | None = None
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    spoken: list[tuple[str, bool]] = field(default_factory=list)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, EOFError):  # whoever came may distrust us and go
                await self._talk(reader, writer)
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, recipient = "", ""
        writer.write(b"220 mailbox\r\n")
        while line := (await reader.readline()).decode().strip():
            is_encrypted = writer.get_extra_info("sslcontext") is not None
            self.spoken.append((line, is_encrypted))
            verb, _, rest = line.partition(" ")
            if verb == "STARTTLS" and self.certificate is not None:
                writer.write(b"220 go on\r\n")
                await writer.start_tls(self.certificate)
                continue
            if verb == "MAIL":
                sender = rest
            elif verb == "RCPT":
                recipient = rest
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                self._keep(raw[:-3].replace(b"\r\n..", b"\r\n."), sender, recipient)
            writer.write(f"{self._answer(verb, is_encrypted)}\r\n".encode())
            await writer.drain()

    def _answer(self, verb: str, is_encrypted: bool) -> str:
        match verb:
            case "EHLO" if self.certificate is not None and not is_encrypted:
                return "250-mailbox\r\n250-STARTTLS\r\n250 AUTH PLAIN"
            case "EHLO":
                return "250-mailbox\r\n250 AUTH PLAIN"
            case "AUTH":
                return "235 welcome"
            case "RCPT" if self.refusals:
                return self.refusals.pop(0)
            case "QUIT":
                return "221 bye"
        return "250 fine"

    def _keep(self, raw: bytes, sender: str, recipient: str) -> None:
        self.mails.append(email.message_from_bytes(raw, policy=email.policy.default))
        self.envelopes.append((sender, recipient))


@asynccontextmanager
async def open_mailbox(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Mailbox]:
    """An SMTP server on a free port: open, with STARTTLS, or encrypted from the first byte."""
    mailbox = Mailbox(certificate=starttls)
    server = await asyncio.start_server(mailbox._serve, "127.0.0.1", 0, ssl=tls)
    scheme = "smtps" if tls else "smtp" if starttls else "smtp+plain"
    mailbox.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield mailbox
