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
from app.core.sealed_types import SealedJSON, SealedText


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
    SIGN_IN = "sign_in"
    """It wants to know who calls, and nobody has signed in."""


class SignIn(StrEnum):
    """Who signs in to a server that wants it: each of its users, or Keiko itself for all.

    With `provider`, each user lends it their account at a provider where they sign in to Keiko.
    """

    USER = "user"
    MACHINE = "machine"
    PROVIDER = "provider"


class McpServer(Entity):
    """A server that somebody registered; without a user it serves everybody, or a group.

    `sealed` holds what may be secret: the values of its environment and of its headers, and Keiko's
    id and secret at its authorization server. `tools` is what it offered last, so that it can be
    shown without asking it.
    """

    __tablename__ = "mcp_servers"
    __table_args__ = (
        Index("uq_mcp_servers_shared_name", "name", unique=True,
              postgresql_where=text("user_id is null")),
        Index("uq_mcp_servers_user_id_name", "user_id", "name", unique=True,
              postgresql_where=text("user_id is not null")),
    )  # fmt: skip

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    group_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), index=True
    )
    """Without a user: the group whose members alone it serves."""
    name: Mapped[str] = mapped_column(String(50))
    description: Mapped[str] = mapped_column(String(500), default="")
    transport: Mapped[Transport] = mapped_column(closed_set(Transport), default=Transport.AUTO)
    command: Mapped[str | None]
    args: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    roots: Mapped[list[str]] = mapped_column(ARRAY(String), default=list, server_default="{}")
    """Folders that it is told of."""
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
    prompts: Mapped[list[JSON]] = mapped_column(JSONB, default=list, deferred=True)
    resources: Mapped[list[JSON]] = mapped_column(JSONB, default=list, deferred=True)
    templates: Mapped[list[JSON]] = mapped_column(JSONB, default=list, deferred=True)
    """What else it offered last (`offers.Offers`); read by name, for there may be much of it."""
    version: Mapped[int] = mapped_column(default=1)
    """Grows when a person changes how it is reached: open sessions are then old."""
    sign_in: Mapped[SignIn] = mapped_column(closed_set(SignIn), default=SignIn.USER)
    wants_sign_in: Mapped[bool] = mapped_column(default=False)
    """Whether it has refused a request that named nobody."""
    provider: Mapped[str | None] = mapped_column(String(31))
    """At which of the operator's sign-in providers its users' accounts are, if it works so."""


class CredentialState(StrEnum):
    """Whether a sign-in can be used, or has to be done again."""

    VALID = "valid"
    AGAIN = "again"


class McpCredential(Entity):
    """One user's sign-in to one server; without a user, Keiko's own. A new sign-in is a new row.

    `sealed` holds the tokens and all that is needed to refresh and revoke them. `wanted` are the
    scopes that a call was refused for want of. With an `identity_id` the tokens are those of the
    user's account at a sign-in provider: `sealed` says what was agreed to, and it ends with the
    account.
    """

    __tablename__ = "mcp_credentials"
    __table_args__ = (
        Index("uq_mcp_credentials_machine", "server_id", unique=True,
              postgresql_where=text("user_id is null")),
        Index("uq_mcp_credentials_server_id_user_id", "server_id", "user_id", unique=True,
              postgresql_where=text("user_id is not null")),
    )  # fmt: skip

    server_id: Mapped[UUID] = mapped_column(ForeignKey("mcp_servers.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    identity_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("identities.id", ondelete="CASCADE"), index=True
    )
    issuer: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    wanted: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    state: Mapped[CredentialState] = mapped_column(
        closed_set(CredentialState), default=CredentialState.VALID
    )
    sealed: Mapped[bytes]
    granted_at: Mapped[datetime]
    """When the present access token was given."""
    expires_at: Mapped[datetime | None]


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


class KnownTool(Entity):
    """A version of a tool that was accepted: by a user, or, without one, at first sight."""

    __tablename__ = "known_tools"
    __table_args__ = (
        UniqueConstraint(
            "server_id", "user_id", "tool", "fingerprint", postgresql_nulls_not_distinct=True
        ),
    )

    server_id: Mapped[UUID] = mapped_column(ForeignKey("mcp_servers.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    tool: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(String(64))
    told: Mapped[JSON]
    """What it said of itself: description, input_schema, read_only, destructive."""


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
        Index("ix_tool_executions_user_page", "user_id", "created_at", "id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    """Whose task it is: their calls are listed without a look at all tasks."""
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    tool_call_id: Mapped[str]
    server: Mapped[str]
    server_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("mcp_servers.id", ondelete="SET NULL")
    )
    """None for the built-in server and those of the settings."""
    tool: Mapped[str]
    arguments: Mapped[JSON] = mapped_column(SealedJSON("tool_executions", "arguments"))
    read_only: Mapped[bool]
    status: Mapped[ExecutionStatus] = mapped_column(
        closed_set(ExecutionStatus), default=ExecutionStatus.STARTED
    )
    output: Mapped[str | None] = mapped_column(SealedText("tool_executions", "output"))
    more: Mapped[JSON] = mapped_column(SealedJSON("tool_executions", "more"), default=dict)
    """What the answer holds beside the text that a model reads (see `app/orchestrator/brought`)."""
    completed_at: Mapped[datetime | None]
    milliseconds: Mapped[int | None]
    """From the call to its answer."""
    size: Mapped[int | None]
    """Bytes of the answer, as text, before it was cut."""
    fence: Mapped[int] = mapped_column(BigInteger)
    answers: Mapped[int] = mapped_column(default=0)
