"""Whoever dies, and whatever Redis loses: the record holds everything once, and it verifies."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from app.audit.heads import read_file
from app.audit.sealing import driver_of, seal_keys
from app.audit.verifying import Report, verify_record
from app.core.resources import Resources
from app.core.settings import python
from app.events.access import UserCreated
from tests.consumers.acting import happen
from tests.product import ROOT


@asynccontextmanager
async def consumer(resources: Resources) -> AsyncIterator[asyncio.subprocess.Process]:
    """A consumer process that nobody starts again; dead at the end of the block, at the latest."""
    settings = resources.settings
    clean = {k: v for k, v in os.environ.items() if not k.startswith("KEIKO_")}
    process = await asyncio.create_subprocess_exec(
        python(), "-m", "app", "consumer", cwd=ROOT,
        env=clean | {
            "KEIKO_DATABASE_URL": settings.database_url or "",
            "KEIKO_REDIS_URL": settings.redis_url or "",
            "KEIKO_DATA": str(settings.data),
        },
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def count(resources: Resources, sql: str) -> int:
    async with resources.db.engine.connect() as held:
        driver = await driver_of(held)
        return int(await driver.fetchval(sql))


async def verified(resources: Resources) -> Report:
    async with resources.db.engine.connect() as held:
        driver = await driver_of(held)
        kept = read_file(resources.settings.data)
        heads = (kept,) if kept else ()
        return await verify_record(driver, seal_keys(resources.sealer), heads=heads)


async def make(resources: Resources, number: int) -> set[str]:
    """Have things happen, in transactions of their own."""
    made = set()
    for _ in range(number):
        batch = [UserCreated(user_id=uuid4(), username="x", role="user") for _ in range(20)]
        made |= {str(id) for id in await happen(resources, *batch)}
    return made


async def until_sealed(resources: Resources, least: int) -> None:
    """Wait until so many entries have their seal, whatever else waits."""
    async with asyncio.timeout(100):
        while await count(resources, "select coalesce(sum(count), 0) from audit_seals") < least:
            await asyncio.sleep(0.1)


@pytest.mark.timeout(240)
@pytest.mark.asvs("16.4.2")
async def test_nothing_is_lost_or_doubled_when_consumers_and_redis_die(
    resources: Resources,
) -> None:
    made = await make(resources, 10)
    async with consumer(resources) as first, consumer(resources) as second:
        await until_sealed(resources, 40)
        made |= await make(resources, 30)
        first.kill()
        await resources.redis.flushall()
        made |= await make(resources, 10)
        second.kill()
    async with consumer(resources), consumer(resources):
        await until_sealed(resources, len(made))
    kept = await count(
        resources,
        "select count(*) from events e join audit_entries a using (id)"
        " where e.type = 'user.created'",
    )
    assert kept == len(made)
    report = await verified(resources)
    assert report.is_sound, report.findings
