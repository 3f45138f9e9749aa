"""The pool of connections: none that has ended is given out."""

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import db as database
from app.core.resources import Resources


async def _backend(session: AsyncSession) -> int:
    return int(await session.scalar(text("select pg_backend_pid()")) or 0)


async def test_a_connection_that_the_server_has_closed_is_replaced_before_use(
    resources: Resources,
) -> None:
    async with resources.db.transaction() as one, resources.db.transaction() as two:
        pids = {await _backend(one), await _backend(two)}
    async with resources.db.transaction() as session:
        [gone] = pids - {await _backend(session)}
        await session.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": gone})
    async with resources.db.transaction() as one, resources.db.transaction() as two:
        now = {await _backend(one), await _backend(two)}
    assert len(now) == 2
    assert gone not in now


async def test_a_connection_that_was_long_idle_is_asked_and_replaced_if_it_does_not_answer(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with resources.db.transaction() as session:
        before = await _backend(session)
    asked = []

    def is_cut_on_the_way(connection: AsyncAdapt_asyncpg_connection) -> None:
        asked.append(connection)
        raise TimeoutError

    monkeypatch.setattr(AsyncAdapt_asyncpg_connection, "ping", is_cut_on_the_way)
    async with resources.db.transaction() as session:
        assert await _backend(session) == before
    assert not asked
    monkeypatch.setattr(database, "IDLE_SECONDS", 0.0)
    async with resources.db.transaction() as session:
        assert await _backend(session) != before
    assert len(asked) == 1
