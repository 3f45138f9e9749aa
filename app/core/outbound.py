"""Requests to addresses that a user named: guarded, so that no user reaches what only we reach.

An address is resolved once, checked, and connected to: a name that changes its address in
between gains nothing (OWASP: server-side request forgery, DNS rebinding).
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult

from app.core.errors import Invalid, Unavailable
from app.core.settings import Settings

LONGEST_URL = 2048
LARGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; the rest stays unread."""

CONNECT_SECONDS = 5
"""Seed A15: connect within 5 s, answer within 30 s."""

_ODD = [ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), IPv6Network("::/8")]
"""IPv6 addresses that stand for IPv4 ones: NAT64, IPv4-mapped and IPv4-compatible."""

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses of a name; raises OSError where there are none."""


@dataclass(frozen=True)
class Answer:
    """What the other side said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the other side took it."""
        return 200 <= self.status < 300


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether `address` is one of the open internet, and no other one in disguise."""
    if isinstance(address, IPv6Address) and (
        any(address in network for network in _ODD)
        or address.sixtofour
        or address.teredo
        or address.is_site_local
    ):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


class Allowed:
    """Host names and networks that may be reached although they are not public."""

    def __init__(self, entries: Sequence[str]) -> None:
        self._names: set[str] = set()
        self._networks = []
        for entry in entries:
            try:
                self._networks.append(ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                self._names.add(entry.lower().rstrip("."))

    def names(self, host: str) -> bool:
        """Whether the operator named this very host, or a network that it is an address of."""
        if host.lower().rstrip(".") in self._names:
            return True
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    async def resolve(self, host: str, port: int, look_up: Lookup) -> list[str]:
        """The addresses of `host`; raises Invalid if one of them may not be reached."""
        found = await look_up(host, port)
        for address in found:
            self.require(host, address)
        return found

    def require(self, host: str, address: str) -> None:
        """Raise Invalid unless `host`, which is at `address`, may be reached."""
        ip = ip_address(address.partition("%")[0])
        if is_public(ip) or self.names(host) or any(ip in each for each in self._networks):
            return
        raise Invalid(
            f"{host} is an address inside this network or machine, which may not be called. "
            "Name a public address, or have the operator add it to KEIKO_OUTBOUND_PRIVATE.",
            field="url",
        )


def check_url(url: str, *, allowed: Sequence[str] = ()) -> str:
    """The address, if it may be kept: raises Invalid with the field `url` where it may not.

    A name is not resolved here: `Outbound` does so, and checks, each time it calls.
    """
    parts = _split(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise Invalid(
            "Name an address that begins with https:// or http:// and has a host name.",
            field="url",
        )
    if parts.username is not None or parts.password is not None:
        raise Invalid("Leave the user name and password out of the address.", field="url")
    literal = _literal(host)
    if literal is not None:
        Allowed(allowed).require(host, literal)
    return url


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL or any(char <= " " or char == "\\" for char in url):
        raise Invalid(
            f"An address has at most {LONGEST_URL} characters, and no spaces or backslashes.",
            field="url",
        )
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Invalid("This is not an address; check brackets and port.", field="url") from None
    return parts


def _literal(host: str) -> str | None:
    """The IP address that `host` is; None for a name. Raises Invalid for an odd spelling."""
    try:
        return str(ip_address(host))
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2].lower()
        if ":" in host or last.isdecimal() or last.startswith("0x"):
            raise Invalid(
                "Write the IP address in its usual form, as 203.0.113.7, or use a host name.",
                field="url",
            ) from None
        return None


async def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, as the operating system knows them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class _CheckedResolver(AbstractResolver):
    """Gives the connector addresses that were checked, and no others."""

    def __init__(self, allowed: Allowed, look_up: Lookup) -> None:
        self._allowed = allowed
        self._look_up = look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`; raises Invalid if one of them may not be reached."""
        found = await self._allowed.resolve(host, port, self._look_up)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Nothing is held open."""


class Outbound:
    """The one way to call an address that a user named. Made by `open_outbound`."""

    def __init__(self, session: aiohttp.ClientSession, allowed: Sequence[str]) -> None:
        self._session = session
        self._allowed = allowed

    async def get(self, url: str, *, headers: Mapping[str, str], timeout: float = 30) -> Answer:
        """Read; what holds for `post` holds here."""
        return await self._ask("GET", url, None, headers, timeout)

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str], timeout: float = 30
    ) -> Answer:
        """Send `body`; redirects are answers like any other, never followed.

        Raises Invalid for an address that may not be called, and Unavailable where nobody
        answered within `timeout` seconds.
        """
        return await self._ask("POST", url, body, headers, timeout)

    async def _ask(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> Answer:
        check_url(url, allowed=self._allowed)
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_SECONDS)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=limits, allow_redirects=False
            ) as response:
                return Answer(response.status, response.headers.copy(), await _read(response))
        except TimeoutError:
            raise Unavailable(f"No answer within {timeout:g} seconds. Try again later.") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"The address cannot be reached ({_reason(error)}).") from error


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is unknown"
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return "its certificate is not valid"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "nobody listens there"
    return "the connection broke"


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    while len(body) < LARGEST_ANSWER:
        chunk = await response.content.read(LARGEST_ANSWER - len(body))
        if not chunk:
            return bytes(body)
        body += chunk
    response.close()
    return bytes(body)


def certificates() -> ssl.SSLContext:
    """What a server's certificate is checked with: the system's authorities and the usual ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@asynccontextmanager
async def open_outbound(
    settings: Settings, *, look_up: Lookup = look_up
) -> AsyncIterator[Outbound]:
    """The guarded client of a process, closed at the end."""
    allowed = settings.outbound_private
    connector = aiohttp.TCPConnector(
        resolver=_CheckedResolver(Allowed(allowed), look_up),
        use_dns_cache=False,
        force_close=True,
        ssl=certificates(),
        limit=100,
        limit_per_host=10,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    ) as session:
        yield Outbound(session, allowed)
