"""Finding what was said by its words, though the database can read neither.

The index holds tokens of the beginnings of words (`app/core/blind.py`). It says where a word may
stand; what it finds is opened and looked at. So nothing is found that does not fit, and words that
are shorter than any beginning that is kept are looked for in everything, latest first.
"""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, exists, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from app.chats.models import Step, StepKind, Thread
from app.core import blind
from app.core.blind import has_all
from app.core.sealed_rows import Row
from app.core.sealed_types import read, sealer_of

_AROUND, _LONGEST = 8, 40
"""Words before the first one that fits, and in all: those that an excerpt has."""

_WORD = re.compile(r"[^\W_]+")


def vector(session: AsyncSession, owner: UUID, text: str) -> str:
    """A text as a tsvector of tokens."""
    return sealer_of(session).blind(owner).vector(text)


async def index_threads(session: AsyncSession, rows: Sequence[Row]) -> list[str]:
    """The vectors of threads that are sealed anew."""
    return [vector(session, row["user_id"], row["name"]) for row in rows]


async def index_steps(session: AsyncSession, rows: Sequence[Row]) -> list[str]:
    """The vectors of steps that are sealed anew: of what was said, by whomever."""
    threads = select(Thread.id, Thread.user_id).where(
        Thread.id.in_({row["thread_id"] for row in rows})
    )
    owners = {id: owner for id, owner in await session.execute(threads)}
    return [
        ""
        if row["kind"] == StepKind.TOOL or row["thread_id"] not in owners
        else vector(session, owners[row["thread_id"]], row["output"])
        for row in rows
    ]


def may_have(
    session: AsyncSession, model: type[Step | Thread], owner: UUID, words: list[str]
) -> ColumnElement[bool]:
    """Rows that may have all these words; some that do not are among them."""
    tokens = blind.query(sealer_of(session).blinds(owner), words)
    if not tokens:
        return true()
    unsealed = " & ".join(f"{word}:*" for word in words)
    wanted = cast(cast(literal(tokens), Text), TSQUERY).op("||")(
        func.to_tsquery("simple", unsealed)
    )
    return model.search.op("@@")(wanted)


def may_say(session: AsyncSession, owner: UUID, words: list[str]) -> ColumnElement[bool]:
    """Threads that may have all these words in their name or in one message."""
    said = exists().where(
        Step.thread_id == Thread.id,
        Step.kind != StepKind.TOOL,
        may_have(session, Step, owner, words),
    )
    return or_(may_have(session, Thread, owner, words), said)


async def that_say(
    session: AsyncSession, owner: UUID, threads: list[Thread], words: list[str]
) -> list[Thread]:
    """Those of some threads that do."""
    named = {thread.id for thread in threads if has_all(thread.name, words)}
    rows = await session.execute(
        select(Step.id, Step.thread_id, Step.output).where(
            Step.thread_id.in_({thread.id for thread in threads} - named),
            Step.kind != StepKind.TOOL,
            may_have(session, Step, owner, words),
        )
    )
    said = {row.thread_id for row in rows if has_all(read(row.output, row.id), words)}
    return [thread for thread in threads if thread.id in named | said]


def excerpt(text: str, words: list[str]) -> str:
    """The place of a text where these words stand, each between asterisks."""
    found = list(_WORD.finditer(text[: blind.LONGEST_SEARCHED]))
    fits = [_begins(match.group(), words) for match in found]
    if not any(fits):
        return text[:200]
    first = max(0, fits.index(True) - _AROUND)
    if len(found) <= _LONGEST:
        first = 0
    shown = found[first : first + _LONGEST]
    start = shown[0].start() if first else 0
    end = shown[-1].end() if first + _LONGEST < len(found) else len(text)
    parts, at = [], start
    for match, fit in zip(shown, fits[first:], strict=False):
        if fit:
            parts += [text[at : match.start()], "**", match.group(), "**"]
            at = match.end()
    parts.append(text[at:end])
    return f"{'… ' if first else ''}{''.join(parts).strip()}{' …' if end < len(text) else ''}"


def _begins(word: str, wanted: list[str]) -> bool:
    return word.casefold().startswith(tuple(wanted))
