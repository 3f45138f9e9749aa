"""Files of a user: kept, listed, found, and their bytes removed once nobody names them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import NotFound
from app.core.pages import Page, make_page, read_cursor
from app.core.resources import Resources
from app.core.settings import Settings
from app.files.models import Audience, File

LARGEST_FILE = 50 * 1024 * 1024
"""Bytes of one file."""

ORPHAN_SECONDS = 3600.0
"""Bytes that no row names are removed then: a row follows its bytes within seconds."""

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class NewFile:
    """A file whose bytes are in the storage already; `id` is the same however often it is made."""

    id: UUID
    user_id: UUID
    task_id: UUID
    thread_id: UUID | None
    name: str
    kind: str
    size: int
    sha256: str
    source: str
    audience: Audience = Audience.ALL


async def count_room(session: AsyncSession, settings: Settings, user_id: UUID) -> int:
    """Bytes that this user's files may still take."""
    used = await session.scalar(select(func.sum(File.size)).where(File.user_id == user_id))
    return max(0, settings.user_files_mb * 1024 * 1024 - int(used or 0))


async def add_files(session: AsyncSession, files: Sequence[NewFile]) -> None:
    """Keep files; one that is kept already stays as it is."""
    if not files:
        return
    rows = [{**asdict(file), "created_at": now()} for file in files]
    await session.execute(insert(File).values(rows).on_conflict_do_nothing(index_elements=["id"]))


async def get_file(session: AsyncSession, user_id: UUID, file_id: UUID) -> File:
    """The user's own file; another's, and what is meant for models alone, is NotFound."""
    return await _get(session, user_id, file_id, but_not=Audience.MODEL)


async def get_file_for_model(session: AsyncSession, user_id: UUID, file_id: UUID) -> File:
    """The same for a model that works for this user: not what is meant for the user alone."""
    return await _get(session, user_id, file_id, but_not=Audience.USER)


async def _get(session: AsyncSession, user_id: UUID, file_id: UUID, *, but_not: Audience) -> File:
    query = select(File).where(File.id == file_id, File.user_id == user_id)
    found: File | None = await session.scalar(query.where(File.audience != but_not))
    if found is None:
        raise NotFound("There is no such file.")
    return found


async def list_files(
    session: AsyncSession,
    user_id: UUID,
    *,
    task_id: UUID | None = None,
    thread_id: UUID | None = None,
    after: str | None = None,
    limit: int = 20,
) -> Page[File]:
    """The user's own files, latest first; of one task or one conversation, if that is named."""
    query = select(File).where(File.user_id == user_id, File.audience != Audience.MODEL)
    if task_id is not None:
        query = query.where(File.task_id == task_id)
    if thread_id is not None:
        query = query.where(File.thread_id == thread_id)
    return await _page(session, query, after, limit)


async def list_files_for_model(
    session: AsyncSession,
    user_id: UUID,
    *,
    task_id: UUID | None = None,
    after: str | None = None,
    limit: int = 20,
) -> Page[File]:
    """The same for a model that works for this user: not what is meant for the user alone."""
    query = select(File).where(File.user_id == user_id, File.audience != Audience.USER)
    if task_id is not None:
        query = query.where(File.task_id == task_id)
    return await _page(session, query, after, limit)


async def _page(
    session: AsyncSession, query: Select[Any], after: str | None, limit: int
) -> Page[File]:
    query = query.order_by(File.created_at.desc(), File.id.desc()).limit(limit + 1)
    if after:
        query = query.where(tuple_(File.created_at, File.id) < tuple_(*read_cursor(after)))
    return make_page(list(await session.scalars(query)), limit, _key)


def _key(file: File) -> tuple[datetime, UUID]:
    return file.created_at, file.id


async def remove_orphans(resources: Resources) -> int:
    """Remove bytes that no row names; gives back how many were looked at and let go."""
    storage = resources.storage
    old = await storage.list_older(ORPHAN_SECONDS)
    removed = 0
    for start in range(0, len(old), _AT_ONCE):
        some = old[start : start + _AT_ONCE]
        async with resources.db.transaction() as session:
            named = set(await session.scalars(select(File.sha256).where(File.sha256.in_(some))))
        for address in some:
            if address not in named:
                await storage.remove_older(address, ORPHAN_SECONDS)
                removed += 1
    return removed
