"""The consumer process seals what is on record, and tells the head outside the database."""

import asyncio

import pytest
import structlog

from app.audit.heads import Teller, read_file
from app.audit.sealing import proving_keys, seal_keys
from app.audit.seals import PURPOSE
from app.consumers.sealer import seal_record, seal_waiting
from app.core.resources import Resources
from app.core.rotation import begin, retire, seal_anew
from app.turns.indexed import INDEXED
from tests.audit.acting import found, put_on_record, tamper, verified


async def test_what_is_on_record_is_sealed_by_itself_and_its_head_told(
    resources: Resources,
) -> None:
    work = [asyncio.create_task(seal_record(resources)) for _ in range(2)]
    await put_on_record(resources, 20)
    async with asyncio.timeout(15):
        while (await _verified(resources)).waiting:
            await asyncio.sleep(0.05)
        while read_file(resources.settings.data) is None:
            await asyncio.sleep(0.05)
    for each in work:
        each.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    report = await _verified(resources)
    assert (report.entries, report.is_sound) == (20, True)
    assert read_file(resources.settings.data) == report.head


@pytest.mark.asvs("16.4.3")
async def test_a_head_that_was_told_is_not_replaced_by_one_of_another_record(
    resources: Resources,
) -> None:
    await put_on_record(resources, 4)
    teller = Teller(resources.settings.data)
    await seal_waiting(resources, teller)
    told = read_file(resources.settings.data)
    await tamper(resources, "delete from audit_entries", "delete from audit_seals")
    await put_on_record(resources, 4)
    with structlog.testing.capture_logs() as logs:
        await seal_waiting(resources, teller)
    assert told is not None
    assert read_file(resources.settings.data) == told
    assert [each["event"] for each in logs] == ["audit_head_differs"]
    assert found(await verified(resources, told, keys=_keys(resources))) == {("head_differs", 1)}


@pytest.mark.asvs("11.2.2")
async def test_the_record_is_proved_after_a_change_of_keys(resources: Resources) -> None:
    await put_on_record(resources, 6)
    await seal_waiting(resources, Teller(resources.settings.data))
    await begin(resources)
    async for _ in seal_anew(resources, INDEXED):
        pass
    assert len(await retire(resources, (PURPOSE,))) == 1
    await put_on_record(resources, 3)
    await seal_waiting(resources, Teller(resources.settings.data))
    keys = await proving_keys(resources.db, resources.sealer)
    assert (len(keys), len(_keys(resources))) == (2, 1)
    report = await verified(resources, keys=keys)
    assert (report.entries, report.is_sound) == (9, True)


def _keys(resources: Resources) -> dict[str, bytes]:
    return seal_keys(resources.sealer)


async def _verified(resources: Resources):  # type: ignore[no-untyped-def]
    return await verified(resources, keys=_keys(resources))
