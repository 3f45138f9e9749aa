"""Remember, recall, change, forget: each for one user's own memories."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, Text, delete, func, or_, select, tuple_, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.core.clock import new_id, now
from app.core.db import is_storable
from app.core.errors import Conflict, Invalid, NotFound
from app.core.pages import Page, make_page, read_cursor
from app.core.sealed_types import read
from app.memory.index import any_word, index, whole
from app.memory.models import LONGEST_TEXT, Memory, MemorySource

MOST_MEMORIES = 1000
"""Memories of one user."""

MOST_RECALLED = 50
LONGEST_QUESTION = 500


@dataclass(frozen=True, kw_only=True)
class NewMemory:
    """What is to be remembered; the same `id` is the same memory, however often it is asked."""

    text: str
    source: MemorySource
    source_name: str = ""
    id: UUID | None = None


async def remember(session: AsyncSession, user_id: UUID, new: NewMemory) -> Memory:
    """Keep a text. What is remembered already, word for word, stays as it is.

    Raises Invalid for an unusable text, Conflict when there are too many.
    """
    text = _checked(new.text)
    await session.execute(select(func.pg_advisory_xact_lock(user_id.int % 2**63)))
    known = await _known(session, user_id, text, new.id)
    if known is not None:
        return known
    if await count_memories(session, user_id) >= MOST_MEMORIES:
        raise Conflict(f"There are {MOST_MEMORIES} memories already; forget some first.")
    at = now()
    memory = Memory(
        id=new.id or new_id(),
        created_at=at,
        user_id=user_id,
        text=text,
        source=new.source,
        source_name=new.source_name[:100],
        changed_at=at,
        search=await index(session, user_id, text),
    )
    session.add(memory)
    await session.flush()
    return memory


async def _known(session: AsyncSession, user_id: UUID, text: str, id: UUID | None) -> Memory | None:
    """What the user has remembered in these words, or under this id."""
    the_same = Memory.search.op("@@")(whole(session, user_id, text))
    unsealed = type_coerce(Memory.text, Text) == text
    query = _own(user_id).where(or_(the_same, unsealed, Memory.id == id))
    found = await session.scalars(query)
    return next((each for each in found if each.text == text or each.id == id), None)


async def recall(
    session: AsyncSession, user_id: UUID, question: str, *, limit: int = 10
) -> list[Memory]:
    """The memories that share words with a question, in German or English, the closest first."""
    wanted = await any_word(session, user_id, question[:LONGEST_QUESTION])
    found = await session.scalars(
        _own(user_id)
        .where(Memory.search.op("@@")(wanted))
        .order_by(func.ts_rank_cd(Memory.search, wanted).desc(), Memory.changed_at.desc())
        .limit(min(limit, MOST_RECALLED))
    )
    return list(found)


async def list_memories(
    session: AsyncSession, user_id: UUID, *, search: str | None, after: str | None, limit: int
) -> Page[Memory]:
    """A user's memories, latest first; with `search`, those that share a word with it."""
    query = _own(user_id)
    if search and search.strip():
        wanted = await any_word(session, user_id, search[:LONGEST_QUESTION])
        query = query.where(Memory.search.op("@@")(wanted))
    if after:
        query = query.where(tuple_(Memory.created_at, Memory.id) < tuple_(*read_cursor(after)))
    query = query.order_by(Memory.created_at.desc(), Memory.id.desc()).limit(limit + 1)
    found = list(await session.scalars(query))
    return make_page(found, limit, lambda memory: (memory.created_at, memory.id))


async def count_memories(session: AsyncSession, user_id: UUID) -> int:
    """How many memories a user has."""
    query = select(func.count()).select_from(Memory).where(Memory.user_id == user_id)
    return await session.scalar(query) or 0


async def get_memory(session: AsyncSession, user_id: UUID, memory_id: UUID) -> Memory:
    """One of the user's memories; NotFound for anybody else's."""
    memory: Memory | None = await session.scalar(_own(user_id).where(Memory.id == memory_id))
    if memory is None:
        raise NotFound("There is no such memory.")
    return memory


async def change_memory(session: AsyncSession, user_id: UUID, memory_id: UUID, text: str) -> Memory:
    """Put another text in the place of one."""
    memory = await get_memory(session, user_id, memory_id)
    memory.text, memory.changed_at = _checked(text), now()
    memory.search = await index(session, user_id, memory.text)
    await session.flush()
    return memory


async def forget(session: AsyncSession, user_id: UUID, memory_id: UUID) -> str:
    """Remove a memory; returns what it said."""
    text: str | None = await session.scalar(
        delete(Memory)
        .where(Memory.id == memory_id, Memory.user_id == user_id)
        .returning(Memory.text)
    )
    if text is None:
        raise NotFound("There is no such memory.")
    return str(read(text, memory_id))


def _own(user_id: UUID) -> Select[Memory]:
    return select(Memory).where(Memory.user_id == user_id).options(defer(Memory.search))


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise Invalid("Say what is to be remembered.", field="text")
    if len(text) > LONGEST_TEXT:
        raise Invalid(f"A memory has at most {LONGEST_TEXT:,} characters; split it.", field="text")
    if not is_storable(text):
        raise Invalid("It holds characters that cannot be stored.", field="text")
    return text
