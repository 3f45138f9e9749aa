"""What is sealed at rest: all of it is listed, bound to its row, and never written in the clear."""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update

import app
import app.core.key_register
from app.core.clock import new_id, now
from app.core.db import Base
from app.core.resources import Resources
from app.core.sealed import CannotOpen
from app.core.sealed_columns import SEALED_COLUMNS, Form, SealedColumn
from app.core.sealed_types import SealedJSON, SealedText, place, sealed_in
from app.memory.models import Memory, MemorySource
from app.memory.service import NewMemory, get_memory, remember
from tests.factories import MakeUser

FORMS: dict[type[Any], Form] = {SealedText: Form.TEXT, SealedJSON: Form.JSON}
IN_REDIS = {("totp_factors", "draft")}


def declared() -> set[SealedColumn]:
    """What the models say of themselves, and which places the code seals by itself."""
    folder = Path(app.__file__).parent
    for path in folder.glob("*/*models.py"):
        import_module(f"app.{path.parent.name}.{path.stem}")
    found = set()
    for table in Base.metadata.tables.values():
        for name, kind in sealed_in(table).items():
            assert (kind.table, kind.column) == (table.name, name)
            found.add(SealedColumn(kind.table, kind.column, FORMS[type(kind)], kind.row))
        if "sealed" in table.c:
            found.add(SealedColumn(table.name, "sealed", Form.BYTES))
    return found


def placed_by_hand() -> set[tuple[str, str]]:
    """The tables and columns that code names in a `Place`."""
    calls = [
        node
        for path in Path(app.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Place"
    ]
    literal = [
        [str(arg.value) for arg in call.args if isinstance(arg, ast.Constant)] for call in calls
    ]
    return {(names[0], names[1]) for names in literal if len(names) >= 2}


@pytest.mark.asvs("11.2.2")
def test_every_sealed_column_is_in_the_one_list() -> None:
    listed = set(SEALED_COLUMNS)
    assert declared() <= listed
    assert listed <= declared() | {one for one in listed if one.form is Form.BYTES}
    known = {(one.table, one.column) for one in listed}
    by_hand = {at for at in placed_by_hand() if at[0] in Base.metadata.tables}
    assert by_hand <= known | IN_REDIS
    assert all(Base.metadata.tables[one.table].c[one.column] is not None for one in listed)
    assert len(set(SEALED_COLUMNS)) == len(SEALED_COLUMNS)


@pytest.mark.asvs("11.3.2", "14.2.4")
async def test_a_memory_cannot_be_read_in_the_database_nor_opened_in_another_row(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    async with resources.db.transaction() as session:
        first = await remember(session, ada.id, _new("Canary sits in the yellow cage."))
        second = await remember(session, ada.id, _new("Something else."))
        rows = str((await session.execute(text("select m::text from memories m"))).all())
        assert "canary" not in rows.lower() and "cage" not in rows
        await session.execute(
            text("update memories set text = (select text from memories where id = :a)"),
            {"a": first.id},
        )
    async with resources.db.transaction() as session:
        assert (await get_memory(session, ada.id, first.id)).text.startswith("Canary")
        with pytest.raises(CannotOpen, match="damaged or moved"):
            await get_memory(session, ada.id, second.id)


async def test_text_without_a_row_is_refused_before_it_is_written(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    row = {"id": new_id(), "created_at": now(), "changed_at": now(), "user_id": ada.id,
           "source": MemorySource.USER, "text": "In the clear"}  # fmt: skip
    async with resources.db.transaction() as session:
        for statement in (insert(Memory).values(row), update(Memory).values(text="In the clear")):
            with pytest.raises(Exception, match="say in which row"):
                await session.execute(statement)
        await session.execute(insert(Memory).values(place(Memory, row)))
        assert (await get_memory(session, ada.id, row["id"])).text == "In the clear"  # type: ignore[arg-type]


async def test_what_was_written_before_it_was_sealed_is_read_as_it_is(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    async with resources.db.transaction() as session:
        kept = await remember(session, ada.id, _new("Der Hund bellt."))
        await session.execute(
            text(
                "update memories set text = 'Der Hund bellt.',"
                " search = to_tsvector('german', 'Der Hund bellt.')"
            )
        )
    async with resources.db.transaction() as session:
        assert (await get_memory(session, ada.id, kept.id)).text == "Der Hund bellt."
        assert (await remember(session, ada.id, _new("Der Hund bellt."))).id == kept.id


def _new(said: str) -> NewMemory:
    return NewMemory(text=said, source=MemorySource.USER)
