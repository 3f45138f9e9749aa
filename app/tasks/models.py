"""Tasks and their questions: what was asked for, how far it is, and how it ended."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.db import JSON, Base, Entity, closed_set
from app.core.errors import Conflict
from app.core.sealed_types import SealedJSON, SealedText


class TaskStatus(StrEnum):
    """pending → queued → running → one of the four ends (seed: task states)."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUSPENDED = "suspended"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"


class TaskPriority(StrEnum):
    """Which waiting task is taken first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    CRITICAL = "critical"


_ENDS = {
    TaskStatus.COMPLETED,
    TaskStatus.FAILED,
    TaskStatus.CANCELLED,
    TaskStatus.TIMEOUT,
}
_AGAIN = {TaskStatus.QUEUED}
_NEXT: dict[TaskStatus, set[TaskStatus]] = {
    TaskStatus.PENDING: {
        TaskStatus.QUEUED,
        TaskStatus.SUSPENDED,
        TaskStatus.FAILED,
        TaskStatus.CANCELLED,
        TaskStatus.TIMEOUT,
    },
    TaskStatus.QUEUED: {
        TaskStatus.PENDING,
        TaskStatus.RUNNING,
        TaskStatus.SUSPENDED,
        TaskStatus.CANCELLED,
        TaskStatus.TIMEOUT,
    },
    TaskStatus.RUNNING: _ENDS
    | {
        TaskStatus.QUEUED,
        TaskStatus.WAITING,
        TaskStatus.SUSPENDED,
        TaskStatus.RETRYING,
    },
    TaskStatus.WAITING: {TaskStatus.QUEUED, TaskStatus.CANCELLED, TaskStatus.TIMEOUT},
    TaskStatus.SUSPENDED: {TaskStatus.QUEUED, TaskStatus.CANCELLED},
    TaskStatus.RETRYING: {
        TaskStatus.QUEUED,
        TaskStatus.SUSPENDED,
        TaskStatus.FAILED,
        TaskStatus.CANCELLED,
    },
    TaskStatus.COMPLETED: set(),
    TaskStatus.FAILED: _AGAIN,
    TaskStatus.CANCELLED: _AGAIN,
    TaskStatus.TIMEOUT: _AGAIN,
}
OPEN = {
    TaskStatus.PENDING,
    TaskStatus.QUEUED,
    TaskStatus.RUNNING,
    TaskStatus.WAITING,
    TaskStatus.SUSPENDED,
    TaskStatus.RETRYING,
}
"""States in which a task still has something before it."""


class Task(Entity):
    """One piece of work that an agent does for a user, watched in a chat or not.

    `fence` grows at each claim: whoever writes for a run shows the number it was given, and is
    refused when a later claim has drawn a higher one.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index(None, "thread_id", "created_at"),
        Index(
            "uq_tasks_thread_running",
            "thread_id",
            unique=True,
            postgresql_where=text(
                "status in ('running', 'waiting', 'suspended', 'retrying') and not in_background"
            ),
        ),
        Index("ix_tasks_running", "lease_until", postgresql_where=text("status = 'running'")),
        Index("ix_tasks_queued", "rank_at", postgresql_where=text("status = 'queued'")),
        Index(
            "ix_tasks_pending",
            "not_before",
            postgresql_where=text("status in ('pending', 'retrying')"),
        ),
        Index("ix_tasks_user_page", "user_id", "created_at", "id"),
        Index(
            "ix_tasks_user_background",
            "user_id",
            "created_at",
            "id",
            postgresql_where=text("in_background"),
        ),
        Index(
            "ix_tasks_user_open",
            "user_id",
            "created_at",
            "id",
            postgresql_where=text("completed_at is null"),
        ),
        Index(None, "schedule_id", "created_at"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    thread_id: Mapped[UUID | None] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    message_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(default="conversation")
    name: Mapped[str | None] = mapped_column(SealedText("tasks", "name"))
    description: Mapped[str | None] = mapped_column(SealedText("tasks", "description"))
    parameters: Mapped[JSON] = mapped_column(SealedJSON("tasks", "parameters"), default=dict)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    labels: Mapped[JSON] = mapped_column(
        SealedJSON("tasks", "labels"), default=dict, server_default="{}"
    )
    details: Mapped[JSON] = mapped_column(
        SealedJSON("tasks", "details"), default=dict, server_default="{}"
    )
    parent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("tasks.id", ondelete="SET NULL"), index=True
    )
    schedule_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("schedules.id", ondelete="SET NULL")
    )
    request_hash: Mapped[str | None] = mapped_column(Text)
    in_background: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    status: Mapped[TaskStatus] = mapped_column(closed_set(TaskStatus), default=TaskStatus.QUEUED)
    priority: Mapped[TaskPriority] = mapped_column(
        closed_set(TaskPriority), default=TaskPriority.NORMAL
    )
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    stop_requested_at: Mapped[datetime | None]
    pause_requested_at: Mapped[datetime | None]
    queued_at: Mapped[datetime] = mapped_column(default=now)
    rank_at: Mapped[datetime] = mapped_column(default=now, server_default=text("now()"))
    not_before: Mapped[datetime | None]
    start_until: Mapped[datetime | None]
    timeout_seconds: Mapped[int | None]
    max_retries: Mapped[int] = mapped_column(default=0, server_default="0")
    retries: Mapped[int] = mapped_column(default=0, server_default="0")
    progress: Mapped[int | None] = mapped_column(SmallInteger)
    step: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=0, server_default="0")
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    usage: Mapped[JSON] = mapped_column(default=dict)

    @property
    def is_open(self) -> bool:
        """Whether the task still has something before it."""
        return self.status in OPEN

    def advance(self, status: TaskStatus, at: datetime) -> None:
        """Move on to `status`; what the table of moves does not list is a conflict."""
        if status not in _NEXT[self.status]:
            raise Conflict(f"A {self.status} task cannot become {status}.")
        self.status = status
        if status is TaskStatus.RUNNING:
            self.started_at = self.started_at or at
        elif status in _ENDS:
            self.completed_at = at


