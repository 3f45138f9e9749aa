"""/health and /ready: is this process alive, and can it do its work."""

import asyncio
from collections.abc import Awaitable
from functools import cache
from typing import Annotated, Any, cast

from alembic.script import ScriptDirectory
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import __version__
from app.core.migrations import alembic_config
from app.core.resources import Resources

router = APIRouter(tags=["health"])

PATIENCE = 2.0
"""Seconds in which a dependency must answer."""


@router.get("/health", operation_id="get_health")
async def get_health(
    request: Request,
    detailed: Annotated[bool, Query(description="Test the dependencies; signed in only.")] = False,
) -> JSONResponse:
    """This process is alive. Says nothing of what it depends on, unless it is asked to."""
    alive = {"status": "ok", "version": __version__}
    if not detailed:
        return JSONResponse(alive)
    if getattr(request.state, "signed_in", None) is None:
        return JSONResponse({**alive, "detail": "Sign in to see the details."}, 401)
    found = await _look(request.state.resources)
    status = "ok" if not any(found.values()) else "degraded"
    parts = {name: problem or "ok" for name, problem in found.items()}
    return JSONResponse({**alive, "status": status, "dependencies": parts})


@router.get("/ready", operation_id="get_ready")
async def get_ready(request: Request) -> JSONResponse:
    """200 when requests can be served: Postgres, its migrations and Redis are as they should be."""
    found = await _look(request.state.resources)
    missing = {name: problem for name, problem in found.items() if problem}
    if missing:
        return JSONResponse({"ready": False, "missing": missing}, 503, {"Retry-After": "2"})
    return JSONResponse({"ready": True})


async def _look(resources: Resources) -> dict[str, str | None]:
    """What is wrong with each dependency; None where nothing is."""
    database, redis = await asyncio.gather(
        _problem(_check_database(resources)), _problem(_check_redis(resources))
    )
    return {"database": database, "redis": redis}


async def _problem(check: Awaitable[str | None]) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await check
    except (SQLAlchemyError, RedisError, OSError) as error:
        return f"It does not answer ({type(error).__name__})."


async def _check_database(resources: Resources) -> str | None:
    wanted = await asyncio.to_thread(_heads)
    async with resources.db.transaction() as session:
        table = await session.scalar(text("select to_regclass('alembic_version')::text"))
        if table is None:
            return "It is empty; `./keiko migrate` fills it."
        found = set(await session.scalars(text("select version_num from alembic_version")))
    if found != wanted:
        return "Its tables are of another version; `./keiko migrate` brings them up to date."
    return None


async def _check_redis(resources: Resources) -> str | None:
    await cast(Awaitable[Any], resources.redis.ping())
    return None


@cache
def _heads() -> set[str]:
    """The newest migrations that this version of the code knows."""
    return set(ScriptDirectory.from_config(alembic_config("")).get_heads())
