"""`./keiko bench background`: how fast tasks begin, how many a worker does, how long lists take."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from uuid import UUID

import aiohttp
import asyncpg
import click

from app.core import clock
from tests.bench.figures import percentile
from tests.bench.servers import Pace, Server, keiko, upstream

_LIMIT_SECONDS = 120.0
_LOOKS = 100
_NEWS = 60
_PAGE = 50

_TASKS = """
insert into tasks (id, user_id, kind, parameters, status, priority, fence, attempts, queued_at,
                   usage, name, in_background, created_at, completed_at)
select ('10000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1,
       'agent_execution', '{}', 'completed', 'normal', 1, 1, now(), '{}',
       'Task ' || n, n % 10 = 0, now() - interval '30 days' + n * interval '1 second' / $2 * 86400,
       now()
from generate_series(1, $2::int) n
"""
_EVENTS = """
insert into events (id, type, source, user_id, subject_id, payload, occurred_at, published_at)
select ('20000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'task.completed', 'tasks',
       $1,
       ('10000000-0000-7000-8000-' || lpad(to_hex(n % 1000000), 12, '0'))::uuid, '{}',
       now() - interval '1 day', now() - interval '1 day'
from generate_series(1, $2::int) n
"""


class Bench:
    """One running Keiko, by REST and by its database."""

    def __init__(self, http: aiohttp.ClientSession, db: asyncpg.Connection) -> None:
        self.http = http
        self.db = db
        self.rows: list[tuple[str, str, str]] = []

    def note(self, what: str, goal: str, measured: str) -> None:
        """One line of the table; said at once, too."""
        self.rows.append((what, goal, measured))
        click.echo(f"{what}: {measured} (goal {goal})", err=True)

    async def fill(self, table: str, insert: str, *values: object) -> None:
        """Very many rows at once: no event for each of them, and indexes are built afterwards."""
        indexes = await self.db.fetch(
            "select indexname, indexdef from pg_indexes where tablename = $1"
            " and indexname not like 'pk_%'",
            table,
        )
        await self.db.execute("set session_replication_role = replica")
        await self.db.execute("set maintenance_work_mem = '512MB'")
        for index in indexes:
            await self.db.execute(f"drop index {index['indexname']}")
        await self.db.execute(insert, *values)
        for index in indexes:
            await self.db.execute(index["indexdef"])
        await self.db.execute("set session_replication_role = default")
        await self.db.execute(f"vacuum analyze {table}")

    async def start(self, text: str, **more: int) -> UUID:
        """A background task over REST."""
        async with self.http.post("/api/v1/tasks", json={"text": text, **more}) as answer:
            answer.raise_for_status()
            return UUID((await answer.json())["data"]["id"])

    async def all_ended(self, ids: Sequence[UUID]) -> None:
        """Return once every one of these tasks has ended."""
        query = "select count(*) from tasks where id = any($1) and completed_at is null"
        async with asyncio.timeout(_LIMIT_SECONDS):
            while await self.db.fetchval(query, list(ids)):
                await asyncio.sleep(0.05)

    async def owner(self) -> UUID:
        """The only account."""
        id: UUID = await self.db.fetchval("select id from users limit 1")
        return id


async def begin(bench: Bench) -> None:
    """From the creation of a task to its start, one after another."""
    ids = []
    for _ in range(60):
        ids.append(await bench.start("Hello"))
        await asyncio.sleep(0.05)
    await bench.all_ended(ids)
    waits = [
        row["wait"].total_seconds() * 1000
        for row in await bench.db.fetch(
            "select started_at - created_at as wait from tasks where id = any($1)", ids
        )
    ]
    bench.note(
        "tasks, from creation to start (ms), p50 / p95",
        "p50 ≤ 60",
        f"{median(waits):.0f} / {percentile(waits, 0.95):.0f}",
    )


async def throughput(bench: Bench, tasks: int) -> None:
    """Short tasks per second through one worker, from the first start to the last end."""
    ids: list[UUID] = []
    gate = asyncio.Semaphore(10)

    async def one() -> None:
        async with gate:
            ids.append(await bench.start("Hello", delay_seconds=86_400))

    await asyncio.gather(*(one() for _ in range(tasks)))
    await bench.db.execute("update tasks set not_before = now() where id = any($1)", ids)
    await bench.all_ended(ids)
    times = await bench.db.fetch(
        "select started_at, completed_at from tasks where id = any($1)", ids
    )
    seconds = max(t["completed_at"] for t in times) - min(t["started_at"] for t in times)
    rate = tasks / seconds.total_seconds()
    bench.note("short tasks per second and worker", "≥ 100", f"{rate:.0f}")


async def relay(bench: Bench, events: int) -> None:
    """Committed events per second on their way into the stream."""
    await bench.db.execute(
        "insert into events (id, type, source, payload, occurred_at)"
        " select gen_random_uuid(), 'bench.happened', 'bench', '{}', now()"
        " from generate_series(1, $1::int)",
        events,
    )
    began = time.monotonic()
    left = "select count(*) from events where type = 'bench.happened' and published_at is null"
    async with asyncio.timeout(_LIMIT_SECONDS):
        while await bench.db.fetchval(left):
            await asyncio.sleep(0.02)
    rate = events / (time.monotonic() - began)
    bench.note("events relayed per second", "≥ 5,000", f"{rate:,.0f}")


async def news(bench: Bench) -> None:
    """From the end of a task to the notification of it in an open page."""
    arrived: dict[UUID, datetime] = {}

    async def listen() -> None:
        async with bench.http.get("/api/v1/events", timeout=aiohttp.ClientTimeout()) as stream:
            async for line in stream.content:
                if line.startswith(b"data:"):
                    happened = json.loads(line[5:])
                    if happened.get("type") == "notification.created":
                        arrived[UUID(happened["payload"]["notification_id"])] = clock.now()

    listening = asyncio.create_task(listen())
    await asyncio.sleep(1)
    started = []
    for _ in range(_NEWS):
        started.append(await bench.start("Hello"))
        await asyncio.sleep(0.1)
    await bench.all_ended(started)
    await asyncio.sleep(1)
    listening.cancel()
    await asyncio.wait([listening])
    ends = await bench.db.fetch(
        "select n.id, t.completed_at from notifications n join tasks t on t.id = n.task_id"
        " where t.id = any($1)",
        started,
    )
    delays = [
        (arrived[end["id"]] - end["completed_at"]).total_seconds() * 1000
        for end in ends
        if end["id"] in arrived
    ]
    came = f"{len(delays)} of {_NEWS}: "
    bench.note(
        "end of a task to the notification in the page (ms), p50 / p95",
        "p95 ≤ 200",
        came + (f"{median(delays):.0f} / {percentile(delays, 0.95):.0f}" if delays else "–"),
    )


async def lists(bench: Bench, tasks: int, events: int) -> None:
    """First and thousandth page of tasks and events, among very many."""
    owner = await bench.owner()
    await bench.fill("tasks", _TASKS, owner, tasks)
    await bench.fill("events", _EVENTS, owner, events)
    for path in ("/api/v1/tasks?archived=true", "/api/v1/events/history?"):
        first = await _times(bench, f"{path}&limit={_PAGE}")
        cursor = await _cursor_of_page(bench, path, 1000)
        late = await _times(bench, f"{path}&limit={_PAGE}&after={cursor}")
        name = path.removeprefix("/api/v1/").partition("?")[0]
        count = tasks if name == "tasks" else events
        bench.note(
            f"{name} among {count:,}: first / thousandth page, p95 (ms)",
            "≤ 50",
            f"{percentile(first, 0.95):.0f} / {percentile(late, 0.95):.0f}",
        )


async def _times(bench: Bench, path: str) -> list[float]:
    """Milliseconds of many looks at one page."""
    times = []
    for _ in range(_LOOKS):
        began = time.monotonic()
        async with bench.http.get(path) as answer:
            answer.raise_for_status()
            await answer.read()
        times.append((time.monotonic() - began) * 1000)
    return times[5:]


async def _cursor_of_page(bench: Bench, path: str, number: int) -> str:
    """The cursor that leads to the page of that number, reached in large steps."""
    cursor, seen = "", 0
    while seen < (number - 1) * _PAGE:
        step = min(1000, (number - 1) * _PAGE - seen)
        query = f"{path}&limit={step}" + (f"&after={cursor}" if cursor else "")
        async with bench.http.get(query) as answer:
            answer.raise_for_status()
            data = (await answer.json())["data"]
        cursor, seen = data["next_cursor"], seen + len(data["items"])
    return cursor


PARTS: dict[str, Callable[..., Awaitable[None]]] = {
    "begin": lambda bench, _: begin(bench),
    "news": lambda bench, _: news(bench),
    "throughput": lambda bench, options: throughput(bench, options.short_tasks),
    "relay": lambda bench, options: relay(bench, options.relayed),
    "lists": lambda bench, options: lists(bench, options.tasks, options.events),
}


async def measure(options: argparse.Namespace, folder: Path) -> list[tuple[str, str, str]]:
    """Every part that was asked for, on one Keiko whose model answers at once."""
    pace = Pace(first_token_ms=1, tokens_per_second=10_000, tokens=2)
    async with upstream(folder, pace) as model, keiko(folder, model) as server:
        urls = json.loads((folder / "keiko" / "run" / "servers.json").read_text())["urls"]
        db = await asyncpg.connect(urls["postgres"].replace("+asyncpg", ""), command_timeout=900)
        try:
            async with _client(server) as http:
                bench = Bench(http, db)
                await bench.all_ended([await bench.start("Hello")])
                for part in options.parts.split(","):
                    await PARTS[part](bench, options)
                return bench.rows
        finally:
            await db.close()


def _client(server: Server) -> aiohttp.ClientSession:
    cookie = server.accounts[0].cookie
    return aiohttp.ClientSession(server.url, headers={"Cookie": cookie, "Origin": server.url})


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="./keiko bench background", description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="which of " + ", ".join(PARTS))
    parser.add_argument("--short-tasks", type=int, default=900)
    parser.add_argument("--relayed", type=int, default=50_000)
    parser.add_argument("--tasks", type=int, default=1_000_000, help="rows in the list of tasks")
    parser.add_argument("--events", type=int, default=5_000_000, help="rows in the list of events")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="keiko-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        rows = asyncio.run(measure(options, folder))
    lines = ["| Keiko must reach | goal | measured |", "| --- | --- | --- |"]
    text = "\n".join(lines + [f"| {what} | {goal} | {said} |" for what, goal, said in rows]) + "\n"
    sys.stdout.write(text)
    if options.out:
        options.out.write_text(text)
    return 0
