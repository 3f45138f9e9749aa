"""/webhooks: addresses that are told of your events, and every single delivery."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, CallerNow, Storable, may
from app.api.errors import documented
from app.api.tasks import Removed
from app.core.envelope import Success
from app.core.outbound import LONGEST_URL
from app.users.permissions import Permission
from app.webhooks import service
from app.webhooks.deliveries import list_deliveries
from app.webhooks.models import DeliveryStatus, EndpointState

router = APIRouter(
    prefix="/webhooks",
    tags=["webhooks"],
    dependencies=[may(Permission.WEBHOOKS_READ, to_write=Permission.WEBHOOKS_WRITE)],
)

ONE = "/{webhook_id}"
Address = Annotated[Storable, Field(max_length=LONGEST_URL, description="https:// or http://")]
Patterns = Annotated[
    list[Storable], Field(max_length=100, description="`task.completed`, `task.*` or `*`.")
]
Name = Annotated[Storable, Field(max_length=500)]


class WebhookView(BaseModel):
    """An address that is told of events."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    url: str
    events: list[str] = Field(validation_alias="patterns")
    state: EndpointState
    created_at: datetime
    updated_at: datetime


class WebhookSecret(WebhookView):
    """An address with its secret, which is shown this once."""

    secret: str


class NewWebhook(Body):
    """What shall be told to whom."""

    name: Name
    url: Address
    events: Patterns = ["*"]


class WebhookChange(Body):
    """What shall be different; what is left out stays."""

    name: Name | None = None
    url: Address | None = None
    events: Patterns | None = None
    state: Literal["active", "paused"] | None = None


class DeliveryView(BaseModel):
    """One event on its way to one address."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    event_id: UUID
    event_type: str
    status: DeliveryStatus
    attempts: int
    due_at: datetime
    response_status: int | None
    error: str | None
    created_at: datetime
    delivered_at: datetime | None


class DeliveryPage(BaseModel):
    """One page, latest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[DeliveryView]
    next_cursor: str | None


@router.get("", operation_id="list_webhooks")
async def list_webhooks(caller: CallerNow) -> Success[list[WebhookView]]:
    """Your webhooks, oldest first."""
    async with caller.transaction() as session:
        found = await service.list_endpoints(session, caller.user_id)
    return Success(data=[WebhookView.model_validate(one) for one in found])


@router.post("", operation_id="create_webhook", status_code=201, responses=documented(409))
async def create_webhook(new: NewWebhook, caller: CallerNow) -> Success[WebhookSecret]:
    """Have an address told of your events. Keep the secret: it is not shown again."""
    async with caller.transaction() as session:
        endpoint = await service.add_endpoint(
            session,
            caller.user_id,
            name=new.name,
            url=new.url,
            patterns=new.events,
            allowed=caller.resources.settings.outbound_private,
        )
    return Success(data=WebhookSecret.model_validate(endpoint))


@router.get(ONE, operation_id="get_webhook", responses=documented(404))
async def read_webhook(webhook_id: UUID, caller: CallerNow) -> Success[WebhookView]:
    """One of your webhooks."""
    async with caller.transaction() as session:
        endpoint = await service.get_endpoint(session, caller.user_id, webhook_id)
    return Success(data=WebhookView.model_validate(endpoint))


@router.patch(ONE, operation_id="change_webhook", responses=documented(404))
async def change_webhook(
    webhook_id: UUID, change: WebhookChange, caller: CallerNow
) -> Success[WebhookView]:
    """Change name, address or events, pause, or resume (also one whose address was gone)."""
    async with caller.transaction() as session:
        endpoint = await service.get_endpoint(session, caller.user_id, webhook_id, lock=True)
        if change.model_fields_set - {"state"}:
            await service.change_endpoint(
                session,
                endpoint,
                name=change.name,
                url=change.url,
                patterns=change.events,
                allowed=caller.resources.settings.outbound_private,
            )
        if change.state is not None and change.state != endpoint.state:
            await service.set_active(session, endpoint, active=change.state == "active")
    return Success(data=WebhookView.model_validate(endpoint))


@router.delete(ONE, operation_id="delete_webhook", responses=documented(404))
async def delete_webhook(webhook_id: UUID, caller: CallerNow) -> Success[Removed]:
    """Forget an address, and what was sent to it."""
    async with caller.transaction() as session:
        endpoint = await service.get_endpoint(session, caller.user_id, webhook_id, lock=True)
        await service.remove_endpoint(session, endpoint)
    return Success(data=Removed(removed=True))


@router.post(f"{ONE}/secret", operation_id="rotate_webhook_secret", responses=documented(404))
async def rotate_secret(webhook_id: UUID, caller: CallerNow) -> Success[WebhookSecret]:
    """Give a new secret. For 24 hours deliveries are signed with the old one too."""
    async with caller.transaction() as session:
        endpoint = await service.get_endpoint(session, caller.user_id, webhook_id, lock=True)
        await service.rotate_secret(session, endpoint)
    return Success(data=WebhookSecret.model_validate(endpoint))


@router.post(f"{ONE}/test", operation_id="test_webhook", responses=documented(404))
async def test_webhook(webhook_id: UUID, caller: CallerNow) -> Success[DeliveryView]:
    """Send `webhook.tested` to this address; look at its deliveries for what came of it."""
    async with caller.transaction() as session:
        endpoint = await service.get_endpoint(session, caller.user_id, webhook_id)
        delivery = await service.try_out(session, endpoint)
    return Success(data=DeliveryView.model_validate(delivery))


@router.get(f"{ONE}/deliveries", operation_id="list_webhook_deliveries", responses=documented(404))
async def list_own_deliveries(
    webhook_id: UUID,
    caller: CallerNow,
    after: Annotated[
        Storable | None, Query(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Success[DeliveryPage]:
    """What was sent to an address in the last seven days, latest first."""
    async with caller.transaction() as session:
        await service.get_endpoint(session, caller.user_id, webhook_id)
        page = await list_deliveries(session, webhook_id, after=after, limit=limit)
    items = [DeliveryView.model_validate(delivery) for delivery in page.items]
    return Success(data=DeliveryPage(items=items, next_cursor=page.next_cursor))


@router.post(
    f"{ONE}/deliveries/{{delivery_id}}/redeliver",
    operation_id="redeliver_webhook",
    responses=documented(404, 409),
)
async def redeliver(
    webhook_id: UUID, delivery_id: UUID, caller: CallerNow
) -> Success[DeliveryView]:
    """Send a delivery once more, with the same id."""
    async with caller.transaction() as session:
        endpoint = await service.get_endpoint(session, caller.user_id, webhook_id)
        delivery = await service.redeliver(session, endpoint, delivery_id)
    return Success(data=DeliveryView.model_validate(delivery))
