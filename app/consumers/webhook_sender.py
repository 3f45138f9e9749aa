"""Sends webhooks: signed, through the guarded client, again and again until taken or given up."""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.cancel import end
from app.core.clock import now
from app.core.db import persist
from app.core.errors import Invalid, Unavailable
from app.core.logs import log
from app.core.loops import keep_on
from app.core.outbound import Outbound, open_outbound
from app.core.resources import Resources
from app.events.envelope import Envelope, encode
from app.webhooks.deliveries import (
    CLAIMED_FOR,
    Due,
    claim_due,
    note_failure,
    note_gone,
    note_success,
)
from app.webhooks.models import EndpointState

POLL_SECONDS = 1.0
AT_ONCE = 50
LARGEST_BODY = 2**20
TIMEOUT_SECONDS = 30.0
GONE = 410


async def send_webhooks(resources: Resources) -> None:
    """Send what is due, until cancelled."""
    async with open_outbound(resources.settings) as outbound:
        await _keep_sending(resources, outbound)


async def _keep_sending(resources: Resources, outbound: Outbound) -> None:
    sending: set[asyncio.Task[None]] = set()

    async def send() -> float:
        due = await _claim(resources, AT_ONCE - len(sending))
        for one in due:
            task = asyncio.create_task(_send(resources, outbound, one))
            sending.add(task)
            task.add_done_callback(sending.discard)
        if len(sending) >= AT_ONCE:
            await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        return 0.0 if due else POLL_SECONDS

    try:
        await keep_on("webhooks", send)
    finally:
        await end(*sending)


async def send_due(resources: Resources, outbound: Outbound) -> int:
    """Send what is due now, and return once all has been answered; returns how many."""
    due = await _claim(resources, AT_ONCE)
    await asyncio.gather(*(_send(resources, outbound, one) for one in due))
    return len(due)


async def _claim(resources: Resources, most: int) -> list[Due]:
    async with resources.db.transaction() as session:
        return await claim_due(session, most=most)


@dataclass(frozen=True)
class _Outcome:
    """What came of one attempt."""

    status: int | None
    error: str
    is_final: bool = False


async def _send(resources: Resources, outbound: Outbound, due: Due) -> None:
    outcome = await _attempt(outbound, due)
    status = outcome.status

    async def note(session: AsyncSession) -> None:
        if status is not None and 200 <= status < 300:
            await note_success(session, due, status)
        elif status == GONE:
            await note_gone(session, due)
        else:
            await note_failure(
                session,
                due,
                error=outcome.error,
                response_status=status,
                is_final=outcome.is_final,
            )

    try:
        await persist(resources.db, note, seconds=CLAIMED_FOR.total_seconds())
    except Exception as failure:  # noqa: BLE001 - it is sent again, with the same delivery id
        log.error("webhook_not_noted", delivery_id=str(due.delivery.id), exc_info=failure)


async def _attempt(outbound: Outbound, due: Due) -> _Outcome:
    if due.event is None:
        return _Outcome(None, "The event is no longer kept.", is_final=True)
    if due.endpoint.state is not EndpointState.ACTIVE:
        return _Outcome(None, "This webhook is not active.", is_final=True)
    body = encode(due.event)
    if len(body) > LARGEST_BODY:
        return _Outcome(None, "The event is larger than 1 MiB.", is_final=True)
    try:
        answer = await outbound.post(
            due.endpoint.url, body=body, headers=_headers(due, due.event, body),
            timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
    except Invalid as refusal:
        return _Outcome(None, str(refusal), is_final=True)
    except Unavailable as trouble:
        return _Outcome(None, str(trouble))
    return _Outcome(answer.status, f"The address answered {answer.status}.")


def _headers(due: Due, event: Envelope, body: bytes) -> dict[str, str]:
    at, delivery_id = now(), str(due.delivery.id)
    return {
        "content-type": "application/json",
        "user-agent": "Keiko",
        "x-kei-signature": sign(due.endpoint.secrets(at), at, delivery_id, body),
        "x-kei-timestamp": str(int(at.timestamp())),
        "x-kei-event-type": event.type,
        "x-kei-correlation-id": str(event.correlation_id or event.id),
        "x-kei-delivery-id": delivery_id,
    }


def sign(secrets: Sequence[str], at: datetime, delivery_id: str, body: bytes) -> str:
    """HMAC-SHA256 of `<timestamp>.<delivery id>.<body>`, once for each secret: `v1=…,v1=…`."""
    signed = f"{int(at.timestamp())}.{delivery_id}.".encode() + body
    marks = (hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets)
    return ",".join(f"v1={mark}" for mark in marks)
