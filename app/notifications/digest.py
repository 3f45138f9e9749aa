"""The daily digest: what waits in the inbox, at a time that its owner chose."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import derived_id, now
from app.core.resources import Resources
from app.notifications.models import Kind, Notification, NotificationSettings
from app.notifications.rules import next_digest
from app.notifications.service import News, notify
from app.notifications.texts import digest_lines
from app.notifications.wishes import read_zone
from app.users.models import User

MOST_LINES = 20


async def send_digests(session: AsyncSession, resources: Resources, *, most: int = 50) -> int:
    """Write the digests that are due; returns for how many users it was time."""
    at = now()
    due = await session.execute(
        select(NotificationSettings, User.timezone)
        .join(User, User.id == NotificationSettings.user_id)
        .where(NotificationSettings.digest_due_at <= at)
        .order_by(NotificationSettings.digest_due_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=NotificationSettings)
    )
    rows = due.all()
    for settings, zone in rows:
        await _send(session, resources, settings)
        if settings.digest_at is not None:
            settings.digest_due_at = next_digest(at, settings.digest_at, read_zone(zone))
        settings.digested_at = at
    return len(rows)


async def _send(
    session: AsyncSession, resources: Resources, settings: NotificationSettings
) -> None:
    """Gather what came since the last digest and is unread. Nothing new: no digest."""
    query = (
        select(Notification)
        .where(
            Notification.user_id == settings.user_id,
            Notification.read_at.is_(None),
            Notification.kind.not_in([Kind.DIGEST, Kind.TEST]),
        )
        .order_by(Notification.created_at.desc(), Notification.id.desc())
    )
    if settings.digested_at is not None:
        query = query.where(Notification.created_at > settings.digested_at)
    waiting = list(await session.scalars(query))
    if not waiting:
        return
    news = News(
        user_id=settings.user_id,
        kind=Kind.DIGEST,
        event_id=derived_id(settings.user_id, f"digest:{settings.digest_due_at}"),
        title=str(len(waiting)),
        text=digest_lines(waiting[:MOST_LINES], settings.language),
    )
    await notify(session, resources, news)
