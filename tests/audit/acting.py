"""What tests of the record do: have things happen, seal, verify, and tamper as the superuser."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from app.audit.sealing import driver_of, last_seal, seal_pending
from app.audit.seals import PURPOSE, Head, Seal, make_mac
from app.audit.verifying import Report, verify_record
from app.consumers import CONSUMERS
from app.core.actor import Actor, acting
from app.core.resources import Resources
from app.core.sealed import Sealer, derived_keys
from tests.consumers.acting import consume, created, happen, relay

KEYS = derived_keys(Sealer([bytes(range(32))]), PURPOSE)
OTHER_KEYS = derived_keys(Sealer([bytes(32)]), PURPOSE)


async def put_on_record(resources: Resources, count: int) -> list[UUID]:
    """Have things happen to three people, and put them on record."""
    with acting(Actor(address="192.0.2.7", agent="A browser")):
        events = [created(f"user {n}") for n in range(count)]
    await happen(resources, *events)
    await keep(resources)
    return [event.event_id for event in events]


async def keep(resources: Resources) -> None:
    """Put on record what has happened."""
    while await relay(resources):
        pass
    await consume(resources, "audit", CONSUMERS["audit"].handle)


async def seal_all(resources: Resources, *, most: int = 4, keys: Any = KEYS) -> list[Seal]:
    """Seal whatever waits."""
    seals = []
    async with resources.db.engine.connect() as held:
        while seal := await seal_pending(await driver_of(held), keys, most=most):
            seals.append(seal)
    return seals


async def verified(resources: Resources, *heads: Head, keys: Any = KEYS) -> Report:
    """What verifying finds."""
    async with resources.db.engine.connect() as held:
        return await verify_record(await driver_of(held), keys, heads=heads)


async def tamper(resources: Resources, *statements: str) -> None:
    """Do what only the superuser can: with every trigger switched off."""
    url = resources.db.engine.url
    connection = await asyncpg.connect(
        host=str(url.query["host"]), user="keiko", database=url.database
    )
    try:
        await connection.execute("set session_replication_role = replica")
        for statement in statements:
            done = await connection.execute(statement)
            assert not done.endswith(" 0"), f"{statement} did nothing"
    finally:
        await connection.close()


def found(report: Report) -> set[tuple[str, int | None]]:
    return {(each.damage.value, each.seal) for each in report.findings}


async def age(resources: Resources, days: int) -> None:
    """Have the newest seal be so old, as if it had been made then."""
    async with resources.db.engine.connect() as held:
        seal = await last_seal(await driver_of(held))
    assert seal
    old = replace(seal, at=seal.at - timedelta(days=days))
    mac = make_mac(KEYS[seal.key_id], old)
    await tamper(
        resources,
        f"update audit_seals set at = '{old.at.isoformat()}', mac = '\\x{mac.hex()}'"  # noqa: S608
        f" where n = {seal.n}",
    )


async def record_of(resources: Resources) -> Sequence[Any]:
    """All entries, oldest first."""
    async with resources.db.engine.connect() as held:
        driver = await driver_of(held)
        return await driver.fetch("select * from audit_entries order by seq")
