"""Requests to the addresses that servers name: guarded, bounded, and never followed elsewhere.

Whoever names them is a stranger. They are https, unless the operator lets the host be called.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlencode, urlsplit

import orjson

from app.core.db import JSON
from app.core.errors import Invalid, Unavailable
from app.core.outbound import Allowed, Answer, Outbound, check_url, open_outbound
from app.core.settings import Settings

SECONDS = 10.0
"""How long an answer may take."""

_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "mcp-protocol-version": "2025-11-25",
}


class Wire:
    """Asks authorization servers. Opened for one walk, or for one refresh."""

    def __init__(self, outbound: Outbound, private: list[str]) -> None:
        self._outbound = outbound
        self._private = private

    async def get(self, url: str) -> Answer:
        """What stands at an address."""
        self.check(url)
        with _no_way():
            return await self._outbound.get(url, headers=_HEADERS, timeout=SECONDS)

    async def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]
    ) -> Answer:
        """Send a form, as OAuth's endpoints take it."""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return await self._post(url, urlencode(fields).encode(), {**kind, **headers})

    async def post_json(
        self, url: str, content: JSON, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send JSON."""
        kind = {"content-type": "application/json"}
        return await self._post(url, orjson.dumps(content), {**kind, **(headers or {})})

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.check(url)
        with _no_way():
            return await self._outbound.post(
                url, body=body, headers={**_HEADERS, **headers}, timeout=SECONDS
            )

    def check(self, url: str) -> str:
        """The address, if secrets may go there. Raises Unavailable."""
        with _no_way():
            check_url(url, allowed=self._private)
        parts = urlsplit(url)
        if parts.scheme != "https" and not Allowed(self._private).names(parts.hostname or ""):
            raise Unavailable(
                "It names an address for signing in that does not begin with https://, so that "
                "others could listen. Ask whoever runs it."
            )
        return url


@contextmanager
def _no_way() -> Iterator[None]:
    """An address that may not be called is the server's fault, not that of who signs in."""
    try:
        yield
    except Invalid as error:
        raise Unavailable(f"It names an address that may not be called: {error}") from None


@asynccontextmanager
async def open_wire(settings: Settings) -> AsyncIterator[Wire]:
    """A wire, closed at the end."""
    async with open_outbound(settings) as outbound:
        yield Wire(outbound, settings.outbound_private)


def read_json(answer: Answer) -> JSON:
    """The object that was answered; an empty one for anything else."""
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
