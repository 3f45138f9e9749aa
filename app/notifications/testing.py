"""Messages with which somebody tries whether a way to them is open."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id, now
from app.core.errors import TooMany
from app.notifications.deliveries import add_deliveries
from app.notifications.models import Channel, Delivery, Kind, Notification
from app.notifications.wishes import find_wishes

MOST_TESTS = 10
"""Test messages of one user within an hour: each goes to an address that a user named."""

_HOUR = timedelta(hours=1)


async def send_test(session: AsyncSession, user_id: UUID, channel: Channel) -> list[Delivery]:
    """Send a message by one way; empty if there is no address for it. Not shown in the inbox."""
    is_test = (Notification.user_id == user_id) & (Notification.kind == Kind.TEST)
    await session.execute(
        delete(Notification).where(is_test, Notification.created_at < now() - _HOUR)
    )
    sent = await session.scalar(select(func.count()).select_from(Notification).where(is_test))
    if (sent or 0) >= MOST_TESTS:
        raise TooMany(
            f"{MOST_TESTS} test messages within an hour are enough. Try again later.",
            retry_after=600,
        )
    wishes = await find_wishes(session, user_id)
    notification = Notification(
        id=new_id(), user_id=user_id, kind=Kind.TEST, event_id=new_id(), title="", toast=False,
        text="", read_at=now(), created_at=now(),
    )  # fmt: skip
    session.add(notification)
    await session.flush()
    return await add_deliveries(session, notification, wishes, frozenset({channel}))
