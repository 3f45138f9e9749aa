"""What was done through tools: the record that makes a tool call happen once."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import JSON, Entity, closed_set


class ExecutionStatus(StrEnum):
    """`started` without an end means: nobody knows whether it happened.

    `allowed` means: a person said that it may be called once more.
    """

    STARTED = "started"
    ALLOWED = "allowed"
    COMPLETED = "completed"
    FAILED = "failed"


class ToolExecution(Entity):
    """One tool call. The intent is written before the call, the outcome after it.

    `answers` counts how often a person has said what became of it, so that no answer counts twice.
    """

    __tablename__ = "tool_executions"
    __table_args__ = (UniqueConstraint("task_id", "tool_call_id"),)

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    tool_call_id: Mapped[str]
    server: Mapped[str]
    tool: Mapped[str]
    arguments: Mapped[JSON]
    read_only: Mapped[bool]
    status: Mapped[ExecutionStatus] = mapped_column(
        closed_set(ExecutionStatus), default=ExecutionStatus.STARTED
    )
    output: Mapped[str | None]
    completed_at: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(BigInteger)
    answers: Mapped[int] = mapped_column(default=0)
