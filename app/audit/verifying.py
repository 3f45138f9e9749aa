"""Finds whatever was done to the record behind Keiko's back, seal by seal, in constant memory."""

import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.audit.seals import (
    CANONICAL,
    NOTHING_BEFORE,
    Head,
    Seal,
    leaf,
    make_mac,
    place_hash,
    root,
    split,
)

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[Any]

SHORTEST_RETENTION = timedelta(days=30)
"""Nothing younger than this may have been removed by the rules."""

MOST_NAMED = 1000
"""Findings that are named one by one; the rest is counted."""

_LONG_SECONDS = 3600.0
_SEALS_AT_ONCE = 8


class Damage(StrEnum):
    """What can be wrong with the record."""

    CHANGED = "entry_changed"
    MISSING = "entry_missing"
    MOVED = "entry_moved"
    PLACE = "place_changed"
    ADDED = "entry_added"
    TWICE = "entry_twice"
    UNSEALED = "entry_missing_before_its_seal"
    SEAL_MISSING = "seal_missing"
    SEAL_CHANGED = "seal_changed"
    SEAL_FORGED = "seal_forged"
    KEY_AWAY = "key_not_here"
    EARLY = "removed_too_early"
    CUT = "tail_cut"
    HEAD = "head_differs"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and where."""

    damage: Damage
    seal: int | None = None
    entry: UUID | None = None


@dataclass
class Report:
    """What was looked at, and what was found."""

    seals: int = 0
    entries: int = 0
    removed: int = 0
    """Entries whose time was over; their hashes are still in their seals."""
    waiting: int = 0
    """Entries that no seal covers yet."""
    head: Head | None = None
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    """Findings beyond those that are named."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def find(self, damage: Damage, seal: int | None = None, entry: UUID | None = None) -> None:
        """Add a finding."""
        if len(self.findings) < MOST_NAMED:
            self.findings.append(Finding(damage, seal, entry))
        else:
            self.more += 1


_SEALS = "select * from audit_seals where n > $1 order by n limit $2"
_SEAL = "select * from audit_seals where n = $1"
_ENTRIES = """
select e.id, $canonical as canonical, e.place, p.salt,
       json_build_array(p.address, p.agent)::text as place_text
from audit_seals s cross join unnest(s.entries) with ordinality as u(id, pos)
left join audit_entries e on e.id = u.id left join audit_places p on p.entry_id = e.id
where s.n = $1 order by u.pos
""".replace("$canonical", CANONICAL)
_REMOVALS = """
select (details ->> 'until')::bigint as until, recorded_at
from audit_entries where type = 'audit.removed' and recorded_at <= now() order by 1
"""
"""One that says that it will happen has not."""
_ADDED = """
select e.id from audit_entries e
left join (select unnest(entries) as id from audit_seals) s on s.id = e.id
left join audit_pending p on p.entry_id = e.id
where s.id is null and p.entry_id is null limit $1
"""
_TWICE = """
select id, max(n) as n from (select unnest(entries) as id, n from audit_seals) s
group by id having count(*) > 1 limit $1
"""
_UNSEALED = """
select p.entry_id from audit_pending p
where not exists (select from audit_entries e where e.id = p.entry_id) limit $1
"""


