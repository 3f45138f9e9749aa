"""How providers are asked: guarded, bounded in time and size, and never followed elsewhere.

Authlib speaks through an httpx2 client; this is its transport, which hands each request to
`Outbound`, so that there is one guard for all that leaves Keiko.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx2

from app.core.errors import Invalid, Unavailable
from app.core.logs import log
from app.core.outbound import Allowed, Answer, Outbound, check_url, open_outbound
from app.core.settings import Settings
from app.users.providers.presets import Provider

SECONDS = 10.0
"""How long one answer may take."""

WALK_SECONDS = 20.0
"""How long all answers of one sign-in may take together."""


def away(provider: Provider) -> Unavailable:
    """It does not answer, or with nothing that can be read."""
    return Unavailable(
        f"{provider.label} does not answer at the moment. Sign in another way, or try again later."
    )


def may_be_asked(url: str, private: list[str]) -> bool:
    """Whether codes and tokens may go to this address: https, or a host that the operator named."""
    try:
        parts = urlsplit(check_url(url, allowed=private))
    except Invalid:
        return False
    return parts.scheme == "https" or Allowed(private).names(parts.hostname or "")


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends Authlib's requests; see the module."""

    def __init__(self, outbound: Outbound, provider: Provider, private: list[str]) -> None:
        self._outbound = outbound
        self._provider = provider
        self._private = private

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer. Raises Unavailable where there is none, or one that leads elsewhere."""
        url = str(request.url)
        if not may_be_asked(url, self._private):
            log.warning("provider_not_asked", provider=self._provider.name, host=request.url.host)
            raise away(self._provider)
        try:
            answer = await self._send(request, url)
        except (Invalid, Unavailable) as error:
            log.warning("provider_not_asked", provider=self._provider.name, error=str(error))
            raise away(self._provider) from error
        if 300 <= answer.status < 400:
            log.warning("provider_redirects", provider=self._provider.name, status=answer.status)
            raise away(self._provider)
        kind = answer.headers.get("content-type", "")
        return httpx2.Response(
            answer.status, headers={"content-type": kind}, content=answer.body, request=request
        )

    async def _send(self, request: httpx2.Request, url: str) -> Answer:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name in ("accept", "authorization", "content-type", "user-agent")
        } | {"accept-encoding": "identity"}
        if request.method == "GET":
            return await self._outbound.get(url, headers=headers, timeout=SECONDS)
        body = await request.aread()
        return await self._outbound.post(url, body=body, headers=headers, timeout=SECONDS)


@asynccontextmanager
async def open_wire(settings: Settings, provider: Provider) -> AsyncIterator[GuardedTransport]:
    """The way to one provider, for one walk. Raises Unavailable when it takes too long."""
    private = provider.private_hosts(settings)
    try:
        async with (
            asyncio.timeout(WALK_SECONDS),
            open_outbound(settings.model_copy(update={"outbound_private": private})) as outbound,
        ):
            yield GuardedTransport(outbound, provider, private)
    except TimeoutError:
        raise away(provider) from None
