"""Who a request to a server comes from: somebody who is signed in, or nobody so far."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from app.core.errors import Unavailable
from app.mcp.oauth.credentials import Account
from app.mcp.oauth.discovery import read_challenge
from app.mcp.oauth.needed import SignInNeeded

Once = Callable[[httpx.Request], Awaitable[httpx.Response]]
"""Sends a request, once."""


class Source(Protocol):
    """Where the tokens of accounts come from; see `tokens` and `lent_tokens`."""

    async def access(self, account: Account) -> str:
        """A token that is good for a while. Raises SignInNeeded, or Unavailable."""

    async def renew(self, account: Account, refused: str) -> str:
        """Another token than the one that a server has refused."""

    async def give_up(self, account: Account, refused: str, scopes: Sequence[str]) -> None:
        """A fresh token was refused as well. Raises SignInNeeded."""

    async def lacks(self, account: Account, scopes: list[str]) -> bool:
        """A call was refused for want of scopes: whether another sign-in may bring them."""


class Sender(Protocol):
    """Sends a request in somebody's name."""

    async def send(self, request: httpx.Request, once: Once) -> httpx.Response:
        """The answer. Raises SignInNeeded where the server wants to know who asks."""


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or usual


class Nobody:
    """Asks without saying who."""

    async def send(self, request: httpx.Request, once: Once) -> httpx.Response:
        """The answer, unless it is that somebody has to sign in."""
        response = await once(request)
        if response.status_code == 401:
            await response.aclose()
            raise SignInNeeded(read_challenge(response.headers).scopes)
        return response


class Bearer:
    """Asks with the token of one account; a token that is refused is refreshed, once.

    It goes to the origin of the account's server, and with no request that leads elsewhere.
    """

    def __init__(self, tokens: Source, account: Account) -> None:
        self._tokens = tokens
        self._account = account

    async def send(self, request: httpx.Request, once: Once) -> httpx.Response:
        """The answer; also raises Unavailable where no token can be had just now."""
        if origin_of(str(request.url)) != origin_of(self._account.url):
            raise Unavailable("It wants to be called at another address than its own.")
        token = await self._tokens.access(self._account)
        response = await self._with(token, request, once)
        if response.status_code == 401:
            await response.aclose()
            token = await self._tokens.renew(self._account, token)
            response = await self._with(token, request, once)
        if response.status_code == 401:
            await response.aclose()
            scopes = read_challenge(response.headers).scopes
            await self._tokens.give_up(self._account, token, scopes)
        if response.status_code == 403:
            await self._look_at_scopes(response)
        return response

    async def _with(self, token: str, request: httpx.Request, once: Once) -> httpx.Response:
        request.headers["authorization"] = f"Bearer {token}"
        return await once(request)

    async def _look_at_scopes(self, response: httpx.Response) -> None:
        challenge = read_challenge(response.headers)
        if challenge.error != "insufficient_scope":
            return
        await response.aclose()
        scopes = list(challenge.scopes)
        if await self._tokens.lacks(self._account, scopes):
            raise SignInNeeded(scopes)
        raise Unavailable("The sign-in does not give the rights that this tool needs.")
