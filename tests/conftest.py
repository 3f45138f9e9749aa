"""Fixtures: a real Postgres and Valkey per test worker, a fresh clone of the database per test."""

import asyncio
import gc
import os
import shutil
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import structlog
from redis.asyncio import Redis

from app.core import migrations
from app.core.embedded import Embedded
from app.core.resources import Resources, open_resources
from app.core.rights import APPLICATION, as_application, give_rights
from app.core.settings import Settings
from tests import canaries
from tests.browser import browser, chromium
from tests.factories import MakeUser, user_maker
from tests.folders import server_folder
from tests.generous import GENEROUS
from tests.product import product

__all__ = ["browser", "chromium", "product"]

_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "128MB",
}
_TEMPLATE = "keiko"
_TESTS = Path(__file__).parent
_WHOLE_KEIKOS = ("chaos", "e2e", "boot")
_LOCAL = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "")  # noqa: S104 - only compared


def pytest_configure(config: pytest.Config) -> None:
    """No settings of the person who runs the tests, and no way out to the network."""
    for name in [n for n in os.environ if n.startswith("KEIKO_") and n != "KEIKO_BROWSER"]:
        del os.environ[name]
    sys.addaudithook(_refuse_network)
    structlog.configure(
        processors=[
            *structlog.get_config()["processors"][:-1],
            # The usual one draws every local variable of a stack, which can take minutes.
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    )
    canaries.watch()
    config.pluginmanager.register(canaries)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported while tests are collected stays: no search for garbage looks at it.

    That is a third of the time that the collection takes, and some of every test's.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no test worker ends alone with them."""
    last = len(_WHOLE_KEIKOS)
    order = {name: place for place, name in enumerate(_WHOLE_KEIKOS)}
    items.sort(key=lambda item: order.get(item.path.relative_to(_TESTS).parts[0], last))


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and address[0] not in _LOCAL:
        raise RuntimeError(f"A test reached for the network: {address}")


@pytest.fixture(scope="session")
def servers() -> Iterator[Embedded]:
    """Postgres and Valkey of this test worker, with a migrated template database."""
    folder = server_folder("keiko-test-")
    try:
        with Embedded(folder / "data", postgres_options=_FAST) as embedded:
            assert embedded.database_url
            migrations.migrate(embedded.database_url)
            asyncio.run(give_rights(embedded.database_url, as_application(embedded.database_url)))
            yield embedded
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def open_database(servers: Embedded) -> AsyncIterator[str]:
    """The address of an empty, migrated database, until the end of the block.

    One comes there as a process of Keiko does: not as the owner of the tables.
    """
    name, sockets = f"test_{uuid4().hex}", str(servers.data / "sockets")
    admin = await asyncpg.connect(host=sockets, user="keiko", database="postgres")
    try:
        await admin.execute(f'create database "{name}" template "{_TEMPLATE}"')
        yield f"postgresql+asyncpg://{APPLICATION}@/{name}?host={sockets}"
        await admin.execute(f'drop database "{name}" with (force)')
    finally:
        await admin.close()


@pytest.fixture
async def database_url(servers: Embedded) -> AsyncIterator[str]:
    """The address of an empty, migrated database that is this test's alone."""
    async with open_database(servers) as url:
        yield url


@pytest.fixture
def owner_url(database_url: str) -> str:
    """The same database, as the owner of its tables."""
    return database_url.replace(f"//{APPLICATION}@", "//keiko@")


@pytest.fixture
async def redis_url(servers: Embedded) -> str:
    """The address of a Valkey that holds nothing."""
    assert servers.redis_url
    redis = Redis.from_url(servers.redis_url)
    await redis.flushall()
    await redis.aclose()
    return servers.redis_url


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """Settings of a process in a test: its own servers, no model, no search for one."""
    return Settings(
        _env_file=None,
        database_url=database_url,
        redis_url=redis_url,
        data=tmp_path,
        model_discovery=False,
        rate_limits=GENEROUS,
    )


@pytest.fixture
async def resources(settings: Settings) -> AsyncIterator[Resources]:
    """What a process opens, on this test's own database and Valkey."""
    async with open_resources(settings, pool_size=5) as opened:
        yield opened


@pytest.fixture
def make_user(resources: Resources) -> MakeUser:
    """Makes accounts: `await make_user("ada")`."""
    return user_maker(resources)