class DependencyKind(StrEnum):
    """What a task waits for in another one (seed: dependency kinds).

    `resource` is its mere end, good or bad; the others are its success.
    """

    COMPLETION = "completion"
    DATA = "data"
    RESOURCE = "resource"


class TaskDependency(Base):
    """`task_id` begins once `on_id` is over, in the way that `kind` asks for."""

    __tablename__ = "task_dependencies"

    task_id: Mapped[UUID] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    on_id: Mapped[UUID] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    kind: Mapped[DependencyKind] = mapped_column(
        closed_set(DependencyKind), default=DependencyKind.COMPLETION
    )


class QuestionKind(StrEnum):
    """Why a task waits for a person."""

    UNKNOWN_OUTCOME = "unknown_outcome"
    APPROVAL = "approval"
    ELICITATION = "elicitation"
    SAMPLING = "sampling"
    SIGN_IN = "sign_in"


class Question(Entity):
    """Something only a person can decide, asked by a task; answered once.

    One that nobody has answered when it expires is answered by the clock.
    """

    __tablename__ = "questions"
    __table_args__ = (
        Index("ix_questions_expiring", "expires_at",
              postgresql_where=text("answered_at is null and expires_at is not null")),
    )  # fmt: skip

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[QuestionKind] = mapped_column(closed_set(QuestionKind))
    content: Mapped[JSON] = mapped_column(SealedJSON("questions", "content"))
    answer: Mapped[JSON | None] = mapped_column(SealedJSON("questions", "answer"))
    answered_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class Checkpoint(Base):
    """Where a run goes on after a crash, a hand-over or a question: its newest graph state.

    One row per run and namespace, removed when the task ends. Bodies are LangGraph's own
    serialisation; nothing but its saver reads them.
    """

    __tablename__ = "checkpoints"

    task_id: Mapped[UUID] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    namespace: Mapped[str] = mapped_column(primary_key=True)
    checkpoint_id: Mapped[str]
    parent_id: Mapped[str | None]
    kind: Mapped[str]
    body: Mapped[bytes]
    metadata_body: Mapped[bytes]


class CheckpointWrite(Base):
    """What one node of an unfinished step has brought so far; it need not run again."""

    __tablename__ = "checkpoint_writes"

    task_id: Mapped[UUID] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    namespace: Mapped[str] = mapped_column(primary_key=True)
    checkpoint_id: Mapped[str] = mapped_column(primary_key=True)
    node_run: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    kind: Mapped[str]
    body: Mapped[bytes]
