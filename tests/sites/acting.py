"""Sites and their visitors, as browsers and servers of others see Keiko."""

from typing import Any

import httpx

from app.core.resources import Resources
from app.sites.service import create_site
from app.users.models import Role, User
from app.users.service import NewUser, create_user
from app.users.site_models import Site

HOST = "https://shop.example"


class Shop:
    """A site of somebody else: its key, its secret, its server."""

    def __init__(self, site: Site, secret: str, url: str) -> None:
        self.site = site
        self.key = site.key
        self.secret = secret
        self.url = url

    async def ask_for_ticket(self, **more: Any) -> httpx.Response:
        """What the shop's server asks for a visitor of its own."""
        secret = more.pop("secret", self.secret)
        body = {"site_key": self.key, "origin": HOST, "user": {"id": "42", "name": "Ada"}, **more}
        async with httpx.AsyncClient(base_url=self.url) as http:
            return await http.post(
                "/api/v1/widget/tickets",
                json=body,
                headers={"Authorization": f"Bearer {secret}"},
            )

    async def ticket(self, **more: Any) -> str:
        """A ticket for a visitor."""
        answer = await self.ask_for_ticket(**more)
        assert answer.status_code == 201, answer.text
        text: str = answer.json()["data"]["ticket"]
        return text

    def frame(self, **headers: str) -> "Frame":
        """A frame in a page of the shop, in a browser of its own."""
        return Frame(self, headers)


class Frame(httpx.AsyncClient):
    """The frame in a page: asks as a browser does for it, and keeps its cookie."""

    def __init__(self, shop: Shop, headers: dict[str, str]) -> None:
        said = {"X-Keiko-Site": shop.key, "Sec-Fetch-Site": "same-origin", **headers}
        super().__init__(base_url=shop.url, headers=said, timeout=20)
        self.shop = shop

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request under `/api/v1`; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.request(method, f"/api/v1{path}", json=body, headers=named)

    async def done(self, method: str, path: str, body: Any = None) -> Any:
        """The data of a request that must succeed."""
        answer = await self.ask(method, path, body)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    async def refused(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, str]:
        """Status and code of a request that must fail."""
        answer = await self.ask(method, path, body, **headers)
        assert answer.is_error, answer.text
        return answer.status_code, answer.json()["error"]["code"]

    async def come_in(self, ticket: str | None = None, **more: Any) -> Any:
        """Begin a session, with a ticket of the shop's if none is given."""
        body = {"host_origin": HOST, "ticket": ticket or await self.shop.ticket(), **more}
        return await self.done("POST", "/widget/session", body)


async def make_admin(resources: Resources, name: str = "root") -> User:
    """An admin, who makes sites."""
    async with resources.db.transaction() as session:
        return await create_user(session, NewUser(username=name, role=Role.ADMIN))


async def open_shop(resources: Resources, url: str, admin: User, **more: Any) -> Shop:
    """A site that may show Keiko."""
    fields = {"name": "Shop", "origins": [HOST], **more}
    async with resources.db.transaction() as session:
        secret, site = await create_site(session, admin.id, fields)
    return Shop(site, secret, url)
