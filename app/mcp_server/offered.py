"""What a tool for others is: its name and forms, what leave it needs, and its work."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from mcp import types
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import is_storable
from app.core.resources import Resources
from app.oauth.models import Scope
from app.oauth.tokens import Guest

LONGEST_PART = 20_000
"""Characters of a long text that one call gives; the next call goes on."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """Who calls, for whom, and with what the call is answered."""

    resources: Resources
    guest: Guest
    base: str
    language: str
    tell: Callable[[int, str], Awaitable[None]]
    """Tells whoever calls how far it is: per cent, and what is done just now."""

    @property
    def user_id(self) -> UUID:
        """Whose rows this call may touch."""
        return self.guest.user_id

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One unit of work in the database."""
        async with self.resources.db.transaction() as session:
            yield session

    def link(self, thread_id: UUID) -> str:
        """Where the user sees a conversation."""
        return f"{self.base}/thread/{thread_id}"


class Takes(BaseModel):
    """Base of what a tool is given: nothing is ignored."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a tool gives that has a picture or sound beside it."""

    shown: BaseModel
    beside: types.ContentBlock


@dataclass(frozen=True, kw_only=True)
class Offered:
    """One tool; the description is for the model of whoever calls."""

    name: str
    title: str
    description: str
    takes: type[Takes]
    gives: type[BaseModel]
    scope: Scope
    work: Callable[[Call, Any], Awaitable[BaseModel | Given]]
    ends: bool = False
    """Whether something is over or gone afterwards."""
    repeatable: bool = True
    """Whether the same call made again changes nothing more."""
    reaches_out: bool = False
    """Whether it may have others do something, outside of Keiko."""

    def described(self) -> types.Tool:
        """The tool as the protocol shows it."""
        reads = self.scope is Scope.READ
        return types.Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            inputSchema=self.takes.model_json_schema(),
            outputSchema=self.gives.model_json_schema(mode="serialization"),
            annotations=types.ToolAnnotations(
                title=self.title,
                readOnlyHint=reads,
                destructiveHint=None if reads else self.ends,
                idempotentHint=None if reads else self.repeatable,
                openWorldHint=self.reaches_out,
            ),
        )


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("It holds characters that cannot be stored")
    return text


Storable = Annotated[str, AfterValidator(_storable)]
"""Text that Postgres can hold."""

Cursor = Annotated[
    Storable | None, Field(max_length=500, description="`next_cursor` of the page before.")
]
Limit = Annotated[int, Field(ge=1, le=50, description="How many at most.")]
NextCursor = Annotated[
    str | None, Field(description="Give it as `cursor` for the next page; null on the last one.")
]
