"""Has a host page carry out a function: asked by a run, claimed by one tab, answered once.

The claim makes it happen once: a reload, a second tab and a replayed stream find it taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.db import JSON
from app.core.errors import Conflict, NotFound
from app.sites.page_call_models import PageCall, PageCallStatus

_NOT_THERE = "There is no such call."


@dataclass(frozen=True, kw_only=True)
class NewPageCall:
    """A call as a run wants it made; `id` is the same however often it is wanted."""

    id: UUID
    task_id: UUID
    user_id: UUID
    client: UUID
    name: str
    arguments: JSON


async def want_call(session: AsyncSession, wanted: NewPageCall) -> PageCall:
    """The row of a call, made if it is not there. The lease of the task must be held."""
    found = await session.get(PageCall, wanted.id)
    if found is not None:
        return found
    call = PageCall(
        id=wanted.id,
        task_id=wanted.task_id,
        user_id=wanted.user_id,
        client=wanted.client,
        name=wanted.name,
        arguments=wanted.arguments,
        outcome={},
    )
    session.add(call)
    await session.flush()
    return call


async def list_open_calls(session: AsyncSession, user_id: UUID, client: UUID) -> Sequence[PageCall]:
    """What waits to be carried out by one of a user's tabs, oldest first."""
    found = await session.scalars(
        select(PageCall)
        .where(
            PageCall.user_id == user_id,
            PageCall.client == client,
            PageCall.status == PageCallStatus.OPEN,
        )
        .order_by(PageCall.created_at, PageCall.id)
    )
    return list(found)


async def claim_call(
    session: AsyncSession, user_id: UUID, call_id: UUID, *, client: UUID
) -> PageCall:
    """Give a call to the tab that asks first. Conflict for everybody later."""
    call = await _lock_call(session, user_id, call_id, client)
    if call.status is not PageCallStatus.OPEN:
        raise Conflict("This call is carried out already, or nobody waits for it any more.")
    call.status, call.claimed_at = PageCallStatus.CLAIMED, now()
    return call


async def end_call(
    session: AsyncSession, user_id: UUID, call_id: UUID, *, client: UUID, outcome: JSON
) -> PageCall:
    """Keep what came of a call that this tab has claimed: a `value`, or an `error`."""
    call = await _lock_call(session, user_id, call_id, client)
    if call.status is not PageCallStatus.CLAIMED:
        raise Conflict("This call has its answer already, or was never claimed.")
    call.status = PageCallStatus.FAILED if "error" in outcome else PageCallStatus.DONE
    call.outcome, call.ended_at = outcome, now()
    return call


async def give_up_call(session: AsyncSession, call_id: UUID) -> bool:
    """Wait no longer for a tab; false if one has claimed it meanwhile."""
    given_up = await session.scalar(
        update(PageCall)
        .where(PageCall.id == call_id, PageCall.status == PageCallStatus.OPEN)
        .values(status=PageCallStatus.GIVEN_UP, ended_at=now())
        .returning(PageCall.id)
    )
    return given_up is not None


async def _lock_call(session: AsyncSession, user_id: UUID, call_id: UUID, client: UUID) -> PageCall:
    call = await session.scalar(
        select(PageCall)
        .where(PageCall.id == call_id, PageCall.user_id == user_id, PageCall.client == client)
        .with_for_update()
    )
    if call is None:
        raise NotFound(_NOT_THERE)
    return call
