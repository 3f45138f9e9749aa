"""Many rows in one statement whose text never changes, however many they are.

The rows travel as one JSON parameter (`rows`). A list of VALUES would be compiled by SQLAlchemy
and planned by Postgres anew for every length; at a thousand users that was a third of the work.
"""

from typing import Any, cast

from sqlalchemy import Dialect, Table, TableValuedAlias, Uuid, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from app.core.db import Base
from app.core.sealed_types import seal_row, sealed_in


class _Rows(TypeDecorator[Any]):
    """Rows of a table as JSON; what its columns seal is sealed on the way."""

    impl = JSONB
    cache_ok = True

    def __init__(self, table: Table | None = None) -> None:
        super().__init__()
        self.table = table if table is not None and sealed_in(table) else None

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Seal each row where it will stand."""
        if self.table is None:
            return value
        return [seal_row(self.table, row, dialect) for row in value]


def given_rows(_of: Table | None = None, **columns: TypeEngine[Any]) -> TableValuedAlias:
    """The parameter `rows` as a table with these columns, those of the table `_of`."""
    typed = [column(name, type_) for name, type_ in columns.items()]
    rows = func.jsonb_to_recordset(bindparam("rows", type_=_Rows(_of)))
    return rows.table_valued(*typed, name="given").render_derived(with_types=True)


def insert_rows(model: type[Base], *attributes: InstrumentedAttribute[object]) -> Insert:
    """An insert of the parameter `rows` into `model`; other columns get their defaults."""
    names = [attribute.key for attribute in attributes]
    table = cast("Table", model.__table__)
    given = given_rows(table, **{name: _type_of(table, name) for name in names})
    return insert(table).from_select(names, select(*given.c))


def _type_of(table: Table, name: str) -> TypeEngine[Any]:
    """A column's type. A foreign key has none before its other table is known: ids are UUIDs."""
    known: TypeEngine[Any] = table.c[name].type
    return Uuid() if isinstance(known, NullType) else known
