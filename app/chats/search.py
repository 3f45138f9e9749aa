"""Full text search in what was said: single messages, latest first, with the place that fits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.chats.index import excerpt, may_have
from app.chats.models import Step, StepKind, Thread
from app.core.blind import has_all, words_of
from app.core.pages import Page, sift
from app.core.sealed_types import read


@dataclass(frozen=True, kw_only=True)
class Said:
    """A message that fits, with the words around the place."""

    id: UUID
    thread_id: UUID
    thread_name: str
    by_user: bool
    excerpt: str
    created_at: datetime


async def search_messages(
    session: AsyncSession, user_id: UUID, search: str, *, after: str | None, limit: int
) -> Page[Said]:
    """The user's messages, and answers to them, that have all words of `search`."""
    words = words_of(search)
    if not words:
        return Page([], None)
    query = (
        select(Step.id, Step.thread_id, Thread.name, Step.kind, Step.output, Step.created_at)
        .join(Thread, Thread.id == Step.thread_id)
        .where(
            Thread.user_id == user_id,
            Step.kind != StepKind.TOOL,
            may_have(session, Step, user_id, words),
        )
        .order_by(Step.created_at.desc(), Step.id.desc())
    )

    async def fetch(place: tuple[datetime, UUID] | None, most: int) -> list[Row[Any]]:
        late = query.where(tuple_(Step.created_at, Step.id) < tuple_(*place)) if place else query
        return list(await session.execute(late.limit(most)))

    async def keep(rows: list[Row[Any]]) -> list[Row[Any]]:
        return [row for row in rows if has_all(read(row.output, row.id), words)]

    page = await sift(fetch, keep, lambda row: (row.created_at, row.id), after=after, limit=limit)
    return Page([_said(row, words) for row in page.items], page.next_cursor)


def _said(row: Row[Any], words: list[str]) -> Said:
    return Said(
        id=row.id,
        thread_id=row.thread_id,
        thread_name=read(row.name, row.thread_id),
        by_user=row.kind is StepKind.USER_MESSAGE,
        excerpt=excerpt(read(row.output, row.id), words),
        created_at=row.created_at,
    )
