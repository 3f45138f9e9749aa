"""What can happen. Past tense, frozen, and only facts: ids and small values.

The events of tasks (`task.created`, `task.started`, `task.completed`, …) are not here: the database
itself records one for every change of a row of `tasks` (see docs/decisions/0004).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.events.event import Event


@dataclass(frozen=True, kw_only=True)
class QuestionAsked(Event):
    """A task cannot go on without a person."""

    event_type = "question.asked"
    source = "tasks"

    task_id: UUID
    thread_id: UUID | None
    question_id: UUID


@dataclass(frozen=True, kw_only=True)
class QuestionAnswered(Event):
    """A person decided."""

    event_type = "question.answered"
    source = "tasks"

    task_id: UUID
    question_id: UUID
    outcome: str | None = None
    """Which way: `approve`, `refuse`, `skip`, `accept` and the like; never what was written."""


@dataclass(frozen=True, kw_only=True)
class QuestionExpired(Event):
    """Nobody decided in time; the task went on without."""

    event_type = "question.expired"
    source = "tasks"

    task_id: UUID
    question_id: UUID


@dataclass(frozen=True, kw_only=True)
class ToolExecuted(Event):
    """A tool was called, and answered or failed."""

    event_type = "tool.executed"
    source = "mcp"

    task_id: UUID
    server: str
    tool: str
    milliseconds: int
    success: bool


@dataclass(frozen=True, kw_only=True)
class ThreadRenamed(Event):
    """A conversation has another name."""

    event_type = "thread.renamed"
    source = "chats"

    thread_id: UUID


@dataclass(frozen=True, kw_only=True)
class ThreadDeleted(Event):
    """A conversation is gone, with everything in it."""

    event_type = "thread.deleted"
    source = "chats"

    thread_id: UUID


@dataclass(frozen=True, kw_only=True)
class FeedbackGiven(Event):
    """Somebody judged an answer: 1 is good, 0 is bad."""

    event_type = "feedback.given"
    source = "chats"

    task_id: UUID
    thread_id: UUID
    value: int


@dataclass(frozen=True, kw_only=True)
class WebhookChanged(Event):
    """An address was created, changed, paused, resumed, removed, given a new secret, or is gone."""

    event_type = "webhook.changed"
    source = "webhooks"

    webhook_id: UUID
    change: str


@dataclass(frozen=True, kw_only=True)
class WebhookTested(Event):
    """Somebody tries whether an address is reached."""

    event_type = "webhook.tested"
    source = "webhooks"

    webhook_id: UUID


@dataclass(frozen=True, kw_only=True)
class McpServerChanged(Event):
    """A server was registered, changed, enabled, disabled or removed, by `user_id`.

    Or `user_id` has `signed_in` to it or `signed_out` of it.

    `fields` names what differs, never a value.
    """

    event_type = "mcp.server_changed"
    source = "mcp"

    server_id: UUID
    name: str
    shared: bool
    change: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class ScheduleEvent(Event):
    """Base of what happens to a schedule; its id is the subject. It tells nothing of its text."""

    source = "schedules"

    schedule_id: UUID


@dataclass(frozen=True, kw_only=True)
class ScheduleCreated(ScheduleEvent):
    """Something will be asked by itself from now on."""

    event_type = "schedule.created"

    kind: str
    rule: str
    time_zone: str
    next_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ScheduleChanged(ScheduleEvent):
    """Its owner said it anew; `fields` names what differs."""

    event_type = "schedule.changed"

    fields: list[str]
    next_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ScheduleFired(ScheduleEvent):
    """A run began to wait for a worker; `moment` is when it was due."""

    event_type = "schedule.fired"

    moment: datetime
    task_id: UUID
    next_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ScheduleSkipped(ScheduleEvent):
    """`moments` runs up to `moment` did not happen: `overlap`, `missed` or `refused`."""

    event_type = "schedule.skipped"

    moment: datetime
    moments: int
    reason: str
    sentence: str | None
    next_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SchedulePaused(ScheduleEvent):
    """It rests until its owner resumes it."""

    event_type = "schedule.paused"


@dataclass(frozen=True, kw_only=True)
class ScheduleResumed(ScheduleEvent):
    """It goes on; what was missed while it rested stays missed."""

    event_type = "schedule.resumed"

    next_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ScheduleEnded(ScheduleEvent):
    """It has run for the last time."""

    event_type = "schedule.ended"


@dataclass(frozen=True, kw_only=True)
class ScheduleRemoved(ScheduleEvent):
    """Its owner does not want it any more."""

    event_type = "schedule.removed"


@dataclass(frozen=True, kw_only=True)
class ScheduleRestored(ScheduleEvent):
    """Its owner wants it after all."""

    event_type = "schedule.restored"

    next_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class NotificationCreated(Event):
    """Somebody was told something."""

    event_type = "notification.created"
    source = "notifications"

    notification_id: UUID
    kind: str
