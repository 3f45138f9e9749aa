"""What is on its way to addresses outside: rows made with the notification, sent afterwards."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id, now
from app.core.errors import NotFound
from app.notifications.models import (
    Channel,
    Delivery,
    DeliveryState,
    Notification,
    NotificationSettings,
)
from app.notifications.rules import back_off, due_at
from app.notifications.subscriptions import list_subscriptions
from app.notifications.wishes import Wishes

LEASE = timedelta(seconds=90)
"""For how long a claimed delivery is its sender's; longer than any attempt may take."""

LONGEST_ERROR = 500


@dataclass(frozen=True)
class Claimed:
    """A delivery that this process sends now, with what it needs to know."""

    delivery: Delivery
    notification: Notification
    only_when_away: bool


async def add_deliveries(
    session: AsyncSession,
    notification: Notification,
    wishes: Wishes,
    channels: frozenset[Channel] | None = None,
) -> list[Delivery]:
    """Write what is to be sent of a notification: by `channels`, or as its owner wishes."""
    ways = wishes.channels_of(notification.kind) if channels is None else channels
    targets: list[tuple[Channel, str, str]] = []
    if Channel.PUSH in ways:
        for subscription in await list_subscriptions(session, notification.user_id):
            targets.append((Channel.PUSH, str(subscription.id), subscription.language))
    if Channel.EMAIL in ways and wishes.email:
        targets.append((Channel.EMAIL, wishes.email, wishes.language))
    if Channel.WEBHOOK in ways and wishes.webhook_url:
        targets.append((Channel.WEBHOOK, wishes.webhook_url, wishes.language))
    if not targets:
        return []
    at = now()
    rows = [
        {"id": new_id(), "created_at": at, "notification_id": notification.id, "channel": channel,
         "target": target, "language": language,
         "next_at": due_at(notification.kind, at, wishes.quiet_end(at))}
        for channel, target, language in targets
    ]  # fmt: skip
    written = await session.scalars(
        insert(Delivery).values(rows).on_conflict_do_nothing().returning(Delivery)
    )
    return list(written)


async def claim_deliveries(session: AsyncSession, *, most: int = 20) -> list[Claimed]:
    """Take what is due. Two senders never take the same; one that dies loses it after the lease."""
    due = (
        select(Delivery.id)
        .where(Delivery.state == DeliveryState.PENDING, Delivery.next_at <= now())
        .order_by(Delivery.next_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = await session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(select(due.c.id)))
        .values(next_at=func.now() + LEASE, attempts=Delivery.attempts + 1)
        .returning(Delivery)
        .execution_options(synchronize_session=False)
    )
    return await _with_notifications(session, list(taken))


async def _with_notifications(session: AsyncSession, taken: list[Delivery]) -> list[Claimed]:
    found = await session.execute(
        select(Notification, NotificationSettings.only_when_away)
        .outerjoin(NotificationSettings, NotificationSettings.user_id == Notification.user_id)
        .where(Notification.id.in_({delivery.notification_id for delivery in taken}))
    )
    about = {row[0].id: (row[0], bool(row[1])) for row in found}
    return [Claimed(delivery, *about[delivery.notification_id]) for delivery in taken]


async def note_sent(session: AsyncSession, delivery: Delivery) -> None:
    """It arrived."""
    await _note(session, delivery, state=DeliveryState.SENT, sent_at=now(), error=None)


async def note_dropped(session: AsyncSession, delivery: Delivery, why: str) -> None:
    """It need not be sent any more."""
    await _note(session, delivery, state=DeliveryState.DROPPED, error=why)


async def note_refused(session: AsyncSession, delivery: Delivery, why: str) -> None:
    """It was refused for good."""
    await _note(session, delivery, state=DeliveryState.FAILED, error=why[:LONGEST_ERROR])


async def note_problem(session: AsyncSession, delivery: Delivery, why: str) -> None:
    """It did not arrive this time; it is tried again, unless that was the last attempt."""
    pause = back_off(delivery.attempts)
    if pause is None:
        await note_refused(session, delivery, why)
    else:
        await _note(session, delivery, next_at=now() + pause, error=why[:LONGEST_ERROR])


async def _note(session: AsyncSession, delivery: Delivery, **values: object) -> None:
    """Write how an attempt went, unless the lease ran out and another sender has begun one."""
    await session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery.id,
            Delivery.attempts == delivery.attempts,
            Delivery.state == DeliveryState.PENDING,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def get_delivery(session: AsyncSession, user_id: UUID, id: UUID) -> Delivery:
    """A delivery of one of the user's notifications."""
    found = await session.scalar(
        select(Delivery)
        .join(Notification, Notification.id == Delivery.notification_id)
        .where(Delivery.id == id, Notification.user_id == user_id)
    )
    if found is None:
        raise NotFound("There is no such delivery.")
    return found
