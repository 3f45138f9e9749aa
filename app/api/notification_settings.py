"""/notifications/settings and …/push: how you wish to be told, and whether a way is open."""

from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import NOT_VISITORS, Body, CallerNow, Storable, may
from app.api.errors import documented
from app.core.envelope import Success
from app.core.errors import Invalid
from app.notifications import deliveries, subscriptions
from app.notifications.models import Channel, DeliveryState
from app.notifications.rules import USUAL
from app.notifications.testing import send_test
from app.notifications.wishes import Wishes, check_wishes, find_wishes, put_wishes
from app.users.permissions import Permission

router = APIRouter(
    prefix="/notifications",
    tags=["notifications"],
    dependencies=[
        may(Permission.NOTIFICATIONS_READ, to_write=Permission.NOTIFICATIONS_WRITE),
        NOT_VISITORS,  # they name no address to send to
    ],
)

Told = Literal[
    "task_done", "task_failed", "question", "question_expired", "schedule_missed", "digest"
]
Way = Literal["page", "push", "email", "webhook"]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM.")]


class SettingsBody(Body):
    """How you wish to be told; times are those of `time_zone` (IANA)."""

    channels: dict[Told, list[Way]]
    only_when_away: bool = False
    quiet_from: Clock | None = None
    quiet_until: Clock | None = None
    digest_at: Clock | None = None
    email: Annotated[Storable | None, Field(max_length=254)] = None
    webhook_url: Annotated[Storable | None, Field(max_length=2048)] = None
    time_zone: Annotated[Storable, Field(max_length=64)]


class SettingsView(BaseModel):
    """How you wish to be told. `can_email` is false while no SMTP server is set."""

    channels: dict[Told, list[Way]]
    only_when_away: bool
    quiet_from: str | None
    quiet_until: str | None
    digest_at: str | None
    email: str | None
    webhook_url: str | None
    time_zone: str
    can_email: bool


class SubscriptionView(BaseModel):
    """A browser that takes pushes."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    endpoint: str
    browser: str
    created_at: datetime
    last_ok_at: datetime | None


class PushView(BaseModel):
    """What a browser needs to subscribe, and those that have."""

    public_key: str
    subscriptions: list[SubscriptionView]


class Keys(Body):
    """The keys of a browser's subscription, in base64url."""

    p256dh: Annotated[Storable, Field(max_length=200)]
    auth: Annotated[Storable, Field(max_length=100)]


class SubscriptionBody(Body):
    """What `PushSubscription.toJSON()` says, and a name for the browser."""

    endpoint: Annotated[Storable, Field(max_length=2048)]
    keys: Keys
    browser: Annotated[Storable, Field(max_length=100)] = ""


class SubscriptionRemoved(BaseModel):
    """The browser that takes no pushes any more."""

    subscription_id: UUID


class TestBody(Body):
    """The way to be tried."""

    channel: Literal["push", "email", "webhook"]


