"""A running Keiko with a scripted model and a tool that leaves a trace."""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.db import Database
from tests.fakes.model import model_process
from tests.product import OWNER, PASSWORD, ROOT, Product
from tests.ui.client import ChatClient


@pytest.fixture(scope="session")
def keiko() -> Iterator[Product]:
    """Keiko on the scripted model, with the trace-leaving tools of `tests/fakes`."""
    tools = [
        {
            "name": name,
            "command": sys.executable,
            "args": ["-m", f"tests.fakes.{module}"],
            "env": {"PYTHONPATH": str(ROOT)},
        }
        for name, module in (("traces", "tool_server"), ("asking", "asking_server"))
    ]
    rules = [
        {"pattern": pattern, "decision": "allow"} for pattern in ("traces/append_line", "asking/*")
    ]
    with model_process() as url:
        product = Product(
            KEIKO_MODEL_URL=url,
            KEIKO_MODEL_NAME="scripted",
            KEIKO_MODEL_KEY="any",
            KEIKO_TOOL_SERVERS=json.dumps(tools),
            KEIKO_TOOL_RULES=json.dumps(rules),
        )
        try:
            yield product.start()
        finally:
            product.remove()


@pytest.fixture
async def page(keiko: Product) -> AsyncIterator[ChatClient]:
    """A page of the owner, connected to a new chat."""
    keiko.wait_ready()
    async with ChatClient(keiko.url) as client:
        await client.login(OWNER, PASSWORD)
        await client.connect()
        yield client


class Ledger:
    """What the rows say in the end, whatever happened on the way."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of_thread(self, thread_id: str) -> dict[str, object]:
        """Counts that must hold for a thread in which every message was answered."""
        async with self._db.transaction() as session:
            row = await session.execute(
                text(
                    "select (select count(*) from steps where thread_id = :t and kind ="
                    " 'user_message') as messages, (select count(*) from steps where thread_id ="
                    " :t and kind = 'assistant_message') as answers, (select array_agg(status"
                    " order by created_at) from tasks where thread_id = :t) as statuses, (select"
                    " count(*) from events where type = 'task.completed' and"
                    " payload->>'thread_id' = :name) as ended, (select count(*) from"
                    " checkpoints c join tasks k on k.id = c.task_id"
                    " where k.thread_id = :t) as checkpoints"
                ),
                {"t": UUID(thread_id), "name": thread_id},
            )
            return dict(row.mappings().one())


@pytest.fixture
async def ledger(keiko: Product) -> AsyncIterator[Ledger]:
    """The rows of the running Keiko."""
    engine = keiko.open_engine(pool_size=1)
    yield Ledger(Database(engine))
    await engine.dispose()


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """The file in which the tools leave their traces."""
    tmp_path.chmod(0o777)
    return tmp_path / "trace.txt"
