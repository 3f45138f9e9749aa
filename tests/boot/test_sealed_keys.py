"""A whole Keiko whose database may be stolen, whose keys change, and whose key file is lost."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.core.keys import KeyFile
from tests.product import ROOT, Product

CANARY = "Kanarienvogel7391"
SERVERS = ("web", "worker", "consumer")


def said(http: httpx.Client, text: str, **more: Any) -> dict[str, Any]:
    """What came of a message, once it is answered."""
    sent = http.post("/api/v1/messages", json={"text": text, **more}).raise_for_status()
    task: dict[str, Any] = sent.json()["data"]
    deadline = time.monotonic() + 30
    while True:
        state = http.get(f"/api/v1/tasks/{task['task_id']}").raise_for_status().json()["data"]
        if state["status"] in ("completed", "failed"):
            return {**state, **task}
        assert time.monotonic() < deadline, state
        time.sleep(0.05)


def key_file(product: Product) -> Path:
    """Where its keys stand."""
    return product.data / "secret.key"


async def dumped(product: Product) -> bytes:
    """Everything that its database holds, tables and statistics, as a dump has it."""
    url = product.database_url.replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url)
    try:
        while await connection.fetchval("select count(*) from events where published_at is null"):
            await asyncio.sleep(0.05)
        tables = await connection.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables"
            " where schemaname <> 'information_schema' and tablename !~ '^pg_(authid|.*subs)'"
        )
        parts: list[bytes] = []

        async def keep(data: bytes) -> None:
            parts.append(data)

        for table in tables:
            await connection.copy_from_query(f"select * from {table['name']}", output=keep)  # noqa: S608
        return b"".join(parts)
    finally:
        await connection.close()


@pytest.mark.asvs("11.3.2", "14.2.4")
async def test_a_stolen_database_holds_nothing_that_was_written_to_keiko(product: Product) -> None:
    with product.client() as http:
        one = said(http, f"Tell me of {CANARY}Message")
        said(http, f'!tool remember {{"text": "{CANARY}Memory"}} !then !say {CANARY}Answer')
        task = {"text": f"{CANARY}Task", "name": f"{CANARY}Name", "labels": {"a": f"{CANARY}Label"}}
        http.post("/api/v1/tasks", json=task).raise_for_status()
        http.post("/api/v1/memories", json={"text": f"I own a {CANARY}Bird"}).raise_for_status()
        server = {"name": "far", "url": "https://far.invalid/mcp",
                  "headers": {"Authorization": f"Bearer {CANARY}Token"}}  # fmt: skip
        http.post("/api/v1/mcp/servers", json=server).raise_for_status()
        http.patch(f"/api/v1/threads/{one['thread_id']}", json={"name": f"{CANARY}Title"})
        http.put(f"/api/v1/tasks/{one['task_id']}/feedback",
                 json={"value": 1, "comment": f"{CANARY}Comment"})  # fmt: skip
        listed = http.get("/api/v1/threads", params={"search": CANARY}).json()["data"]["items"]
        assert len(listed) >= 2
        kept = http.get("/api/v1/memories", params={"search": f"{CANARY}Bird"}).json()["data"]
        assert f"{CANARY}Bird" in str(kept)
    dump = (await dumped(product)).decode(errors="replace").lower()
    assert len(dump) > 10_000
    shown = [dump[m.start() - 200 : m.end() + 50] for m in re.finditer(CANARY.lower(), dump)]
    assert shown == []


@contextmanager
def rotating(product: Product) -> Iterator[subprocess.Popen[bytes]]:
    """`keiko rotate-keys` beside the running Keiko."""
    command = [sys.executable, "-m", "app", "rotate-keys"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=product.environment(), stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def writing(product: Product, texts: list[str]) -> Iterator[None]:
    """Somebody who says one thing after the other."""
    stop = threading.Event()

    def write() -> None:
        with product.client() as http:
            while not stop.is_set():
                text = f"written meanwhile {uuid4().hex}"
                said(http, text)
                texts.append(text)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join(60)


@pytest.mark.asvs("11.2.2", "13.3.4")
def test_keys_change_while_people_write_though_it_is_killed_in_the_middle(product: Product) -> None:
    written: list[str] = []
    pids = [product.pid(name) for name in SERVERS]
    file = KeyFile(key_file(product))
    [old] = file.read()
    with product.client() as http:
        first = said(http, "Said before the keys changed")
    with writing(product, written):
        with rotating(product) as process:
            while len(file.read()) == 1:
                assert process.poll() is None
                time.sleep(0.01)
            os.kill(process.pid, signal.SIGKILL)
        new = file.read()[0]
        done = product.run("rotate-keys")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is sealed with the key" in done.stdout and "rows were sealed" in done.stdout
    assert file.read() == [new] and new != old
    assert KeyFile(file.path.with_name("secret.key.retired")).read() == [old]
    assert [product.pid(name) for name in SERVERS] == pids
    with product.client() as http:
        thread = http.get(f"/api/v1/threads/{first['thread_id']}").raise_for_status().text
        assert "Said before the keys changed" in thread
        assert len(written) > 5
        for text in (written[0], written[len(written) // 2], written[-1]):
            answer = http.get("/api/v1/threads", params={"search": text.split()[-1]})
            assert len(answer.json()["data"]["items"]) == 1, text
        assert said(http, "And afterwards")["status"] == "completed"
        assert on_record(http, 2)[-2:] == ["begun", "retired"]


def on_record(http: httpx.Client, count: int) -> list[str]:
    """What is on record about keys, once there is so much."""
    deadline = time.monotonic() + 30
    while True:
        found = http.get("/api/v1/audit", params={"type": "settings.keys_changed"}).json()
        items = found["data"]["items"]
        if len(items) >= count:
            return [item["details"]["change"] for item in reversed(items)]
        assert time.monotonic() < deadline, items
        time.sleep(0.1)


@pytest.mark.asvs("16.5.3")
def test_without_its_key_file_it_does_not_start_and_says_what_to_do(product: Product) -> None:
    with product.client() as http:
        kept = said(http, "Kept behind a lost key")
    product.stop()
    held = key_file(product).read_bytes()
    key_file(product).unlink()
    refusals = {"C": "is gone, and this database is sealed with it", "de_DE.UTF-8": "ist weg, und"}
    for language, sentence in refusals.items():
        start = product.spawn("up", "--port", str(product.port), LANG=language)
        assert start.wait(90) == 1
        assert sentence in product.output, product.output
    assert not key_file(product).exists()
    key_file(product).write_bytes(held)
    product.start()
    with product.client() as http:
        thread = http.get(f"/api/v1/threads/{kept['thread_id']}").raise_for_status().text
    assert "Kept behind a lost key" in thread
