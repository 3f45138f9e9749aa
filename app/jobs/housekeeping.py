"""What has to be tidied up from time to time."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from app.core.clock import now
from app.core.resources import Resources
from app.events.store import StoredEvent
from app.users.models import Invitation, Session

KEEP_EVENTS = timedelta(days=90)
KEEP_ENDED_SESSIONS = timedelta(days=30)


async def remove_old_rows(ctx: dict[str, Any]) -> None:
    """Remove published events, ended sessions and used invitations past their time."""
    resources: Resources = ctx["resources"]
    at = now()
    async with resources.db.transaction() as session:
        await session.execute(
            delete(StoredEvent).where(
                StoredEvent.published_at.is_not(None), StoredEvent.occurred_at < at - KEEP_EVENTS
            )
        )
        await session.execute(delete(Session).where(Session.expires_at < at - KEEP_ENDED_SESSIONS))
        await session.execute(delete(Invitation).where(Invitation.expires_at < at))
