"""Is it alive, and can it work: two questions with two answers."""

import asyncio
from pathlib import Path

import asyncpg
import httpx
from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint

from app.api import health
from app.core.resources import open_resources
from app.core.settings import Settings
from tests.api.acting import Person, Web


async def test_a_process_is_alive_and_ready(web: Web) -> None:
    async with httpx.AsyncClient(base_url=web.url) as http:
        health, ready = await http.get("/health"), await http.get("/ready")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert (ready.status_code, ready.json()) == (200, {"ready": True})


async def test_details_are_for_signed_in_users(web: Web, ada: Person) -> None:
    async with httpx.AsyncClient(base_url=web.url) as http:
        assert (await http.get("/health?detailed=true")).status_code == 401
    details = (await ada.http.get("/health?detailed=true")).json()
    assert details["dependencies"] == {"database": "ok", "redis": "ok"}


async def test_without_its_migrations_it_is_alive_but_not_ready(web: Web, owner_url: str) -> None:
    owner = await asyncpg.connect(owner_url.replace("+asyncpg", ""))
    await owner.execute("update alembic_version set version_num = 'older'")
    await owner.close()
    async with httpx.AsyncClient(base_url=web.url) as http:
        health, ready = await http.get("/health"), await http.get("/ready")
    assert health.status_code == 200
    assert ready.status_code == 503
    assert "keiko migrate" in ready.json()["missing"]["database"]


async def test_without_its_servers_it_is_alive_but_not_ready(tmp_path: Path) -> None:
    dead = Settings(
        _env_file=None,
        database_url="postgresql://keiko@127.0.0.1:1/keiko",
        redis_url="redis://127.0.0.1:1/0",
        data=tmp_path,
    )
    app = FastAPI()
    app.include_router(health.router)
    async with open_resources(dead) as resources:

        @app.middleware("http")
        async def wire(request: Request, call_next: RequestResponseEndpoint) -> Response:
            request.state.resources = resources
            return await call_next(request)

        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            assert (await http.get("/health")).status_code == 200
            async with asyncio.timeout(30):
                ready = await http.get("/ready")
    assert ready.status_code == 503
    assert set(ready.json()["missing"]) == {"database", "redis"}