class DeliveryView(BaseModel):
    """A message on its way; `error` says what the other side said."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    channel: Channel
    state: DeliveryState
    attempts: int
    error: str | None
    sent_at: datetime | None


def _text(clock: time | None) -> str | None:
    return clock.strftime("%H:%M") if clock else None


def _clock(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def _view(wishes: Wishes, can_email: bool) -> SettingsView:
    channels = {kind: sorted(wishes.channels_of(kind)) for kind in USUAL}
    return SettingsView.model_validate(
        {
            "channels": channels,
            "only_when_away": wishes.only_when_away,
            "quiet_from": _text(wishes.quiet_from),
            "quiet_until": _text(wishes.quiet_until),
            "digest_at": _text(wishes.digest_at),
            "email": wishes.email,
            "webhook_url": wishes.webhook_url,
            "time_zone": wishes.zone,
            "can_email": can_email,
        }
    )


def _can_email(caller: CallerNow) -> bool:
    settings = caller.resources.settings
    return settings.smtp_url is not None and settings.smtp_from is not None


@router.get("/settings", operation_id="get_notification_settings")
async def read_settings(caller: CallerNow) -> Success[SettingsView]:
    """How you are told; what is usual until you say otherwise."""
    async with caller.transaction() as session:
        wishes = await find_wishes(session, caller.user_id)
    return Success(data=_view(wishes, _can_email(caller)))


@router.put("/settings", operation_id="put_notification_settings")
async def write_settings(body: SettingsBody, caller: CallerNow) -> Success[SettingsView]:
    """Say how you wish to be told. What you leave out is off."""
    wishes = Wishes(
        channels={
            kind: frozenset(Channel(way) for way in body.channels.get(kind.value, []))  # type: ignore[call-overload]
            for kind in USUAL
        },
        only_when_away=body.only_when_away,
        quiet_from=_clock(body.quiet_from),
        quiet_until=_clock(body.quiet_until),
        digest_at=_clock(body.digest_at),
        email=body.email or None,
        webhook_url=body.webhook_url or None,
        language=caller.language,
        zone=body.time_zone,
    )
    check_wishes(wishes, caller.resources.settings.outbound_private)
    async with caller.transaction() as session:
        await put_wishes(session, caller.user_id, wishes)
    return Success(data=_view(wishes, _can_email(caller)))


@router.get("/push", operation_id="get_push")
async def read_push(caller: CallerNow) -> Success[PushView]:
    """The public key of this installation, and your browsers that take pushes."""
    async with caller.transaction() as session:
        key = await subscriptions.push_key(session)
        found = await subscriptions.list_subscriptions(session, caller.user_id)
    views = [SubscriptionView.model_validate(each) for each in found]
    return Success(
        data=PushView(public_key=subscriptions.public_key_text(key), subscriptions=views)
    )


@router.post("/push", operation_id="subscribe_to_push", responses=documented(429))
async def subscribe(body: SubscriptionBody, caller: CallerNow) -> Success[SubscriptionView]:
    """Have a browser take pushes; saying it again changes nothing."""
    new = subscriptions.NewSubscription(
        endpoint=body.endpoint,
        p256dh=body.keys.p256dh,
        auth=body.keys.auth,
        browser=body.browser,
        language=caller.language,
    )
    allowed = caller.resources.settings.outbound_private
    async with caller.transaction() as session:
        kept = await subscriptions.subscribe(session, caller.user_id, new, allowed)
    return Success(data=SubscriptionView.model_validate(kept))


@router.delete(
    "/push/{subscription_id}", operation_id="unsubscribe_from_push", responses=documented(404)
)
async def unsubscribe(subscription_id: UUID, caller: CallerNow) -> Success[SubscriptionRemoved]:
    """Send no more pushes to a browser."""
    async with caller.transaction() as session:
        await subscriptions.unsubscribe(session, caller.user_id, subscription_id)
    return Success(data=SubscriptionRemoved(subscription_id=subscription_id))


@router.post("/test", operation_id="test_notifications", responses=documented(429))
async def try_channel(body: TestBody, caller: CallerNow) -> Success[list[DeliveryView]]:
    """Send yourself a message by one way; `deliveries/{id}` says what became of it."""
    channel = Channel(body.channel)
    async with caller.transaction() as session:
        sent = await send_test(session, caller.user_id, channel)
    if not sent:
        raise Invalid("There is no address for this yet; save one first.", field="channel")
    return Success(data=[DeliveryView.model_validate(each) for each in sent])


@router.get("/deliveries/{delivery_id}", operation_id="get_delivery", responses=documented(404))
async def read_delivery(delivery_id: UUID, caller: CallerNow) -> Success[DeliveryView]:
    """How far a message to you is."""
    async with caller.transaction() as session:
        found = await deliveries.get_delivery(session, caller.user_id, delivery_id)
    return Success(data=DeliveryView.model_validate(found))
