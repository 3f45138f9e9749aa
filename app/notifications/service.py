"""The inbox: what a user was told, and whether they have read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import new_id, now
from app.core.db import after_commit
from app.core.errors import NotFound
from app.core.pages import Page, make_page, read_cursor
from app.core.resources import Resources
from app.core.sealed_types import place
from app.events.store import record
from app.events.types import NotificationCreated
from app.notifications.deliveries import add_deliveries
from app.notifications.models import Channel, Kind, Notification
from app.notifications.texts import LONGEST_TEXT, LONGEST_TITLE, shorten
from app.notifications.wishes import find_wishes

HINT = "inbox"
"""Kind of the hint that a user's inbox has changed; its id is the user's."""


@dataclass(frozen=True, kw_only=True)
class News:
    """Something that a user shall be told; `event_id` is what it follows from."""

    user_id: UUID
    kind: Kind
    event_id: UUID
    title: str
    text: str = ""
    task_id: UUID | None = None
    thread_id: UUID | None = None
    question_id: UUID | None = None


async def notify(session: AsyncSession, resources: Resources, news: News) -> Notification | None:
    """Tell a user something, by all ways that they wish; None if this event was told before.

    What leaves this machine is a row that a sender finds once this transaction stands.
    """
    wishes = await find_wishes(session, news.user_id)
    values: dict[str, Any] = vars(news) | {
        "id": new_id(),
        "title": shorten(news.title, LONGEST_TITLE),
        "text": news.text if news.kind is Kind.DIGEST else shorten(news.text, LONGEST_TEXT),
        "toast": Channel.PAGE in wishes.channels_of(news.kind),
    }
    notification: Notification | None = await session.scalar(
        insert(Notification)
        .values(place(Notification, values))
        .on_conflict_do_nothing()
        .returning(Notification)
    )
    if notification is None:
        return None
    await add_deliveries(session, notification, wishes)
    record(
        session,
        NotificationCreated(
            user_id=news.user_id,
            subject_id=notification.id,
            causation_id=news.event_id,
            notification_id=notification.id,
            kind=news.kind,
        ),
    )
    _tell(session, resources, news.user_id)
    return notification


async def list_notifications(
    session: AsyncSession, user_id: UUID, *, unread: bool | None, after: str | None, limit: int
) -> Page[Notification]:
    """The user's notifications, latest first: all, the unread ones, or those that were read."""
    query = select(Notification).where(
        Notification.user_id == user_id, Notification.kind != Kind.TEST
    )
    if unread is not None:
        is_unread = Notification.read_at.is_(None)
        query = query.where(is_unread if unread else ~is_unread)
    if after:
        key = tuple_(Notification.created_at, Notification.id)
        query = query.where(key < tuple_(*read_cursor(after)))
    query = query.order_by(Notification.created_at.desc(), Notification.id.desc())
    found = list(await session.scalars(query.limit(limit + 1)))
    return make_page(found, limit, lambda each: (each.created_at, each.id))


async def count_unread(session: AsyncSession, user_id: UUID) -> int:
    """How many the user has not read."""
    query = select(func.count()).where(
        Notification.user_id == user_id,
        Notification.read_at.is_(None),
        Notification.kind != Kind.TEST,
    )
    return await session.scalar(query) or 0


async def list_toasts(
    session: AsyncSession, user_id: UUID, *, since: datetime
) -> list[Notification]:
    """What an open page should say aloud: unread and told since then, oldest first."""
    found = await session.scalars(
        select(Notification)
        .where(
            Notification.user_id == user_id,
            Notification.read_at.is_(None),
            Notification.toast,
            Notification.created_at > since,
        )
        .order_by(Notification.created_at, Notification.id)
        .limit(20)
    )
    return list(found)


async def mark_read(
    session: AsyncSession, resources: Resources, user_id: UUID, ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Mark these as read, or all (None); returns those that were not before."""
    query = update(Notification).where(
        Notification.user_id == user_id, Notification.read_at.is_(None)
    )
    if ids is not None:
        query = query.where(Notification.id.in_(ids))
    return await _mark(session, resources, user_id, query.values(read_at=now()))


async def mark_thread_read(
    session: AsyncSession, resources: Resources, user_id: UUID, thread_id: UUID
) -> list[UUID]:
    """Mark what is about a conversation as read: its owner looks at it. Questions stay open."""
    query = update(Notification).where(
        Notification.user_id == user_id,
        Notification.read_at.is_(None),
        Notification.thread_id == thread_id,
        Notification.kind != Kind.QUESTION,
    )
    return await _mark(session, resources, user_id, query.values(read_at=now()))


async def mark_question_read(
    session: AsyncSession, resources: Resources, user_id: UUID, question_id: UUID
) -> list[UUID]:
    """Mark what asks for an answer as read: there is one."""
    query = update(Notification).where(
        Notification.user_id == user_id,
        Notification.read_at.is_(None),
        Notification.question_id == question_id,
    )
    return await _mark(session, resources, user_id, query.values(read_at=now()))


async def mark_unread(
    session: AsyncSession, resources: Resources, user_id: UUID, ids: Sequence[UUID]
) -> list[UUID]:
    """Take back that these were read; returns those that were."""
    query = update(Notification).where(
        Notification.user_id == user_id,
        Notification.id.in_(ids),
        Notification.read_at.is_not(None),
    )
    return await _mark(session, resources, user_id, query.values(read_at=None))


async def get_notification(session: AsyncSession, user_id: UUID, id: UUID) -> Notification:
    """One of the user's notifications; another user's is as good as absent."""
    found = await session.scalar(
        select(Notification).where(Notification.id == id, Notification.user_id == user_id)
    )
    if found is None:
        raise NotFound("There is no such notification.")
    return found


async def remove_notification(
    session: AsyncSession, resources: Resources, user_id: UUID, id: UUID
) -> None:
    """Remove one, with what was still to be sent of it."""
    await get_notification(session, user_id, id)
    await session.execute(delete(Notification).where(Notification.id == id))
    _tell(session, resources, user_id)


async def _mark(
    session: AsyncSession, resources: Resources, user_id: UUID, statement: Any
) -> list[UUID]:
    changed = await session.scalars(
        statement.returning(Notification.id).execution_options(synchronize_session=False)
    )
    ids = list(changed)
    if ids:
        _tell(session, resources, user_id)
    return ids


def _tell(session: AsyncSession, resources: Resources, user_id: UUID) -> None:
    after_commit(session, lambda: publish_hint(resources.redis, HINT, user_id))
