"""What a Keiko holds and shows before anybody has set it up."""

import httpx
import pytest
from sqlalchemy import func, select

from app.core.db import Base
from app.core.errors import Unauthenticated
from app.core.resources import Resources
from app.users.sessions import Browser
from app.users.sign_in import sign_in
from tests.api.acting import Web

NAMES = ("admin", "root", "owner", "keiko", "test", "user", "sa", "administrator")
GUESSES = ("admin", "password", "keiko", "changeme", "")


@pytest.mark.asvs("6.3.2", "13.2.3")
async def test_a_fresh_install_has_no_account(resources: Resources) -> None:
    async with resources.db.transaction() as session:
        for table in ("users", "sessions", "invitations", "mcp_servers", "tool_policies"):
            found = select(func.count()).select_from(Base.metadata.tables[table])
            assert await session.scalar(found) == 0, table
    for name, guess in zip(NAMES, GUESSES, strict=False):
        with pytest.raises(Unauthenticated):
            await sign_in(resources, Browser(address=name), username=name, password=guess)


@pytest.mark.asvs("13.4.5")
async def test_neither_documentation_pages_nor_measurements_are_public(web: Web) -> None:
    async with httpx.AsyncClient(base_url=web.url) as anybody:
        for path in (
            "/docs", "/redoc", "/openapi.json", "/metrics", "/debug", "/admin", "/server-status",
            "/api/v1/docs", "/api/v1/redoc", "/api/v1/metrics", "/.git/config", "/.env",
        ):  # fmt: skip
            answer = await anybody.get(path)
            assert answer.status_code in (401, 404), path
            assert "swagger" not in answer.text.lower()


@pytest.mark.asvs("13.4.4")
async def test_trace_is_not_answered(web: Web) -> None:
    async with httpx.AsyncClient(base_url=web.url) as anybody:
        answer = await anybody.request("TRACE", "/api/v1/threads", headers={"x-told": "back"})
        assert answer.status_code in (401, 404, 405)
        assert "back" not in answer.text
