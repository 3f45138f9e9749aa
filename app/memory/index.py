"""Words of memories in German and English, so that they can be found and not be read.

Postgres takes a text apart (stems, stop words) and compares and ranks afterwards; what it keeps are
tokens (`app/core/blind.py`) with the places at which the words stood.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, literal, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.sealed_rows import Row
from app.core.sealed_types import sealer_of

_WHOLE = "= "
"""Before a whole text, which no word begins with."""

_MOST_PLACES = 255

_LEXEMES = text(
    "select given.place, lexeme, positions"
    " from unnest(cast(:texts as text[])) with ordinality as given(said, place),"
    " unnest(to_tsvector('german', said) || to_tsvector('english', said)"
    " || to_tsvector('simple', said))"
)


async def index(session: AsyncSession, owner: UUID, said: str) -> str:
    """A memory as a tsvector of tokens."""
    return (await index_all(session, [(owner, said)]))[0]


async def index_all(session: AsyncSession, said: Sequence[tuple[UUID, str]]) -> list[str]:
    """The same for several memories."""
    sealer = sealer_of(session)
    blinds = [sealer.blind(owner) for owner, _ in said]
    vectors = [
        [f"'{blind.token(_WHOLE + words)}':1"]
        for blind, (_, words) in zip(blinds, said, strict=True)
    ]
    rows = await session.execute(_LEXEMES, {"texts": [words for _, words in said]})
    for place, lexeme, positions in rows:
        token = blinds[place - 1].token(lexeme)
        at = ",".join(map(str, positions[:_MOST_PLACES]))
        vectors[place - 1].append(f"'{token}':{at}")
    return [" ".join(vector) for vector in vectors]


def whole(session: AsyncSession, owner: UUID, said: str) -> ColumnElement[Any]:
    """What finds the memories that say exactly this."""
    return _any(blind.token(_WHOLE + said) for blind in sealer_of(session).blinds(owner))


async def any_word(session: AsyncSession, owner: UUID, question: str) -> ColumnElement[Any]:
    """What finds the memories that share a word with a question, in either language."""
    rows = await session.execute(_LEXEMES, {"texts": [question.replace("\x00", " ")]})
    lexemes = list(dict.fromkeys(row.lexeme for row in rows))
    blinds = sealer_of(session).blinds(owner)
    tokens = [blind.token(lexeme) for blind in blinds for lexeme in lexemes]
    return _any([*tokens, *lexemes])  # as they are, too: older rows may not be sealed yet


def _any(words: Any) -> ColumnElement[Any]:
    escaped = (word.replace("\\", "\\\\").replace("'", "''") for word in words)
    return cast(cast(literal(" | ".join(f"'{word}'" for word in escaped)), Text), TSQUERY)


async def index_memories(session: AsyncSession, rows: Sequence[Row]) -> list[str]:
    """The vectors of rows that are sealed anew."""
    return await index_all(session, [(row["user_id"], row["text"]) for row in rows])
