"""The addresses that a user has told of events: made, changed, paused, removed."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import Conflict, Invalid, NotFound
from app.core.outbound import check_url
from app.events.patterns import check_pattern
from app.events.store import record
from app.events.types import WebhookChanged, WebhookTested
from app.webhooks.deliveries import delivery_row
from app.webhooks.models import DeliveryStatus, EndpointState, WebhookDelivery, WebhookEndpoint

MOST_ENDPOINTS = 20
MOST_PATTERNS = 20
LONGEST_NAME = 100
OLD_SECRET_LASTS = timedelta(hours=24)
"""How long deliveries are signed with the old secret too (seed A15)."""


def new_secret() -> str:
    """What deliveries are signed with: 256 random bits."""
    return f"whsec_{secrets.token_urlsafe(32)}"


async def list_endpoints(session: AsyncSession, user_id: UUID) -> list[WebhookEndpoint]:
    """A user's addresses, oldest first."""
    found = await session.scalars(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.user_id == user_id)
        .order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
    )
    return list(found)


async def get_endpoint(
    session: AsyncSession, user_id: UUID, endpoint_id: UUID, *, lock: bool = False
) -> WebhookEndpoint:
    """One of the user's addresses; NotFound for anybody else's."""
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id, WebhookEndpoint.user_id == user_id
    )
    found = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


async def add_endpoint(
    session: AsyncSession,
    user_id: UUID,
    *,
    name: str,
    url: str,
    patterns: Sequence[str],
    allowed: Sequence[str],
) -> WebhookEndpoint:
    """Have an address told of events. Its secret is to be shown once, now.

    Raises Invalid with the field, and Conflict when there are too many already.
    """
    await session.execute(select(func.pg_advisory_xact_lock(user_id.int % 2**63)))
    if len(await list_endpoints(session, user_id)) >= MOST_ENDPOINTS:
        raise Conflict(f"There are {MOST_ENDPOINTS} webhooks already. Remove one first.")
    endpoint = WebhookEndpoint(
        user_id=user_id,
        name=_name(name),
        url=check_url(url, allowed=allowed),
        patterns=_patterns(patterns),
        state=EndpointState.ACTIVE,
        secret=new_secret(),
        updated_at=now(),
    )
    session.add(endpoint)
    await session.flush()
    _changed(session, endpoint, "created")
    return endpoint


async def change_endpoint(
    session: AsyncSession,
    endpoint: WebhookEndpoint,
    *,
    name: str | None = None,
    url: str | None = None,
    patterns: Sequence[str] | None = None,
    allowed: Sequence[str] = (),
) -> None:
    """Change what is given. Raises Invalid with the field."""
    if name is not None:
        endpoint.name = _name(name)
    if url is not None:
        endpoint.url = check_url(url, allowed=allowed)
    if patterns is not None:
        endpoint.patterns = _patterns(patterns)
    endpoint.updated_at = now()
    _changed(session, endpoint, "changed")


async def set_active(session: AsyncSession, endpoint: WebhookEndpoint, *, active: bool) -> None:
    """Tell an address of events again, or no more; events of the meantime are not told later."""
    endpoint.state = EndpointState.ACTIVE if active else EndpointState.PAUSED
    endpoint.updated_at = now()
    _changed(session, endpoint, "resumed" if active else "paused")


async def rotate_secret(session: AsyncSession, endpoint: WebhookEndpoint) -> None:
    """Give a new secret, to be shown once; for a day the old one signs as well."""
    endpoint.old_secret, endpoint.secret = endpoint.secret, new_secret()
    endpoint.old_secret_until = now() + OLD_SECRET_LASTS
    endpoint.updated_at = now()
    _changed(session, endpoint, "secret_rotated")


async def remove_endpoint(session: AsyncSession, endpoint: WebhookEndpoint) -> None:
    """Forget an address and everything that was sent to it."""
    _changed(session, endpoint, "removed")
    await session.delete(endpoint)


async def try_out(session: AsyncSession, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Send an event of its own to one address, to see whether it arrives."""
    event = WebhookTested(user_id=endpoint.user_id, subject_id=endpoint.id, webhook_id=endpoint.id)
    record(session, event)
    delivery = WebhookDelivery(**delivery_row(endpoint, event.event_id, event.event_type))
    session.add(delivery)
    await session.flush()
    return delivery


async def redeliver(
    session: AsyncSession, endpoint: WebhookEndpoint, delivery_id: UUID
) -> WebhookDelivery:
    """Send something once more, with the same delivery id, as if for the first time."""
    if endpoint.state is not EndpointState.ACTIVE:
        raise Conflict("This webhook is not active. Resume it first.")
    changed: WebhookDelivery | None = await session.scalar(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == delivery_id,
            WebhookDelivery.endpoint_id == endpoint.id,
            WebhookDelivery.status.in_([DeliveryStatus.DELIVERED, DeliveryStatus.FAILED]),
        )
        .values(status=DeliveryStatus.PENDING, attempts=0, due_at=now(), error=None)
        .returning(WebhookDelivery)
    )
    if changed is not None:
        return changed
    delivery = await session.get(WebhookDelivery, delivery_id)
    if delivery is None or delivery.endpoint_id != endpoint.id:
        raise NotFound("There is no such delivery.")
    return delivery


def _changed(session: AsyncSession, endpoint: WebhookEndpoint, what: str) -> None:
    record(
        session,
        WebhookChanged(
            user_id=endpoint.user_id, subject_id=endpoint.id, webhook_id=endpoint.id, change=what
        ),
    )


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"A name has 1 to {LONGEST_NAME} characters.", field="name")
    return name


def _patterns(patterns: Sequence[str]) -> list[str]:
    if not 1 <= len(patterns) <= MOST_PATTERNS:
        raise Invalid(f"Name 1 to {MOST_PATTERNS} types of events.", field="events")
    return list(dict.fromkeys(check_pattern(pattern, field="events") for pattern in patterns))
