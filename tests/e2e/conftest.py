"""A running Keiko with a scripted model, and people who sit in front of it."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.reader import Reader, Tab
from tests.fakes.model import model_process
from tests.product import ROOT, Product

Readers = Callable[..., Awaitable[Reader]]

expect.set_options(timeout=15_000)


@pytest.fixture(scope="package")
def keiko() -> Iterator[Product]:
    """Keiko with two names for the scripted model, and tools that leave traces.

    The modules share it, each with people of its own. One that wants other settings, or does
    what concerns everybody, has a `keiko` of its own.
    """
    tools = {
        "name": "traces",
        "command": sys.executable,
        "args": ["-m", "tests.fakes.tool_server"],
        "env": {"PYTHONPATH": str(ROOT)},
    }
    with model_process(first_token_ms=20, tokens=10) as url:
        models = [
            {"name": name, "url": url, "key": "any", "model": name.lower()}
            for name in ("Large", "Small")
        ]
        product = Product(
            KEIKO_MODELS=json.dumps(models),
            KEIKO_TOOL_SERVERS=json.dumps([tools]),
            KEIKO_TOOL_RULES=json.dumps([{"pattern": "traces/append_line", "decision": "allow"}]),
            KEIKO_MCP_COMMANDS=json.dumps(
                [
                    "uvx mcp-server-git",
                    f"{sys.executable} -m tests.fakes.tool_server",
                    f"{sys.executable} -m tests.fakes.offering_server",
                    f"{sys.executable} -m tests.fakes.flip_server",
                ]
            ),
            KEIKO_MODEL_TIMEOUT_SECONDS="3",
        )
        try:
            yield product.start()
        finally:
            product.remove()


@pytest.fixture(scope="module")
def person(keiko: Product, request: pytest.FixtureRequest) -> Iterator[str]:
    """Who sits in front of Keiko: an administrator of the module's own, who leaves no work."""
    name = request.module.__name__.rpartition(".test_")[2]
    yield keiko.invite(name, "admin")
    keiko.wait_ready()
    with keiko.client(name) as client:
        for task in client.get("/api/v1/tasks?limit=1000").json()["data"]["items"]:
            if task["completed_at"] is None:
                client.post(f"/api/v1/tasks/{task['id']}/stop")


@pytest.fixture(scope="module")
def other(keiko: Product, person: str) -> str:
    """The name of somebody else who may sign in."""
    return keiko.invite(f"not-{person}")


@pytest.fixture
async def readers(keiko: Product, chromium: Browser, person: str) -> AsyncIterator[Readers]:
    """Makes browser profiles of the module's person: `await readers(locale="de-DE")`."""
    keiko.wait_ready()
    arrived: list[Reader] = []

    async def arrive(**options: object) -> Reader:
        reader = await Reader.arrive(keiko, chromium, **options)
        arrived.append(reader)
        await reader.sign_in(person)
        return reader

    yield arrive
    for reader in arrived:
        await reader.leave()


@pytest.fixture
async def reader(readers: Readers) -> Reader:
    """The person at a desktop, in English."""
    return await readers()


@pytest.fixture
async def tab(reader: Reader) -> Tab:
    """A new chat of the person."""
    return await reader.open()
