"""/notifications: the inbox."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, CallerNow, Id, Storable, may
from app.api.errors import documented
from app.core.envelope import Success
from app.notifications import service
from app.notifications.models import Kind, Notification
from app.notifications.texts import body, headline
from app.users.permissions import Permission

router = APIRouter(
    prefix="/notifications",
    tags=["notifications"],
    dependencies=[may(Permission.NOTIFICATIONS_READ, to_write=Permission.NOTIFICATIONS_WRITE)],
)


class NotificationView(BaseModel):
    """Something that you were told. `headline` is a sentence in your language."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Kind
    headline: str
    title: str
    text: str
    task_id: UUID | None
    thread_id: UUID | None
    question_id: UUID | None
    created_at: datetime
    read_at: datetime | None


class NotificationPage(BaseModel):
    """One page, latest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[NotificationView]
    next_cursor: str | None
    unread: int


class Unread(BaseModel):
    """How much you have not read."""

    unread: int


class Marked(BaseModel):
    """Those that are otherwise now than before, and how many are unread."""

    ids: list[UUID]
    unread: int


class WhichRead(Body):
    """What was read: these, or all about a conversation; all of the inbox without either."""

    ids: Annotated[list[Id] | None, Field(max_length=1000)] = None
    thread_id: Id | None = None


class WhichUnread(Body):
    """What shall be unread again."""

    ids: Annotated[list[Id], Field(max_length=100_000)]


class NotificationRemoved(BaseModel):
    """The notification that is gone."""

    notification_id: UUID


def view_of(notification: Notification, language: str) -> NotificationView:
    """A notification in its reader's language."""
    return NotificationView(
        id=notification.id,
        kind=notification.kind,
        headline=headline(notification, language),
        title=notification.title,
        text=body(notification, language),
        task_id=notification.task_id,
        thread_id=notification.thread_id,
        question_id=notification.question_id,
        created_at=notification.created_at,
        read_at=notification.read_at,
    )


@router.get("", operation_id="list_notifications")
async def list_own_notifications(
    caller: CallerNow,
    unread: Annotated[
        bool | None, Query(description="true: only unread ones; false: only read ones.")
    ] = None,
    after: Annotated[
        Storable | None, Query(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Success[NotificationPage]:
    """What you were told, latest first."""
    async with caller.transaction() as session:
        page = await service.list_notifications(
            session, caller.user_id, unread=unread, after=after, limit=limit
        )
        count = await service.count_unread(session, caller.user_id)
    items = [view_of(each, caller.language) for each in page.items]
    return Success(data=NotificationPage(items=items, next_cursor=page.next_cursor, unread=count))


@router.get("/unread", operation_id="count_unread_notifications")
async def count_unread(caller: CallerNow) -> Success[Unread]:
    """How many you have not read."""
    async with caller.transaction() as session:
        return Success(data=Unread(unread=await service.count_unread(session, caller.user_id)))


@router.post("/read", operation_id="mark_notifications_read")
async def mark_read(which: WhichRead, caller: CallerNow) -> Success[Marked]:
    """Mark as read. The ids that come back are what `unread` takes to undo it."""
    async with caller.transaction() as session:
        if which.thread_id is not None:
            ids = await service.mark_thread_read(
                session, caller.resources, caller.user_id, which.thread_id
            )
        else:
            ids = await service.mark_read(session, caller.resources, caller.user_id, which.ids)
        count = await service.count_unread(session, caller.user_id)
    return Success(data=Marked(ids=ids, unread=count))


@router.post("/unread", operation_id="mark_notifications_unread")
async def mark_unread(which: WhichUnread, caller: CallerNow) -> Success[Marked]:
    """Take back that these were read."""
    async with caller.transaction() as session:
        ids = await service.mark_unread(session, caller.resources, caller.user_id, which.ids)
        count = await service.count_unread(session, caller.user_id)
    return Success(data=Marked(ids=ids, unread=count))


@router.post(
    "/{notification_id}/read", operation_id="mark_notification_read", responses=documented(404)
)
async def mark_one_read(notification_id: UUID, caller: CallerNow) -> Success[NotificationView]:
    """Mark one as read; one that was read stays so."""
    async with caller.transaction() as session:
        await service.mark_read(session, caller.resources, caller.user_id, [notification_id])
        found = await service.get_notification(session, caller.user_id, notification_id)
    return Success(data=view_of(found, caller.language))


@router.delete("/{notification_id}", operation_id="delete_notification", responses=documented(404))
async def delete_notification(
    notification_id: UUID, caller: CallerNow
) -> Success[NotificationRemoved]:
    """Remove one; what was still to be sent of it is not sent."""
    async with caller.transaction() as session:
        await service.remove_notification(
            session, caller.resources, caller.user_id, notification_id
        )
    return Success(data=NotificationRemoved(notification_id=notification_id))
