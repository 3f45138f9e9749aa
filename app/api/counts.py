"""/events/counts: how much happens, of all users together; for administrators."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import CallerNow, Storable, may
from app.api.errors import documented
from app.core.clock import now
from app.core.envelope import Success
from app.events.counts import list_counts
from app.events.patterns import check_pattern
from app.users.permissions import Permission

router = APIRouter(
    prefix="/events",
    tags=["events"],
    responses=documented(403),
    dependencies=[may(Permission.METRICS_READ)],
)

USUAL_SPAN = timedelta(days=29)


class CountQuery(BaseModel):
    """Which counts are wanted."""

    model_config = ConfigDict(extra="forbid")

    first: Annotated[
        date | None, Field(alias="from", description="The first day; 30 days up to the last.")
    ] = None
    last: Annotated[
        date | None, Field(alias="to", description="The last day, included; today if left out.")
    ] = None
    types: Annotated[
        list[Storable],
        Field(alias="type", max_length=20, description="`task.completed`, `task.*` or `*`."),
    ] = []


class Count(BaseModel):
    """How often something happened on a day (UTC), and how long it took together.

    `milliseconds` counts for tasks from their first start to their end, for tools from call to
    answer; it is 0 for all else.
    """

    model_config = ConfigDict(from_attributes=True)

    day: date
    type: str
    count: int
    milliseconds: int


@router.get("/counts", operation_id="count_events")
async def read_counts(
    caller: CallerNow, query: Annotated[CountQuery, Query()]
) -> Success[list[Count]]:
    """What happened per day and type, of all users together; latest day first. At most 366 days.

    For administrators only.
    """
    patterns = [check_pattern(pattern, field="type") for pattern in query.types]
    last = query.last or now().date()
    first = query.first or last - min(USUAL_SPAN, last - date.min)
    async with caller.transaction() as session:
        found = await list_counts(session, first, last, patterns)
    return Success(data=[Count.model_validate(each) for each in found])
