"""Many rows in one statement whose text never changes, however many they are.

The rows travel as one JSON parameter (`rows`). A list of VALUES would be compiled by SQLAlchemy
and planned by Postgres anew for every length; at a thousand users that was a third of the work.
"""

from typing import Any, cast

from sqlalchemy import Table, TableValuedAlias, Uuid, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import NullType, TypeEngine

from app.core.db import Base


def given_rows(**columns: TypeEngine[Any]) -> TableValuedAlias:
    """The parameter `rows` as a table with these columns."""
    typed = [column(name, type_) for name, type_ in columns.items()]
    rows = func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    return rows.table_valued(*typed, name="given").render_derived(with_types=True)


def insert_rows(model: type[Base], *attributes: InstrumentedAttribute[object]) -> Insert:
    """An insert of the parameter `rows` into `model`; other columns get their defaults."""
    names = [attribute.key for attribute in attributes]
    table = cast("Table", model.__table__)
    given = given_rows(**{name: _type_of(table, name) for name in names})
    return insert(table).from_select(names, select(*given.c))


def _type_of(table: Table, name: str) -> TypeEngine[Any]:
    """A column's type. A foreign key has none before its other table is known: ids are UUIDs."""
    known: TypeEngine[Any] = table.c[name].type
    return Uuid() if isinstance(known, NullType) else known
