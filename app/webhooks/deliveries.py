"""Deliveries: made with the event, sent later, tried again, given up."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id, now
from app.events.envelope import Envelope
from app.events.patterns import matches
from app.webhooks.models import DeliveryStatus, EndpointState, WebhookDelivery, WebhookEndpoint

TESTED = "webhook.tested"
"""Sent to one address only, by whoever tries it out."""


async def add_deliveries(session: AsyncSession, events: Sequence[Envelope]) -> None:
    """A delivery for each of the events and each active address of its user that wants it."""
    users = {event.user_id for event in events if event.user_id and event.type != TESTED}
    if not users:
        return
    endpoints = list(
        await session.scalars(
            select(WebhookEndpoint).where(
                WebhookEndpoint.user_id.in_(users), WebhookEndpoint.state == EndpointState.ACTIVE
            )
        )
    )
    rows = [
        delivery_row(endpoint, event.id, event.type)
        for event in events
        for endpoint in endpoints
        if endpoint.user_id == event.user_id
        and event.type != TESTED
        and matches(event.type, endpoint.patterns)
    ]
    if rows:
        await session.execute(insert(WebhookDelivery).on_conflict_do_nothing(), rows)


def delivery_row(endpoint: WebhookEndpoint, event_id: object, event_type: str) -> dict[str, object]:
    """The columns of a delivery that is due now."""
    at = now()
    return {
        "id": new_id(),
        "created_at": at,
        "endpoint_id": endpoint.id,
        "event_id": event_id,
        "event_type": event_type,
        "status": DeliveryStatus.PENDING,
        "attempts": 0,
        "due_at": at,
    }
