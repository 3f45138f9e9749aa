"""Deliveries: made with the event, sent later, tried again, given up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import new_id, now
from app.core.pages import Page, make_page, read_cursor
from app.events.envelope import Envelope, envelope
from app.events.patterns import matches
from app.events.store import StoredEvent, record
from app.events.types import WebhookChanged, WebhookTested
from app.users.models import User
from app.users.permissions import Permission
from app.users.rights import has_right
from app.webhooks.models import DeliveryStatus, EndpointState, WebhookDelivery, WebhookEndpoint

TESTED = WebhookTested.event_type
"""Sent to one address only, by whoever tries it out."""

MOST_ATTEMPTS = 5
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(seconds=30)
"""Seed A15: five attempts, 2 s × 2, at most 30 s."""

CLAIMED_FOR = timedelta(seconds=60)
"""Longer than an attempt takes; a sender that dies leaves its deliveries to others after this."""


async def add_deliveries(session: AsyncSession, events: Sequence[Envelope]) -> None:
    """A delivery for each of the events and each active address of its user that wants it."""
    users = {event.user_id for event in events if event.user_id and event.type != TESTED}
    if not users:
        return
    endpoints = list(
        await session.scalars(
            select(WebhookEndpoint)
            .join(User, User.id == WebhookEndpoint.user_id)
            .where(
                WebhookEndpoint.user_id.in_(users),
                WebhookEndpoint.state == EndpointState.ACTIVE,
                has_right(Permission.WEBHOOKS_WRITE),
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


async def list_deliveries(
    session: AsyncSession, endpoint_id: UUID, *, after: str | None, limit: int
) -> Page[WebhookDelivery]:
    """What was sent to an address, latest first."""
    key = (WebhookDelivery.created_at, WebhookDelivery.id)
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id)
    if after:
        query = query.where(tuple_(*key) < tuple_(*read_cursor(after)))
    query = query.order_by(*(column.desc() for column in key)).limit(limit + 1)
    found = list(await session.scalars(query))
    return make_page(found, limit, lambda row: (row.created_at, row.id))


@dataclass(frozen=True)
class Due:
    """A delivery that its sender has claimed."""

    delivery: WebhookDelivery
    endpoint: WebhookEndpoint
    event: Envelope | None


async def claim_due(session: AsyncSession, *, most: int) -> list[Due]:
    """Deliveries that are due, for this sender alone for as long as an attempt may take."""
    rows = (
        await session.execute(
            select(WebhookDelivery, WebhookEndpoint)
            .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
            .where(
                WebhookDelivery.status.in_([DeliveryStatus.PENDING, DeliveryStatus.RETRYING]),
                WebhookDelivery.due_at <= now(),
            )
            .order_by(WebhookDelivery.due_at)
            .limit(most)
            .with_for_update(of=WebhookDelivery, skip_locked=True)
        )
    ).all()
    wanted = {delivery.event_id for delivery, _ in rows}
    events = await session.scalars(select(StoredEvent).where(StoredEvent.id.in_(wanted)))
    known = {event.id: envelope(event) for event in events}
    due = []
    for delivery, endpoint in rows:
        delivery.attempts += 1
        delivery.due_at = now() + CLAIMED_FOR
        due.append(Due(delivery, endpoint, known.get(delivery.event_id)))
    return due


async def note_success(session: AsyncSession, due: Due, status: int) -> None:
    """The address took it."""
    await _note(
        session, due, status=DeliveryStatus.DELIVERED, response_status=status, error=None,
        delivered_at=now(),
    )  # fmt: skip


async def note_failure(
    session: AsyncSession, due: Due, *, error: str, response_status: int | None, is_final: bool
) -> None:
    """The address did not take it: it is tried again, later and later, five times in all."""
    attempts = due.delivery.attempts
    if is_final or attempts >= MOST_ATTEMPTS:
        await _note(session, due, status=DeliveryStatus.FAILED, error=error,
                    response_status=response_status)  # fmt: skip
        return
    pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
    await _note(session, due, status=DeliveryStatus.RETRYING, error=error,
                response_status=response_status, due_at=now() + pause)  # fmt: skip


async def note_gone(session: AsyncSession, due: Due) -> None:
    """The address wants nothing more (410): it is told of nothing any more."""
    await _note(session, due, status=DeliveryStatus.FAILED, response_status=410,
                error="The address says that it is gone.")  # fmt: skip
    endpoint = due.endpoint
    changed = await session.scalar(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint.id, WebhookEndpoint.state == EndpointState.ACTIVE)
        .values(state=EndpointState.GONE, updated_at=now())
        .returning(WebhookEndpoint.id)
    )
    if changed is not None:
        record(
            session,
            WebhookChanged(
                user_id=endpoint.user_id, subject_id=endpoint.id, webhook_id=endpoint.id,
                change="gone",
            ),
        )  # fmt: skip


async def _note(session: AsyncSession, due: Due, **values: object) -> None:
    """Write what came of an attempt, unless another attempt has begun since."""
    await session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == due.delivery.id,
            WebhookDelivery.attempts == due.delivery.attempts,
        )
        .values(**values)
    )
