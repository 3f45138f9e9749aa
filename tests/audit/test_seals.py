"""The record is sealed, and whoever changes it as the database's superuser is found out."""

import asyncio
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from app.audit.retention import forget_places, remove_old
from app.audit.sealing import driver_of, seal_pending
from app.audit.seals import Head, Seal, leaf, make_mac, read_head, root
from app.audit.verifying import Damage
from app.core.clock import now
from app.core.resources import Resources
from tests.audit.acting import (
    KEYS,
    OTHER_KEYS,
    age,
    found,
    put_on_record,
    record_of,
    seal_all,
    tamper,
    verified,
)


async def test_what_is_on_record_is_sealed_once_and_verifies(resources: Resources) -> None:
    ids = await put_on_record(resources, 10)
    seals = await seal_all(resources)
    assert [seal.n for seal in seals] == [1, 2, 3]
    assert [id for seal in seals for id in seal.entries] == ids
    report = await verified(resources, seals[0].head, seals[-1].head)
    assert report.is_sound, report.findings
    assert (report.seals, report.entries, report.waiting) == (3, 10, 0)
    assert report.head == seals[-1].head
    await put_on_record(resources, 1)
    assert (await verified(resources)).waiting == 1


def test_the_tree_is_that_of_certificate_transparency() -> None:
    leaves = [leaf(str(n)) for n in range(7)]
    a, b = root(leaves[:4]), root(leaves[4:])
    assert root(leaves) == _node(a, b)
    assert b == _node(_node(leaves[4], leaves[5]), leaves[6])
    assert root(leaves[:1]) == leaves[0]


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def test_a_head_reads_as_it_was_written() -> None:
    head = Head(17, bytes(range(32)))
    assert read_head(f" {head}\n") == head


MANIPULATIONS: list[tuple[str, list[str], set[tuple[str, int | None]]]] = [
    (
        "an entry says something else",
        ["update audit_entries set details = '{}' where seq = 6"],
        {("entry_changed", 2)},
    ),
    (
        "an entry is somebody else's",
        ["update audit_entries set user_id = gen_random_uuid() where seq = 6"],
        {("entry_changed", 2)},
    ),
    (
        "an entry happened at another time",
        ["update audit_entries set occurred_at = occurred_at - interval '1 us' where seq = 1"],
        {("entry_changed", 1)},
    ),
    ("an entry is gone", ["delete from audit_entries where seq = 6"], {("entry_missing", 2)}),
    (
        "an entry is gone without a trace in its seal",
        ["delete from audit_entries where seq = 5",
         "update audit_seals set entries = entries[2:], leaves = substr(leaves, 33),"
         " count = 3 where n = 2"],
        {("seal_changed", 2), ("seal_forged", 2)},
    ),
    (
        "two entries changed places",
        ["update audit_seals set entries = array[entries[2], entries[1], entries[3], entries[4]]"
         " where n = 2"],
        {("entry_moved", 2)},
    ),
    (
        "two entries changed places, and their hashes",
        ["update audit_seals set entries = array[entries[2], entries[1], entries[3], entries[4]],"
         " leaves = substr(leaves, 33, 32) || substr(leaves, 1, 32) || substr(leaves, 65)"
         " where n = 2"],
        {("seal_changed", 2)},
    ),
    (
        "an entry was slipped in",
        ["insert into audit_entries (id, type, occurred_at, details)"
         " values (gen_random_uuid(), 'x.y', now(), '{}')"],
        {("entry_added", None)},
    ),
    (
        "an entry was slipped into a seal",
        ["insert into audit_entries (id, type, occurred_at, details)"
         " values ('11111111-1111-1111-1111-111111111111', 'x.y', now(), '{}')",
         "update audit_seals set entries = entries || '11111111-1111-1111-1111-111111111111'::uuid,"
         " leaves = leaves || sha256('x'), count = 5 where n = 2"],
        {("seal_changed", 2), ("seal_forged", 2), ("entry_changed", 2)},
    ),
    (
        "a seal is gone",
        ["delete from audit_seals where n = 2"],
        {("seal_missing", 2), ("entry_added", None)},
    ),
    (
        "the first seal is gone, with its entries",
        ["delete from audit_entries where seq <= 4", "delete from audit_seals where n = 1"],
        {("seal_missing", 1)},
    ),
    (
        "seals were numbered anew",
        ["update audit_seals set n = 9 where n = 2", "update audit_seals set n = 2 where n = 3",
         "update audit_seals set n = 3 where n = 9"],
        {("seal_forged", 2), ("seal_forged", 3), ("seal_changed", 1), ("seal_changed", 2)},
    ),
    (
        "a seal is from another time",
        ["update audit_seals set at = at - interval '1 day' where n = 3"],
        {("seal_forged", 3)},
    ),
    (
        "a seal has another MAC",
        ["update audit_seals set mac = sha256(mac) where n = 3"],
        {("seal_forged", 3)},
    ),
    (
        "somebody came from elsewhere",
        ["update audit_places set address = '192.0.2.8' where entry_id ="
         " (select id from audit_entries where seq = 7)"],
        {("place_changed", 2)},
    ),
    (
        "an entry is sealed once more",
        ["insert into audit_pending select id from audit_entries where seq = 2"],
        {("entry_twice", 4)},
    ),
    (
        "an entry is gone before it was sealed",
        ["insert into audit_pending values (gen_random_uuid())"],
        {("entry_missing_before_its_seal", None)},
    ),
]  # fmt: skip


