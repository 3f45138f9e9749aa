"""Column types whose values are readable in Python and sealed in the database.

A value is bound to its row, which a column type does not know by itself. So what goes in says where
it belongs: models and `insert_rows` do so by themselves, other statements by `place`. What comes
out of a query for whole models is open already; single columns are opened with `read`. Text without
a place is refused: nothing is written in the clear because somebody forgot.

Nothing, the empty text and the empty object stay as they are: they say nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Dialect, Table, Text, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Mapper, QueryContext
from sqlalchemy.types import TypeDecorator

from app.core.clock import new_id
from app.core.sealed import MARK, Place, Sealer


def use_sealer(engine: AsyncEngine, sealer: Sealer) -> None:
    """Have all that goes through `engine` be sealed by this one."""
    engine.dialect.keiko_sealer = sealer  # type: ignore[attr-defined]


def sealer_of(database: AsyncSession | AsyncEngine) -> Sealer:
    """Who seals what is written through an engine, or in a session."""
    held = database if isinstance(database, AsyncEngine) else database.get_bind()
    return _sealer(held.dialect)


def _sealer(dialect: Dialect) -> Sealer:
    sealer: Sealer | None = getattr(dialect, "keiko_sealer", None)
    if sealer is None:
        raise RuntimeError("This engine has no keys: use_sealer(engine, open_sealer(settings)).")
    return sealer


@dataclass(frozen=True)
class Sealed:
    """A value as it came from the database; `read` opens it."""

    value: str
    table: str
    column: str
    sealer: Sealer

    def open(self, row: UUID) -> Any:
        """What was sealed in this row."""
        return self.sealer.unseal_text(self.value, Place(self.table, self.column, row))


class Placed(str):
    """A text with its row."""

    row: UUID


class PlacedJSON(dict[str, Any]):
    """An object with its row."""

    row: UUID


class _SealedType(TypeDecorator[Any]):
    """What sealed columns share; `row` names the column whose id a value is bound to."""

    impl: Any = Text
    cache_ok = True

    def __init__(self, table: str, column: str, row: str = "id") -> None:
        super().__init__()
        self.table, self.column, self.row = table, column, row

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Seal what is on its way into the database."""
        if not value:
            return value
        if not isinstance(value, Placed | PlacedJSON):
            raise TypeError(f"{self.table}.{self.column} is sealed: say in which row (`place`).")
        return self.seal(value, value.row, _sealer(dialect))

    def seal(self, value: Any, row: UUID, sealer: Sealer) -> str:
        """A value as it stands in this row."""
        return sealer.seal_text(value, Place(self.table, self.column, row))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Leave closed what comes out until its row is known."""
        if isinstance(value, str) and value.startswith(MARK):
            return Sealed(value, self.table, self.column, _sealer(dialect))
        return value


class SealedText(_SealedType):
    """A column of text that is sealed."""

    cache_ok = True


class SealedJSON(_SealedType):
    """A column of JSON objects that are sealed."""

    impl = JSONB
    cache_ok = True


_ByKey = dict[str, _SealedType]


def sealed_in(table: Table) -> dict[str, _SealedType]:
    """The sealed columns of a table, by name."""
    return {column.name: column.type for column in table.c if isinstance(column.type, _SealedType)}


def place(model: Any, row: Mapping[str, Any], id: UUID | None = None) -> dict[str, Any]:
    """The columns of a row for a statement of one's own; `id` if they do not name it."""
    values = dict(row)
    for name, kind in sealed_in(cast("Table", model.__table__)).items():
        if values.get(name):
            values[name] = _placed(values[name], values[kind.row] if id is None else id)
    return values


def seal_row(table: Table, row: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """A row as it stands in the database, for statements that send rows as JSON."""
    values = dict(row)
    for name, kind in sealed_in(table).items():
        if values.get(name):
            values[name] = kind.seal(values[name], row_id(values[kind.row]), _sealer(dialect))
    return values


def row_id(id: UUID | int) -> UUID:
    """What values of a row are bound to; a few tables count their rows."""
    return UUID(int=id) if isinstance(id, int) else id


def _placed(value: Any, row: UUID | int) -> Placed | PlacedJSON:
    held = PlacedJSON(value) if isinstance(value, dict) else Placed(value)
    held.row = row_id(row)
    return held


def read(value: Any, row: UUID) -> Any:
    """A value of a single column, opened; what is not sealed stays as it is."""
    return value.open(row) if isinstance(value, Sealed) else value


@event.listens_for(Mapper, "mapper_configured")
def _keep_open(mapper: Mapper[Any], model: type[Any]) -> None:
    """Have models of a table with sealed columns be readable, and write them where they belong."""
    sealed = {
        mapper.get_property_by_column(mapper.local_table.c[name]).key: kind
        for name, kind in sealed_in(cast("Table", mapper.local_table)).items()
    }
    if not sealed:
        return

    opens, places = partial(_open, sealed), partial(_place_all, sealed)
    for name in ("load", "refresh"):
        event.listen(model, name, opens)
    for name in ("before_insert", "before_update"):
        event.listen(model, name, places)


def _open(sealed: _ByKey, target: Any, _context: QueryContext, _names: object = None) -> None:
    """Open what was read of a model."""
    held = target.__dict__
    for key, kind in sealed.items():
        if isinstance(value := held.get(key), Sealed):
            held[key] = value.open(row_id(held[kind.row]))


def _place_all(sealed: _ByKey, _mapper: object, _connection: object, target: Any) -> None:
    """Say where the values of a model belong that is about to be written."""
    if target.id is None:
        target.id = new_id()
    held = target.__dict__
    for key, kind in sealed.items():
        if value := held.get(key):
            held[key] = _placed(value, getattr(target, kind.row))
