"""/widget/calls: a tab of a host page takes calls of its functions, and says what came of them."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, CallerNow, Id, Storable, may
from app.api.errors import documented
from app.core.bus import publish_hint
from app.core.db import JSON
from app.core.envelope import Success
from app.core.errors import Invalid
from app.mcp.storable import storable
from app.sites import page_calls
from app.tasks.queue import ANSWERED
from app.users.permissions import Permission

router = APIRouter(
    prefix="/widget/calls",
    tags=["widget"],
    dependencies=[may(Permission.TASKS_READ, to_write=Permission.CHATS_WRITE)],
    responses=documented(404),
)

LARGEST_VALUE = 32_000
"""Bytes of JSON that a function may give back."""


class PageCallView(BaseModel):
    """A function of the page that is to be carried out; `client` is the tab that is meant."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    task_id: UUID
    name: str
    arguments: JSON


class PageCalls(BaseModel):
    """The calls that wait for a tab, oldest first."""

    items: list[PageCallView]


class Tab(Body):
    """The tab that asks."""

    client: Id


class PageOutcome(Tab):
    """What came of it: any JSON up to 32 KB as `value`, or an `error` in words."""

    value: JSON | list[object] | str | int | float | bool | None = None
    error: Annotated[Storable | None, Field(min_length=1, max_length=500)] = None


class Ended(BaseModel):
    """The call that has its answer now."""

    id: UUID


@router.get("", operation_id="list_page_calls")
async def list_calls(
    caller: CallerNow, client: Annotated[UUID, Query(description="The tab's id.")]
) -> Success[PageCalls]:
    """What waits for one of your tabs, for a page that has lost the stream for a while."""
    async with caller.transaction() as session:
        found = await page_calls.list_open_calls(session, caller.user_id, client)
    return Success(data=PageCalls(items=[PageCallView.model_validate(each) for each in found]))


@router.post("/{call_id}/claim", operation_id="claim_page_call", responses=documented(409))
async def claim_call(call_id: UUID, tab: Tab, caller: CallerNow) -> Success[PageCallView]:
    """Take a call: whoever is told of it carries it out, and nobody else is."""
    async with caller.transaction() as session:
        call = await page_calls.claim_call(session, caller.user_id, call_id, client=tab.client)
    return Success(data=PageCallView.model_validate(call))


@router.post("/{call_id}/result", operation_id="end_page_call", responses=documented(409))
async def end_call(call_id: UUID, outcome: PageOutcome, caller: CallerNow) -> Success[Ended]:
    """Say what came of a call that this tab has taken."""
    value = storable(outcome.value)
    if len(orjson.dumps(value)) > LARGEST_VALUE:
        raise Invalid("A function of the page gives back at most 32 KB.", field="value")
    told: JSON = {"value": value} if outcome.error is None else {"error": outcome.error}
    async with caller.transaction() as session:
        call = await page_calls.end_call(
            session, caller.user_id, call_id, client=outcome.client, outcome=told
        )
    await publish_hint(caller.resources.redis, ANSWERED, call.task_id)
    return Success(data=Ended(id=call.id))
