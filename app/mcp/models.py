"""Servers and their tools as rows: which there are, what is allowed, and what was done.

`tool_executions` is the record that makes a tool call happen once.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import JSON, Entity, closed_set


class Transport(StrEnum):
    """How a server is spoken to; `auto` is found out by trying."""

    AUTO = "auto"
    STDIO = "stdio"
    STREAMABLE_HTTP = "streamable_http"
    SSE = "sse"


class ServerState(StrEnum):
    """How a server was found last."""

    UNKNOWN = "unknown"
    CONNECTED = "connected"
    AWAY = "away"
    REFUSED = "refused"


class McpServer(Entity):
    """A server that somebody registered; without a user it serves everybody.

    `sealed` holds what may be secret, the values of its environment and of its headers. `tools` is
    what it offered last, so that it can be shown without asking it.
    """

    __tablename__ = "mcp_servers"
    __table_args__ = (
        Index("uq_mcp_servers_shared_name", "name", unique=True,
              postgresql_where=text("user_id is null")),
        Index("uq_mcp_servers_user_id_name", "user_id", "name", unique=True,
              postgresql_where=text("user_id is not null")),
    )  # fmt: skip

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(50))
    description: Mapped[str] = mapped_column(String(500), default="")
    transport: Mapped[Transport] = mapped_column(closed_set(Transport), default=Transport.AUTO)
    command: Mapped[str | None]
    args: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    url: Mapped[str | None]
    sealed: Mapped[bytes | None]
    timeout_seconds: Mapped[int] = mapped_column(default=30)
    enabled: Mapped[bool] = mapped_column(default=True)
    chosen: Mapped[Transport | None] = mapped_column(closed_set(Transport))
    """The transport that worked, tried first the next time."""
    state: Mapped[ServerState] = mapped_column(closed_set(ServerState), default=ServerState.UNKNOWN)
    state_text: Mapped[str] = mapped_column(default="")
    """One sentence: why it is in this state, or why this transport was chosen."""
    checked_at: Mapped[datetime | None]
    tools: Mapped[list[JSON]] = mapped_column(JSONB, default=list)
    version: Mapped[int] = mapped_column(default=1)
    """Grows when a person changes how it is reached: open sessions are then old."""


class Decision(StrEnum):
    """What becomes of a call; where several rules fit, the later of these wins."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class ToolPolicy(Entity):
    """What somebody decided about tools; without a user it holds for everybody.

    `pattern` is `server/tool`, with `*` for any. An approval is bound to one conversation
    (`thread_id`) or to none, and to the tool as it was described then (`fingerprint`).
    """

    __tablename__ = "tool_policies"

    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    thread_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("threads.id", ondelete="CASCADE"), index=True
    )
    pattern: Mapped[str]
    decision: Mapped[Decision] = mapped_column(closed_set(Decision))
    fingerprint: Mapped[str | None]


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
    __table_args__ = (
        UniqueConstraint("task_id", "tool_call_id"),
        Index("ix_tool_executions_server_id_created_at", "server_id", "created_at"),
    )

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    tool_call_id: Mapped[str]
    server: Mapped[str]
    server_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("mcp_servers.id", ondelete="SET NULL")
    )
    """None for the built-in server and those of the settings."""
    tool: Mapped[str]
    arguments: Mapped[JSON]
    read_only: Mapped[bool]
    status: Mapped[ExecutionStatus] = mapped_column(
        closed_set(ExecutionStatus), default=ExecutionStatus.STARTED
    )
    output: Mapped[str | None]
    completed_at: Mapped[datetime | None]
    milliseconds: Mapped[int | None]
    """From the call to its answer."""
    size: Mapped[int | None]
    """Bytes of the answer, as text, before it was cut."""
    fence: Mapped[int] = mapped_column(BigInteger)
    answers: Mapped[int] = mapped_column(default=0)