class Verifier:
    """Goes through the seals in order; `keys` are those of the seals, by id."""

    def __init__(
        self, connection: "Connection", keys: Mapping[str, bytes], *, heads: tuple[Head, ...] = ()
    ) -> None:
        self.report = Report()
        self._connection = connection
        self._keys = keys
        self._heads = set(heads)
        self._last: Seal | None = None
        self._unproven: list[int] = []
        self._removals: list[tuple[int, datetime]] = []

    @property
    def until(self) -> int:
        """The number of the last seal that was looked at."""
        return self._last.n if self._last else 0

    async def verify(self, *, after: int = 0, most: int | None = None) -> bool:
        """Look at the seals that follow number `after`; says whether the end was reached.

        What is beside the seals (added, twice, missing before its seal) is looked for at the end.
        """
        await self._begin(after)
        async for seal in self._seals(after):
            if most is not None and self.report.seals == most:
                return False
            await self._look(seal)
        await self._finish()
        return True

    async def _begin(self, after: int) -> None:
        self._removals = [
            (row["until"], row["recorded_at"]) for row in await self._connection.fetch(_REMOVALS)
        ]
        if after and (row := await self._connection.fetchrow(_SEAL, after)):
            self._last = Seal(**row)

    async def _seals(self, after: int) -> AsyncIterator[Seal]:
        while rows := await self._connection.fetch(_SEALS, after, _SEALS_AT_ONCE):
            for row in rows:
                yield Seal(**row)
            after = rows[-1]["n"]

    async def _look(self, seal: Seal) -> None:
        leaves = split(seal.leaves)
        self._check_chain(seal)
        self._check_mac(seal, leaves)
        known = {head for head in self._heads if head.n == seal.n}
        self._heads -= known
        if known - {seal.head}:
            self.report.find(Damage.HEAD, seal.n)
        await self._check_entries(seal, leaves)
        self.report.seals += 1
        self._last = seal

    def _check_chain(self, seal: Seal) -> None:
        expected = self._last.n + 1 if self._last else 1
        for missing in range(expected, min(seal.n, expected + MOST_NAMED)):
            self.report.find(Damage.SEAL_MISSING, missing)
        before = self._last.hash if self._last else NOTHING_BEFORE
        if seal.n == expected and not hmac.compare_digest(seal.previous, before):
            self.report.find(Damage.SEAL_CHANGED, seal.n - 1 or seal.n)

    def _check_mac(self, seal: Seal, leaves: list[bytes]) -> None:
        if root(leaves) != seal.root or not len(leaves) == len(seal.entries) == seal.count:
            self.report.find(Damage.SEAL_CHANGED, seal.n)
        key = self._keys.get(seal.key_id)
        if key is None:
            self._unproven.append(seal.n)
        elif hmac.compare_digest(make_mac(key, seal), seal.mac):
            self._unproven.clear()  # this one holds the hash of all that came before
        else:
            self.report.find(Damage.SEAL_FORGED, seal.n)

    async def _check_entries(self, seal: Seal, leaves: list[bytes]) -> None:
        rows = await self._connection.fetch(_ENTRIES, seal.n, timeout=_LONG_SECONDS)
        if all(row["id"] is None for row in rows) and self._is_removed(seal):
            self.report.removed += len(rows)
            return
        known = frozenset(leaves)
        for id, expected, row in zip(seal.entries, leaves, rows, strict=False):
            if row["id"] is None:
                self.report.find(Damage.MISSING, seal.n, id)
                continue
            found = leaf(row["canonical"])
            if found != expected:
                damage = Damage.MOVED if found in known else Damage.CHANGED
                self.report.find(damage, seal.n, id)
            if row["salt"] is not None and not _is_place(row):
                self.report.find(Damage.PLACE, seal.n, id)
        self.report.entries += len(rows)

    def _is_removed(self, seal: Seal) -> bool:
        """Whether a removal that is on record took this seal's entries, and not too early."""
        at = next((at for until, at in self._removals if seal.n <= until), None)
        if at is None:
            return False
        if seal.at > at - SHORTEST_RETENTION:
            self.report.find(Damage.EARLY, seal.n)
        return True

    async def _finish(self) -> None:
        report = self.report
        report.head = self._last.head if self._last else None
        for n in sorted({head.n for head in self._heads}):
            report.find(Damage.CUT, n)
        for n in self._unproven[-1:]:
            report.find(Damage.KEY_AWAY, n)
        for row in await self._ask(_ADDED):
            report.find(Damage.ADDED, None, row["id"])
        for row in await self._ask(_TWICE):
            report.find(Damage.TWICE, row["n"], row["id"])
        for row in await self._ask(_UNSEALED):
            report.find(Damage.UNSEALED, None, row["entry_id"])
        report.waiting = await self._connection.fetchval("select count(*) from audit_pending")

    async def _ask(self, statement: str) -> list[Any]:
        return await self._connection.fetch(statement, MOST_NAMED, timeout=_LONG_SECONDS)


def _is_place(row: Any) -> bool:
    return row["place"] is not None and row["place"] == place_hash(row["salt"], row["place_text"])


async def verify_record(
    connection: "Connection", keys: Mapping[str, bytes], *, heads: tuple[Head, ...] = ()
) -> Report:
    """Look at the whole record as it is at this moment, while it goes on growing."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        verifier = Verifier(connection, keys, heads=heads)
        await verifier.verify()
    return verifier.report
