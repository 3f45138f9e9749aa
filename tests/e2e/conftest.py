"""A running Keiko with a scripted model, and people who sit in front of it."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.reader import Reader, Tab
from tests.fakes.model import model_process
from tests.product import PASSWORD, ROOT, Product

Readers = Callable[..., Awaitable[Reader]]

OTHER = "grace"
"""Somebody else with an account; her password is the owner's."""

expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def keiko() -> Iterator[Product]:
    """Keiko with two names for the scripted model, and tools that leave traces."""
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
            KEIKO_MODEL_TIMEOUT_SECONDS="3",
        )
        try:
            yield product.start()
        finally:
            product.remove()


@pytest.fixture(scope="module")
def other(keiko: Product) -> str:
    """The name of somebody else who may sign in."""
    done = keiko.run("users", "add", OTHER, "--password", PASSWORD)
    assert done.returncode == 0, done.stderr
    return OTHER


@pytest.fixture
async def readers(keiko: Product, chromium: Browser) -> AsyncIterator[Readers]:
    """Makes browser profiles of the owner: `await readers(locale="de-DE")`."""
    keiko.wait_ready()
    arrived: list[Reader] = []

    async def arrive(**options: object) -> Reader:
        reader = await Reader.arrive(keiko, chromium, **options)
        arrived.append(reader)
        await reader.sign_in()
        return reader

    yield arrive
    for reader in arrived:
        await reader.leave()


@pytest.fixture
async def reader(readers: Readers) -> Reader:
    """The owner at a desktop, in English."""
    return await readers()


@pytest.fixture
async def tab(reader: Reader) -> Tab:
    """A new chat of the owner."""
    return await reader.open()
