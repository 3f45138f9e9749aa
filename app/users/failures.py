"""Puts on record who did not come in, or did not prove who they are (ASVS 5.0, 16.3.1)."""

from uuid import UUID

from app.core.resources import Resources
from app.events.access import SignInFailed
from app.events.store import record


async def note_failed(
    resources: Resources,
    user_id: UUID | None,
    *,
    way: str,
    reason: str,
    account: str | None = None,
    provider: str | None = None,
) -> None:
    """In a transaction of its own: the one that failed takes its events with it."""
    failed = SignInFailed(
        user_id=user_id, way=way, reason=reason, account=account, provider=provider
    )
    async with resources.db.transaction() as session:
        record(session, failed)
