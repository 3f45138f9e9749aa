"""What has to be tidied up from time to time."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from app.core.clock import now
from app.core.resources import Resources
from app.events.inbox import InboxEntry
from app.events.store import StoredEvent
from app.files.service import remove_orphans
from app.notifications.models import Notification
from app.oauth.clients import remove_unused_clients
from app.oauth.grants import remove_old_grants
from app.schedules.models import Schedule
from app.sites.visitors import remove_unknown_visitors
from app.turns import questions
from app.users.models import Invitation, Session
from app.webhooks.models import DeliveryStatus, WebhookDelivery

KEEP_EVENTS = timedelta(days=90)
KEEP_NOTIFICATIONS = timedelta(days=90)
KEEP_ENDED_SESSIONS = timedelta(days=30)
KEEP_UNKNOWN_VISITORS = timedelta(days=30)
"""Nobody can come back as one whose session is over; until then an operator may look into it."""

KEEP_REMOVED_SCHEDULES = timedelta(days=30)
"""Until then they may be brought back."""

KEEP_INBOX = timedelta(hours=72)
"""Longer than anything stays in the stream: what is delivered again is still known."""

KEEP_DELIVERIES = timedelta(days=7)
"""Seed A15: history of webhooks."""


async def expire_questions(ctx: dict[str, Any]) -> None:
    """Let tasks go on whose questions nobody has answered in time."""
    while await questions.expire(ctx["resources"]):
        pass


async def remove_lost_files(ctx: dict[str, Any]) -> None:
    """Remove the bytes of files whose conversation, task or user is gone."""
    await remove_orphans(ctx["resources"])


async def remove_old_rows(ctx: dict[str, Any]) -> None:
    """Remove what is past its time: events, what was done with them, schedules, sessions.

    What a schedule has asked stays, as conversations of its owner.
    """
    resources: Resources = ctx["resources"]
    at = now()
    async with resources.db.transaction() as session:
        await session.execute(
            delete(StoredEvent).where(StoredEvent.published_at < at - KEEP_EVENTS)
        )
        await session.execute(delete(InboxEntry).where(InboxEntry.handled_at < at - KEEP_INBOX))
        await session.execute(
            delete(WebhookDelivery).where(
                WebhookDelivery.created_at < at - KEEP_DELIVERIES,
                WebhookDelivery.status.in_([DeliveryStatus.DELIVERED, DeliveryStatus.FAILED]),
            )
        )
        is_old = Notification.created_at < at - KEEP_NOTIFICATIONS
        await session.execute(delete(Notification).where(is_old, Notification.read_at.is_not(None)))
        await session.execute(
            delete(Schedule).where(Schedule.removed_at < at - KEEP_REMOVED_SCHEDULES)
        )
        await session.execute(delete(Session).where(Session.expires_at < at - KEEP_ENDED_SESSIONS))
        await session.execute(delete(Invitation).where(Invitation.expires_at < at))
        await remove_unknown_visitors(session, before=at - KEEP_UNKNOWN_VISITORS)
        await remove_old_grants(session)
        await remove_unused_clients(session)