@pytest.mark.asvs("16.4.2")
@pytest.mark.parametrize(
    ("statements", "damage"),
    [pytest.param(done, damage, id=what.replace(" ", "-")) for what, done, damage in MANIPULATIONS],
)
async def test_every_manipulation_is_found(
    resources: Resources, statements: list[str], damage: set[tuple[str, int | None]]
) -> None:
    await put_on_record(resources, 10)
    await seal_all(resources)
    await tamper(resources, *statements)
    await seal_all(resources)
    report = await verified(resources)
    assert found(report) == damage


@pytest.mark.asvs("16.4.2")
async def test_the_entry_that_was_changed_is_named(resources: Resources) -> None:
    ids = await put_on_record(resources, 10)
    await seal_all(resources)
    await tamper(resources, "update audit_entries set type = 'x' where seq = 8")
    (finding,) = (await verified(resources)).findings
    assert (finding.damage, finding.entry) == (Damage.CHANGED, ids[7])


@pytest.mark.asvs("16.4.2")
async def test_a_tail_that_was_cut_is_found_by_a_head_kept_elsewhere(resources: Resources) -> None:
    await put_on_record(resources, 10)
    head = (await seal_all(resources))[-1].head
    await tamper(
        resources,
        "delete from audit_entries where seq > 8",
        "delete from audit_seals where n = 3",
    )
    assert (await verified(resources)).is_sound
    assert found(await verified(resources, head)) == {("tail_cut", 3)}
    await put_on_record(resources, 1)
    await seal_all(resources)
    assert found(await verified(resources, head)) == {("head_differs", 3)}


@pytest.mark.asvs("16.4.2")
async def test_who_seals_anew_needs_the_key(resources: Resources) -> None:
    await put_on_record(resources, 4)
    await seal_all(resources)
    await tamper(
        resources,
        "update audit_entries set type = 'x' where seq = 2",
        "insert into audit_pending select id from audit_entries",
        "delete from audit_seals",
    )
    await seal_all(resources, keys=OTHER_KEYS)
    assert found(await verified(resources)) == {("key_not_here", 1)}
    forged = {next(iter(KEYS)): next(iter(OTHER_KEYS.values()))}
    await tamper(
        resources,
        "insert into audit_pending select id from audit_entries",
        "delete from audit_seals",
    )
    await seal_all(resources, keys=forged)
    assert found(await verified(resources)) == {("seal_forged", 1)}


async def test_seals_of_a_key_that_is_gone_are_proved_by_those_after_them(
    resources: Resources,
) -> None:
    await put_on_record(resources, 4)
    await seal_all(resources, keys=OTHER_KEYS)
    await put_on_record(resources, 4)
    await seal_all(resources)
    assert (await verified(resources)).is_sound
    await tamper(resources, "update audit_seals set at = at - interval '1 day' where n = 1")
    assert found(await verified(resources)) == {("seal_changed", 1)}


@pytest.mark.asvs("16.4.2")
async def test_what_is_removed_by_the_rules_leaves_its_proof(resources: Resources) -> None:
    await put_on_record(resources, 4)
    await seal_all(resources)
    await age(resources, 91)
    await put_on_record(resources, 4)
    await seal_all(resources)
    async with resources.db.engine.connect() as held:
        assert await remove_old(await driver_of(held), 90) == 4
        assert await remove_old(await driver_of(held), 90) == 0
    await seal_all(resources)
    report = await verified(resources)
    assert report.is_sound, report.findings
    assert (report.seals, report.removed, report.entries) == (3, 4, 5)
    assert [entry["type"] for entry in await record_of(resources)][-1] == "audit.removed"


