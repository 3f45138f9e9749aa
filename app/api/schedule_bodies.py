"""What goes into the routes below /schedules, and what comes out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.api.deps import Body, Storable
from app.schedules.models import Missed, Overlap
from app.schedules.rules import RuleKind
from app.tasks.models import TaskPriority, TaskStatus

Moment = Annotated[AwareDatetime, Field(strict=False)]
When = Annotated[
    Storable,
    Field(
        max_length=500,
        description="“every weekday at 8”, “morgen um 9”, five cron fields, an RRULE, or a moment.",
    ),
]


class Timing(Body):
    """When something shall run."""

    when: When
    time_zone: Annotated[
        Storable | None, Field(max_length=64, description="IANA name; yours if left out.")
    ] = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class ScheduleBody(Timing):
    """What shall be asked, and when."""

    text: Annotated[Storable, Field(description="What is asked each time, in plain words.")]
    name: Storable | None = None
    model: Storable | None = None
    missed: Annotated[Missed, Field(strict=False)] = Missed.ONCE
    overlap: Annotated[Overlap, Field(strict=False)] = Overlap.SKIP
    priority: Annotated[TaskPriority, Field(strict=False)] = TaskPriority.NORMAL
    most_runs: int | None = None
    start_within_seconds: int | None = None


class ScheduleChange(Body):
    """What is to be different; what is left out stays."""

    when: When | None = None
    time_zone: Annotated[Storable | None, Field(max_length=64)] = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    text: Storable | None = None
    name: Storable | None = None
    model: Storable | None = None
    missed: Annotated[Missed | None, Field(strict=False)] = None
    overlap: Annotated[Overlap | None, Field(strict=False)] = None
    priority: Annotated[TaskPriority | None, Field(strict=False)] = None
    most_runs: int | None = None
    start_within_seconds: int | None = None


class Preview(BaseModel):
    """How a time was understood, and the next five runs."""

    words: str
    kind: RuleKind
    rule: str
    time_zone: str
    runs: list[datetime]


class LastRun(BaseModel):
    """How the latest run stands."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: TaskStatus
    created_at: datetime
    completed_at: datetime | None


class ScheduleView(BaseModel):
    """Something that is asked by itself; `words` says when, in your language."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    text: str
    model: str | None
    kind: RuleKind
    rule: str
    words: str = ""
    time_zone: str
    starts_at: datetime
    ends_at: datetime | None
    most_runs: int | None
    start_within_seconds: int | None
    missed: Missed
    overlap: Overlap
    priority: TaskPriority
    next_at: datetime | None
    last_at: datetime | None
    runs: int
    thread_id: UUID | None
    created_at: datetime
    paused_at: datetime | None
    ended_at: datetime | None
    last_run: LastRun | None = None


class SchedulePage(BaseModel):
    """One page, newest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[ScheduleView]
    next_cursor: str | None
