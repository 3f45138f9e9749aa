"""A task that an assistant starts is started once, wherever its worker is killed meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.product import Product
from tests.ui.client import ChatClient


@pytest.fixture
async def engine(keiko: Product) -> AsyncIterator[AsyncEngine]:
    engine = keiko.open_engine(pool_size=3)
    yield engine
    await engine.dispose()


@asynccontextmanager
async def holding(engine: AsyncEngine, statement: str, **values: object) -> AsyncIterator[None]:
    """Keep what a statement locks from everybody else, until the end."""
    async with engine.connect() as connection:
        await connection.execute(text(statement), values)
        yield
        await connection.rollback()


async def until(connection: AsyncConnection, statement: str, **values: object) -> object:
    """Wait until a query brings something that is true."""
    async with asyncio.timeout(20):
        while True:
            found = await connection.scalar(text(statement), values)
            await connection.rollback()
            if found:
                return found
            await asyncio.sleep(0.02)


_TURN = "(select id from tasks where message_id = cast(cast(:turn as text) as uuid))"
_CALL = f"select id from tool_executions where tool = 'start_task' and task_id = {_TURN}"  # noqa: S608
_WAITS = "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'"
_STARTED = f"select count(*) from tasks where parent_id = {_TURN} and in_background"  # noqa: S608
_NO_NEW_THREADS = "lock table threads in share row exclusive mode"
_NO_OUTCOME = "select * from tool_executions where id = :id for update"


BEFORE, AFTER = "before the task is stored", "before its outcome is recorded"


@pytest.mark.parametrize("cut", [BEFORE, AFTER])
async def test_a_task_whose_start_was_cut_is_started_once_and_nobody_is_asked(
    keiko: Product, page: ChatClient, engine: AsyncEngine, cut: str
) -> None:
    name = f"once-{uuid4().hex[:8]}"
    call = json.dumps({"text": "Think of something", "name": name})
    script = f'!tool slow {{"seconds": 2}} !then !tool start_task {call} !then !say Begun.'
    message_id = await page.send(script)
    async with engine.connect() as look, AsyncExitStack() as held:
        async with holding(engine, _NO_NEW_THREADS):
            execution = await until(look, _CALL, turn=message_id)
            await until(look, _WAITS)
            if cut == BEFORE:
                keiko.wait_for_new("worker", keiko.kill("worker"))
            else:
                await held.enter_async_context(holding(engine, _NO_OUTCOME, id=execution))
        if cut == AFTER:
            await until(look, _STARTED, turn=message_id)
            keiko.wait_for_new("worker", keiko.kill("worker"))

    done = await page.answer(message_id, within=30)

    assert not done.is_error and done.text == "Begun."
    assert not any(e["name"] == "Question" for e in page.shown.elements.values())
    async with engine.connect() as look:
        assert await look.scalar(text(_STARTED), {"turn": message_id}) == 1
        await look.rollback()
        await until(look, f"{_STARTED} and status = 'completed'", turn=message_id)
