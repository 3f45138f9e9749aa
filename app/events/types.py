"""What can happen. Past tense, frozen, and only facts: ids and small values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.core.clock import new_id, now


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events: who it concerns, when, and to which request it belongs."""

    event_type: ClassVar[str]
    source: ClassVar[str]

    event_id: UUID = field(default_factory=new_id)
    occurred_at: datetime = field(default_factory=now)
    user_id: UUID | None = None
    correlation_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class TaskCreated(Event):
    """A user, or an agent for a user, asked for work."""

    event_type = "task.created"
    source = "tasks"

    task_id: UUID
    thread_id: UUID | None
    kind: str


@dataclass(frozen=True, kw_only=True)
class TaskEnded(Event):
    """A task reached one of its ends; `status` says which."""

    event_type = "task.ended"
    source = "tasks"

    task_id: UUID
    thread_id: UUID | None
    status: str
    error_code: str | None = None


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


@dataclass(frozen=True, kw_only=True)
class UserSignedIn(Event):
    """A session began."""

    event_type = "user.signed_in"
    source = "users"

    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserCreated(Event):
    """An account was made."""

    event_type = "user.created"
    source = "users"

    username: str
    role: str
