"""Moments of schedules that come while workers are killed: one run each, none lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

import app.chats.models  # noqa: F401 - schedules name its table
from app.core.clock import now
from app.core.db import Database
from app.schedules.rules import Rule, RuleKind
from app.schedules.service import NewSchedule, create_schedule
from tests.product import OWNER, Product

MOMENTS = 60
SECONDS = 6.0

_COUNTS = text(
    "select s.next_at is null and s.ended_at is not null and s.runs = 1 as over,"
    " (select count(*) from tasks t where t.schedule_id = s.id) as tasks,"
    " (select count(*) from events e where e.subject_id = s.id and e.type = 'schedule.fired')"
    " as fired, (select count(*) from steps p join tasks t on t.message_id = p.id"
    " where t.schedule_id = s.id) as messages from schedules s where s.id = any(:ids)"
)
_OPEN = "select count(*) = 0 from schedules where id = any(:ids) and next_at is not null"
_HELD = (
    "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'"
    " and query like '%threads%'"
)
_ONE_RUN = {"over": True, "tasks": 1, "fired": 1, "messages": 1}


@pytest.fixture
async def db(keiko: Product) -> AsyncIterator[Database]:
    """The rows of the running Keiko."""
    keiko.wait_ready()
    engine = keiko.open_engine(pool_size=2)
    yield Database(engine)
    await engine.dispose()


async def plan(db: Database, moments: list[datetime]) -> list[UUID]:
    """Schedules of the owner that run once, at these moments."""
    ids = []
    async with db.transaction() as session:
        owner = await session.scalar(
            text("select id from users where username = :name"), {"name": OWNER}
        )
        for moment in moments:
            rule = Rule(kind=RuleKind.ONCE, text=moment.isoformat(), time_zone="UTC")
            new = NewSchedule(text="!say Done.", rule=rule)
            ids.append((await create_schedule(session, owner, new)).id)
    return ids


async def until(connection: AsyncConnection, statement: str, **values: object) -> None:
    """Wait until a query brings something that is true."""
    async with asyncio.timeout(40):
        while not await connection.scalar(text(statement), values):
            await connection.rollback()
            await asyncio.sleep(0.02)
    await connection.rollback()


async def counts(db: Database, ids: list[UUID]) -> list[dict[str, object]]:
    async with db.transaction() as session:
        return [dict(row) for row in (await session.execute(_COUNTS, {"ids": ids})).mappings()]


async def test_each_moment_is_one_run_while_worker_after_worker_is_killed(
    keiko: Product, db: Database
) -> None:
    start = now() + timedelta(seconds=1)
    step = timedelta(seconds=SECONDS / MOMENTS)
    ids = await plan(db, [start + n * step for n in range(MOMENTS)])
    kills = 0
    while now() < start + timedelta(seconds=SECONDS):
        keiko.wait_for_new("worker", keiko.kill("worker"))
        kills += 1
        await asyncio.sleep(0.15)
    assert kills >= 3
    async with db.engine.connect() as look:
        await until(look, _OPEN, ids=ids)
    assert await counts(db, ids) == [_ONE_RUN] * MOMENTS


async def test_a_worker_that_is_killed_in_the_middle_of_a_moment_leaves_it_to_the_next(
    keiko: Product, db: Database
) -> None:
    async with db.engine.connect() as look:
        async with db.engine.connect() as blocker:
            await blocker.execute(text("lock table threads in share row exclusive mode"))
            [id] = await plan(db, [now() + timedelta(seconds=0.5)])
            await until(look, _HELD)
            keiko.wait_for_new("worker", keiko.kill("worker"))
            assert (await counts(db, [id]))[0]["tasks"] == 0
            await blocker.rollback()
        await until(look, _OPEN, ids=[id])
    assert await counts(db, [id]) == [_ONE_RUN]


def test_schedules_are_kept_from_a_terminal(keiko: Product) -> None:
    keiko.wait_ready()
    name = f"Look at the {now():%H%M%S%f}"
    added = keiko.run("schedules", "add", "every weekday at 8", name, "--zone", "Europe/Berlin")
    assert added.returncode == 0, added.stderr
    id = added.stdout.split()[0]
    assert "(Every weekday at 08:00, Europe/Berlin)" in added.stdout
    for verb in ("pause", "resume", "run", "remove"):
        done = keiko.run("schedules", verb, id)
        assert done.returncode == 0, done.stderr
        assert ("paused" in done.stdout) == (verb == "pause")
    assert name not in keiko.run("schedules", "list").stdout
    refused = keiko.run("schedules", "add", "0 0 31 2 *", name)
    assert refused.returncode == 1
    assert "keiko: This cron rule cannot be: bad day-of-month." in refused.stderr
