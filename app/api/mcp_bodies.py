"""What goes into the routes below /mcp, and what comes out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, Id, Storable
from app.api.mcp_standing import SignedIn
from app.core.db import JSON
from app.mcp.checks import Draft
from app.mcp.health import Health
from app.mcp.listing import Numbers
from app.mcp.models import (
    ExecutionStatus,
    McpServer,
    ServerState,
    SignIn,
    Transport,
)
from app.mcp.sealing import Secrets
from app.mcp.trying import FoundTool

Values = Annotated[
    dict[Storable, Storable],
    Field(description="Values by name. They are sealed, and never given back."),
]
Command = Annotated[
    Storable | None, Field(description="A program that KEIKO_MCP_COMMANDS allows; no shell.")
]


class ServerBody(Body):
    """A server: either a command to start (`command`) or an address to call (`url`)."""

    name: Annotated[Storable, Field(description="3 to 50 letters, digits, `_` or `-`.")]
    description: Storable = ""
    transport: Annotated[Transport, Field(strict=False)] = Transport.AUTO
    command: Command = None
    args: list[Storable] = []
    roots: Annotated[
        list[Storable],
        Field(description="Folders that a command is told of; KEIKO_MCP_ROOTS allows them."),
    ] = []
    url: Storable | None = None
    env: Values = {}
    headers: Values = {}
    oauth: Annotated[
        dict[Literal["client_id", "client_secret"], Storable],
        Field(description="What Keiko was registered with by hand where this server signs in."),
    ] = {}
    sign_in: Annotated[
        SignIn, Field(strict=False, description="Who signs in: each user, or Keiko for all.")
    ] = SignIn.USER
    provider: Annotated[
        Storable | None,
        Field(
            max_length=31,
            description="Each user lends it their account at this sign-in provider of Keiko's.",
        ),
    ] = None
    timeout_seconds: Annotated[int, Field(description="1 to 300.")] = 30

    def as_draft(self) -> Draft:
        """The same, for the registry."""
        return Draft(**{name: getattr(self, name) for name in ServerBody.model_fields})


class NewServer(ServerBody):
    """A server for yourself, or (as an admin) for everybody, or for the members of a group."""

    shared: bool = False
    group_id: Id | None = None

    @property
    def is_for_others(self) -> bool:
        """Whether it is not for oneself."""
        return self.shared or self.group_id is not None


Changes = Annotated[
    dict[Storable, Storable | None],
    Field(description="Only what is named changes; null takes a name away."),
]


class ServerChange(Body):
    """What shall be different; what is left out stays."""

    name: Storable | None = None
    description: Storable | None = None
    transport: Annotated[Transport | None, Field(strict=False)] = None
    command: Command = None
    args: list[Storable] | None = None
    roots: list[Storable] | None = None
    url: Storable | None = None
    env: Changes | None = None
    headers: Changes | None = None
    oauth: Changes | None = None
    sign_in: Annotated[SignIn | None, Field(strict=False)] = None
    provider: Annotated[Storable | None, Field(max_length=31)] = None
    timeout_seconds: int | None = None

    def given(self) -> dict[str, Any]:
        """What was said; null means something for `command`, `url` and `provider` alone."""
        said = self.model_dump(exclude_unset=True)
        return {
            name: value
            for name, value in said.items()
            if value is not None or name in ("command", "url", "provider")
        }


class CallNumbers(BaseModel):
    """Calls of the last seven days: yours, or an admin's view of a shared server, everybody's."""

    model_config = ConfigDict(from_attributes=True)

    calls: int
    errors: int
    mean_milliseconds: int | None
    p95_milliseconds: int | None


class ServerView(BaseModel):
    """A server. How it is reached is told only to those who may change it."""

    id: UUID
    name: str
    description: str
    shared: bool
    group: Annotated[str | None, Field(description="Whose members alone have it.")] = None
    may_change: bool
    enabled: bool
    transport: Transport
    chosen: Annotated[Transport | None, Field(description="The transport that worked last.")]
    state: ServerState
    state_text: str
    checked_at: datetime | None
    timeout_seconds: int
    created_at: datetime
    command: str | None
    args: list[str]
    roots: list[str]
    url: str | None
    env: dict[str, Literal["set"]]
    headers: dict[str, Literal["set"]]
    oauth: dict[str, Literal["set"]]
    sign_in: SignIn
    provider: str | None
    signed_in: SignedIn = SignedIn()
    tools: list[FoundTool]
    numbers: CallNumbers
    health: Annotated[Health | None, Field(description="Null while no worker keeps it open.")] = (
        None
    )


def view_server(
    server: McpServer, numbers: Numbers, *, may_change: bool, secrets: Secrets | None
) -> ServerView:
    """A server as this user may see it."""
    known: Mapping[str, Mapping[str, str]] = secrets if may_change and secrets else {}
    return ServerView(
        **{name: getattr(server, name) for name in _SEEN_BY_ALL},
        shared=server.user_id is None,
        may_change=may_change,
        command=server.command if may_change else None,
        args=server.args if may_change else [],
        roots=server.roots if may_change else [],
        url=server.url if may_change else None,
        env=dict.fromkeys(known.get("env", {}), "set"),
        headers=dict.fromkeys(known.get("headers", {}), "set"),
        oauth=dict.fromkeys(known.get("oauth", {}), "set"),
        tools=[FoundTool.of(tool) for tool in server.tools],
        numbers=CallNumbers.model_validate(numbers),
    )


_SEEN_BY_ALL = (
    "id", "name", "description", "enabled", "sign_in", "provider", "transport", "chosen", "state",
    "state_text", "checked_at", "timeout_seconds", "created_at",
)  # fmt: skip


class ServerPage(BaseModel):
    """One page, newest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[ServerView]
    next_cursor: str | None


class PreviewBody(Body):
    """A file in the `mcpServers` form, and the values of its placeholders."""

    file: Annotated[
        JSON, Field(description='`{"mcpServers": {"name": {"command": …}}}`, as others write it.')
    ]
    values: Annotated[
        dict[Storable, Storable], Field(description="What `${NAME}` in the file stands for.")
    ] = {}


class ImportBody(PreviewBody):
    """The same, to be registered for yourself, or (as an admin) for everybody or a group."""

    shared: bool = False
    group_id: Id | None = None

    @property
    def is_for_others(self) -> bool:
        """Whether they are not for oneself."""
        return self.shared or self.group_id is not None


class ImportView(BaseModel):
    """The servers of a file; none at all while one of the other two lists holds something."""

    servers: list[ServerView]
    missing_values: list[str]
    existing: list[str]


class WellKnownView(BaseModel):
    """A well-known server; `asks` says what stands behind each `${NAME}`."""

    name: str
    does: str
    program: str
    command: str
    args: list[str]
    env: dict[str, str]
    asks: dict[str, str]
    read_only: bool
    allowed: Annotated[bool, Field(description="Whether KEIKO_MCP_COMMANDS allows it here.")]


class ExecutionView(BaseModel):
    """One call of a tool; `output` is the beginning of its answer."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    task_id: UUID
    server: str
    server_id: UUID | None
    tool: str
    arguments: JSON
    read_only: bool
    status: ExecutionStatus
    output: str | None
    milliseconds: int | None
    size: Annotated[int | None, Field(description="Bytes of the whole answer.")]
    created_at: datetime
    completed_at: datetime | None


class ExecutionPage(BaseModel):
    """One page, latest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[ExecutionView]
    next_cursor: str | None
