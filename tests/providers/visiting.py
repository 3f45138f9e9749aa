"""Somebody who signs in at a provider, with a browser's cookies and nothing else of a browser."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import select

from app.core.resources import Resources
from app.core.sign_in_settings import SignInProviderSettings
from app.users.models import User
from app.users.providers.models import Identity
from tests.fakes.provider import CLIENT, SECRET, LyingProvider


def set_up(resources: Resources, provider: LyingProvider, **given: Any) -> SignInProviderSettings:
    """Have the operator add a provider, in place of one of the same name."""
    values = {
        "name": "there",
        "label": "There",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "issuer": provider.url,
        "private": True,
        "anyone": True,
        **given,
    }
    made = SignInProviderSettings.model_validate(values)
    others = [p for p in resources.settings.sign_in_providers if p.name != made.name]
    resources.settings.sign_in_providers[:] = [*others, made]
    return made


@dataclass
class Visitor:
    """One browser."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    async def ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        """One request, to Keiko or elsewhere; cookies go to Keiko alone."""
        own = urlsplit(url).netloc in ("", urlsplit(self.url).netloc)
        full = self.url + url if url.startswith("/") else url
        headers = {"Origin": self.url, **self.headers} if own else {}
        async with httpx.AsyncClient(cookies=self.cookies if own else None) as client:
            answer = await client.request(method, full, headers=headers, **more)
            if own:
                self.cookies = client.cookies
            return answer

    async def set_out(self, path: str = "/auth/with/there") -> str:
        """Press the button; gives back where the provider is."""
        answer = await self.ask("GET", path)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def come_back(self, at: str) -> str:
        """Be at the provider, which sends one back: where to."""
        answer = await self.ask("GET", at)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def sign_in(self, path: str = "/auth/with/there") -> httpx.Response:
        """All of it: the answer to whom the provider has sent back."""
        return await self.ask("GET", await self.come_back(await self.set_out(path)))

    async def who(self) -> str | None:
        """As whom this browser is signed in."""
        answer = await self.ask("GET", "/api/v1/me")
        return answer.json()["data"]["username"] if answer.is_success else None


async def identities(resources: Resources) -> list[tuple[str, str, str]]:
    """Every linked account: of whom, issuer, subject."""
    async with resources.db.transaction() as session:
        rows = await session.execute(
            select(User.username, Identity.issuer, Identity.subject)
            .join(User, User.id == Identity.user_id)
            .order_by(Identity.created_at)
        )
        return [(name, issuer, subject) for name, issuer, subject in rows]
