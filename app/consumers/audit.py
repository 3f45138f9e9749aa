"""Keeps on record what somebody may have to answer for."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.service import is_on_record, keep
from app.core.resources import Resources
from app.events.envelope import Envelope


async def handle_all(
    _resources: Resources, session: AsyncSession, events: Sequence[Envelope]
) -> None:
    """Add an entry for each event that matters."""
    await keep(session, [event for event in events if is_on_record(event)])