async def test_where_nothing_is_sealed_yet_nothing_is_removed_nor_said_to_be(
    resources: Resources,
) -> None:
    await put_on_record(resources, 4)
    async with resources.db.engine.connect() as held:
        assert await remove_old(await driver_of(held), 90) == 0
    assert "audit.removed" not in [entry["type"] for entry in await record_of(resources)]


async def test_nothing_young_is_removed_whatever_is_asked(resources: Resources) -> None:
    await put_on_record(resources, 4)
    await seal_all(resources)
    await age(resources, 29)
    async with resources.db.engine.connect() as held:
        assert await remove_old(await driver_of(held), 30) == 0
        with pytest.raises(asyncpg.RaiseError, match="30 days at least"):
            await remove_old(await driver_of(held), 1)


@pytest.mark.asvs("16.4.2")
async def test_who_pretends_that_entries_were_past_their_time_is_found(
    resources: Resources,
) -> None:
    await put_on_record(resources, 4)
    await seal_all(resources)
    await tamper(
        resources,
        "delete from audit_entries",
        "insert into audit_entries (id, type, occurred_at, details)"
        """ values (gen_random_uuid(), 'audit.removed', now(), '{"until": 1}')""",
        "insert into audit_pending select id from audit_entries",
    )
    await seal_all(resources)
    assert found(await verified(resources)) == {("removed_too_early", 1)}


async def test_who_pretends_that_entries_will_be_past_their_time_is_found(
    resources: Resources,
) -> None:
    await put_on_record(resources, 4)
    await seal_all(resources)
    await tamper(
        resources,
        "delete from audit_entries",
        "insert into audit_entries (id, type, occurred_at, recorded_at, details)"
        """ values (gen_random_uuid(), 'audit.removed', now(), now() + interval '31 days',"""
        """ '{"until": 1}')""",
        "insert into audit_pending select id from audit_entries",
    )
    await seal_all(resources)
    assert {damage for damage, _ in found(await verified(resources))} == {"entry_missing"}


async def test_from_where_somebody_came_can_be_forgotten_and_the_proof_stays(
    resources: Resources,
) -> None:
    await put_on_record(resources, 4)
    await seal_all(resources)
    entries = await record_of(resources)
    async with resources.db.engine.connect() as held:
        assert await forget_places(await driver_of(held), entries[0]["user_id"]) == 1
    assert (await verified(resources)).is_sound
    assert (await record_of(resources))[-1]["type"] == "audit.places_forgotten"


async def test_late_committers_are_sealed(resources: Resources) -> None:
    async with resources.db.engine.connect() as late:
        driver = await driver_of(late)
        transaction = driver.transaction()
        await transaction.start()
        await driver.execute(
            "insert into audit_entries (id, type, occurred_at, details)"
            " values (gen_random_uuid(), 'late.one', now(), '{}')"
        )
        await put_on_record(resources, 3)
        assert [seal.count for seal in await seal_all(resources)] == [3]
        await transaction.commit()
    assert [seal.count for seal in await seal_all(resources)] == [1]
    assert (await verified(resources)).is_sound


async def test_sealers_at_once_seal_everything_once(resources: Resources) -> None:
    await put_on_record(resources, 60)

    async def one() -> int:
        async with resources.db.engine.connect() as held:
            connection = await driver_of(held)
            sealed = 0
            while await connection.fetchval("select exists (select from audit_pending)"):
                seal = await seal_pending(connection, KEYS, most=3)
                sealed += seal.count if seal else 0
            return sealed

    assert sum(await asyncio.gather(*(one() for _ in range(4)))) == 60
    report = await verified(resources)
    assert report.is_sound, report.findings
    assert (report.seals, report.entries) == (20, 60)


def test_a_mac_covers_every_field_of_a_seal() -> None:
    seal = Seal(n=1, at=now(), count=1, entries=[], leaves=b"", root=b"r" * 32,
                previous=b"p" * 32, key_id="k", mac=b"")  # fmt: skip
    other: dict[str, Callable[[], Any]] = {
        "n": lambda: 2, "at": lambda: seal.at + timedelta(microseconds=1), "count": lambda: 2,
        "root": lambda: b"x" * 32, "previous": lambda: b"x" * 32, "key_id": lambda: "l",
    }  # fmt: skip
    assert {f.name for f in fields(seal)} - set(other) == {"entries", "leaves", "mac"}
    macs = {make_mac(b"key", replace(seal, **{name: value()})) for name, value in other.items()}
    assert len(macs | {make_mac(b"key", seal)}) == len(other) + 1
