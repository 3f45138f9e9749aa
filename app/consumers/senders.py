"""Sends what notifications are to reach outside, and writes the digests that are due."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid, Unavailable
from app.core.logs import log
from app.core.loops import keep_on
from app.core.outbound import Answer, Outbound, open_outbound
from app.core.resources import Resources
from app.notifications import deliveries
from app.notifications.deliveries import Claimed, claim_deliveries
from app.notifications.digest import send_digests
from app.notifications.hook import send_post
from app.notifications.mail import mail_of, send_mail
from app.notifications.models import Channel, Delivery, PushSubscription
from app.notifications.presence import is_present
from app.notifications.push import contact_of, send_push
from app.notifications.rules import reason_to_drop
from app.notifications.subscriptions import forget_subscription, note_arrival, push_key

PAUSE_SECONDS = 1.0
"""Between two looks at deliveries when none was due."""

DIGEST_SECONDS = 15.0

_GONE = (404, 410)
_LATER = (408, 425, 429)


async def send_notifications(resources: Resources) -> None:
    """Send what is due, until cancelled."""
    async with open_outbound(resources.settings) as outbound:

        async def send() -> float:
            return 0.0 if await send_due(resources, outbound) else PAUSE_SECONDS

        await keep_on("notifications", send)


async def write_digests(resources: Resources) -> None:
    """Write each digest at its time, until cancelled."""

    async def write() -> float:
        async with resources.db.transaction() as session:
            return 0.0 if await send_digests(session, resources) else DIGEST_SECONDS

    await keep_on("digests", write)


async def send_due(resources: Resources, outbound: Outbound) -> int:
    """Send what is due now; returns how many deliveries that were."""
    async with resources.db.transaction() as session:
        claimed = await claim_deliveries(session)
    await asyncio.gather(*(_deliver(resources, outbound, each) for each in claimed))
    return len(claimed)


async def _deliver(resources: Resources, outbound: Outbound, claimed: Claimed) -> None:
    """One attempt at one delivery, and the record of it."""
    delivery, notification = claimed.delivery, claimed.notification
    why = reason_to_drop(
        notification.kind,
        is_read=notification.read_at is not None,
        is_present=await is_present(resources.redis, notification.user_id),
        only_when_away=claimed.only_when_away,
    )
    try:
        note = _dropped(delivery, why) if why else await _send(resources, outbound, claimed)
    except Invalid as error:
        note = _refused(delivery, str(error))
    except Unavailable as error:
        note = _problem(delivery, str(error))
    except Exception as error:  # noqa: BLE001 - a bug with one must not stop the others
        log.error("notification_delivery_failed", delivery_id=str(delivery.id), exc_info=error)
        note = _problem(delivery, "Something went wrong on our side; the server's log says what.")
    async with resources.db.transaction() as session:
        await note(session)
    log.info("notification_delivery", delivery_id=str(delivery.id), channel=delivery.channel)


Note = Callable[[AsyncSession], Awaitable[None]]


async def _send(resources: Resources, outbound: Outbound, claimed: Claimed) -> Note:
    delivery, notification = claimed.delivery, claimed.notification
    match delivery.channel:
        case Channel.PUSH:
            return await _push(resources, outbound, claimed)
        case Channel.EMAIL:
            await send_mail(mail_of(notification, delivery, resources.settings), resources.settings)
            return lambda session: deliveries.note_sent(session, delivery)
        case _:
            answer = await send_post(outbound, notification, delivery, resources.settings)
            return _outcome(delivery, answer)


async def _push(resources: Resources, outbound: Outbound, claimed: Claimed) -> Note:
    delivery = claimed.delivery
    id = UUID(delivery.target)
    async with resources.db.transaction() as session:
        subscription = await session.get(PushSubscription, id)
        key = await push_key(session)
    if subscription is None:
        return _dropped(delivery, "This browser takes no pushes any more.")
    contact = contact_of(resources.settings)
    answer = await send_push(outbound, claimed.notification, subscription, key, contact)
    note = _outcome(delivery, answer)

    async def record(session: AsyncSession) -> None:
        if answer.status in _GONE:
            await forget_subscription(session, id)
            await deliveries.note_dropped(session, delivery, "The browser is gone.")
            return
        if answer.is_success:
            await note_arrival(session, id)
        await note(session)

    return record


def _outcome(delivery: Delivery, answer: Answer) -> Note:
    """What the other side's answer means: taken, refused for good, or to be tried again."""
    if answer.is_success:
        return lambda session: deliveries.note_sent(session, delivery)
    sentence = f"The other side says {answer.status}."
    is_final = answer.status < 500 and answer.status not in _LATER
    return _refused(delivery, sentence) if is_final else _problem(delivery, sentence)


def _dropped(delivery: Delivery, why: str) -> Note:
    return lambda session: deliveries.note_dropped(session, delivery, why)


def _refused(delivery: Delivery, why: str) -> Note:
    return lambda session: deliveries.note_refused(session, delivery, why)


def _problem(delivery: Delivery, why: str) -> Note:
    return lambda session: deliveries.note_problem(session, delivery, why)
