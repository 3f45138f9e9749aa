"""Finds the addresses that want to be told of an event; a sender loop tells them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.resources import Resources
from app.events.envelope import Envelope
from app.webhooks.deliveries import add_deliveries


async def handle_all(
    _resources: Resources, session: AsyncSession, events: Sequence[Envelope]
) -> None:
    """Add a delivery for each event and each address that wants it."""
    await add_deliveries(session, events)
