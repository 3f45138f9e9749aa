"""Rows of one table that are not sealed with the present key: found, opened, sealed anew."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import to_json
from app.core.errors import Unavailable
from app.core.sealed import MARK, Place, Sealer, head_as_text
from app.core.sealed_columns import Form, SealedColumn
from app.core.sealed_types import row_id, sealer_of

Row = Mapping[str, Any]
Index = Callable[[AsyncSession, Sequence[Row]], Awaitable[Sequence[str]]]
"""Makes the search vectors of rows, whose sealed columns are open."""

_SHORTEST = 37
"""Bytes of a sealed value that says nothing."""

_QUIET = text("set local keiko.sealing = 'on'")
"""Nothing happened to a task that was sealed anew: it has no event."""

_LAST_PAGE = text(
    "select pg_relation_size(cast(cast(:table as text) as regclass))"
    " / current_setting('block_size')::int"
)


@dataclass(frozen=True)
class Indexed:
    """How a table's words are found: the columns that a vector is made of, and what makes it."""

    columns: tuple[str, ...]
    index: Index


@dataclass
class Batch:
    """What became of some rows; those that are `stuck` cannot be opened."""

    sealed: int = 0
    stuck: int = 0


@dataclass(frozen=True)
class SealedTable:
    """A table with its sealed columns."""

    name: str
    columns: tuple[SealedColumn, ...]
    indexed: Indexed | None

    async def last_page(self, session: AsyncSession) -> int:
        """How many pages it has on disk."""
        return await session.scalar(_LAST_PAGE, {"table": self.name}) or 0

    async def count(self, session: AsyncSession) -> int:
        """How many rows are not sealed with the present key."""
        wanted = self._wanted(sealer_of(session).head())
        counted = text(f'select count(*) from "{self.name}" where {wanted}')  # noqa: S608 - own names
        return await session.scalar(counted) or 0

    async def seal(self, session: AsyncSession, page: int, pages: int) -> Batch:
        """Seal the rows on some pages; those that somebody else holds are left as they are."""
        await session.execute(_QUIET)
        sealer, batch = sealer_of(session), Batch()
        between = {"from": f"({page},0)", "to": f"({page + pages},0)"}
        found = await session.execute(text(self._query(sealer.head())), between)
        values: list[dict[str, Any]] = []
        opened: list[dict[str, Any]] = []
        for row in map(dict, found.mappings()):
            try:
                plain = {one.column: _opened(row, one, sealer) for one in self.columns}
            except Unavailable:
                batch.stuck += 1
                continue
            opened.append(row | plain)
            values.append({one.column: _sealed(row, one, plain, sealer) for one in self.columns})
            values[-1]["at"] = row["at"]
        if self.indexed and opened:
            for value, vector in zip(
                values, await self.indexed.index(session, opened), strict=True
            ):
                value["search"] = vector
        if values:
            await session.execute(text(self._update()), values)
        batch.sealed = len(values)
        return batch

    def _wanted(self, head: bytes) -> str:
        return " or ".join(f"({_needs(column, head)})" for column in self.columns)

    def _query(self, head: bytes) -> str:
        more = self.indexed.columns if self.indexed else ()
        names = {*more, *(n for one in self.columns for n in (one.column, one.row))}
        listed = ", ".join(f'"{name}"' for name in sorted(names))
        return (
            f'select cast(ctid as text) as at, {listed} from "{self.name}"'  # noqa: S608 - own names
            " where ctid >= cast(cast(:from as text) as tid)"
            " and ctid < cast(cast(:to as text) as tid)"
            f" and ({self._wanted(head)}) for update skip locked"
        )

    def _update(self) -> str:
        kinds = {one.column: _KINDS[one.form] for one in self.columns}
        if self.indexed:
            kinds["search"] = ("text", "tsvector")
        sets = ", ".join(
            f'"{name}" = cast(cast(:{name} as {given}) as {kind})'
            for name, (given, kind) in kinds.items()
        )
        return (
            f'update "{self.name}" set {sets}'  # noqa: S608 - own names
            " where ctid = cast(cast(:at as text) as tid)"
        )


_KINDS = {
    Form.TEXT: ("text", "text"),
    Form.JSON: ("text", "jsonb"),
    Form.BYTES: ("bytea", "bytea"),
}


def _needs(column: SealedColumn, head: bytes) -> str:
    """SQL: whether a value is not sealed with the present key."""
    name, begin = f'"{column.column}"', head_as_text(head)
    sealed = f"chr({ord(MARK)}) || '{begin.removeprefix(MARK)}'"
    match column.form:
        case Form.TEXT:
            return f"{name} <> '' and left({name}, {len(begin)}) <> {sealed}"
        case Form.JSON:
            return (
                f"{name} not in ('null', '{{}}', '[]')"
                f" and left({name} #>> '{{}}', {len(begin)}) <> {sealed}"
            )
        case Form.BYTES:
            return (
                f"octet_length({name}) >= {_SHORTEST} and get_byte({name}, 0) = {head[0]}"
                f" and substring({name} from 1 for {len(head)}) <> '\\x{head.hex()}'"
            )


def _opened(row: Row, column: SealedColumn, sealer: Sealer) -> Any:
    """A value as it was written."""
    value = row[column.column]
    place = Place(column.table, column.column, row_id(row[column.row]))
    if isinstance(value, str) and value.startswith(MARK):
        return sealer.unseal_text(value, place)
    if column.form is Form.BYTES and _is_sealed(value, sealer):
        return sealer.unseal_bytes(value, place)
    return value


def _sealed(row: Row, column: SealedColumn, plain: Row, sealer: Sealer) -> Any:
    """The same as it is to stand there. Bytes that nobody sealed stay as they are."""
    value, place = (
        plain[column.column],
        Place(column.table, column.column, row_id(row[column.row])),
    )
    match column.form:
        case Form.TEXT:
            return _or_empty(value, place, sealer)
        case Form.JSON:
            return None if value is None else to_json(_or_empty(value, place, sealer))
        case Form.BYTES:
            was = _is_sealed(row[column.column], sealer)
            return sealer.seal_bytes(value, place) if was else value


def _or_empty(value: Any, place: Place, sealer: Sealer) -> Any:
    return sealer.seal_text(value, place) if value else value


def _is_sealed(value: bytes | None, sealer: Sealer) -> bool:
    return value is not None and len(value) >= _SHORTEST and value[:1] == sealer.head()[:1]
