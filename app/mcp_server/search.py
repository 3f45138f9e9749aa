"""What was said in the user's conversations, for others: found by its words, and read."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.chats.models import Step, StepKind
from app.chats.search import Said, search_messages
from app.chats.service import get_thread, list_steps
from app.mcp_server.offered import (
    LONGEST_PART,
    Call,
    Cursor,
    Limit,
    NextCursor,
    Offered,
    Storable,
    Takes,
)
from app.oauth.models import Scope


class Found(BaseModel):
    """A message that fits; `id` is that of its conversation."""

    id: UUID
    title: str
    url: str
    text: Annotated[str, Field(description="The words around the place.")]
    by: Literal["user", "assistant"]
    created_at: datetime


class Results(BaseModel):
    """One page, latest first."""

    results: list[Found]
    next_cursor: NextCursor


class Document(BaseModel):
    """A conversation as text."""

    id: UUID
    title: str
    url: str
    text: str
    next_offset: Annotated[
        int | None, Field(description="Give it as `offset` for the rest; null at the end.")
    ]


class Search(Takes):
    """Which words are looked for."""

    query: Annotated[
        Storable,
        Field(min_length=1, max_length=500, description="Words that must all occur in a message."),
    ]
    cursor: Cursor = None
    limit: Limit = 10


class Fetch(Takes):
    """Which conversation, and from which character on."""

    id: Annotated[UUID, Field(description="`id` of a result of search.")]
    offset: Annotated[int, Field(ge=0)] = 0


def _found(call: Call, said: Said) -> Found:
    return Found(
        id=said.thread_id,
        title=said.thread_name,
        url=call.link(said.thread_id),
        text=said.excerpt,
        by="user" if said.by_user else "assistant",
        created_at=said.created_at,
    )


async def _search(call: Call, wanted: Search) -> Results:
    async with call.transaction() as session:
        page = await search_messages(
            session, call.user_id, wanted.query, after=wanted.cursor, limit=wanted.limit
        )
    return Results(
        results=[_found(call, said) for said in page.items], next_cursor=page.next_cursor
    )


async def _fetch(call: Call, wanted: Fetch) -> Document:
    async with call.transaction() as session:
        thread = await get_thread(session, call.user_id, wanted.id)
        steps = await list_steps(session, thread.id)
    text = "\n\n".join(_line(step) for step in steps if step.kind is not StepKind.TOOL)
    end = wanted.offset + LONGEST_PART
    return Document(
        id=thread.id,
        title=thread.name,
        url=call.link(thread.id),
        text=text[wanted.offset : end],
        next_offset=end if len(text) > end else None,
    )


def _line(step: Step) -> str:
    return f"**{step.name}**: {step.output}"


TOOLS = (
    Offered(
        name="search",
        title="Search conversations",
        description=(
            "Search everything that the user and Keiko have said to each other, by words."
            " Read a whole conversation with fetch."
        ),
        takes=Search,
        gives=Results,
        scope=Scope.READ,
        work=_search,
    ),
    Offered(
        name="fetch",
        title="Read a conversation",
        description="Read one of the user's conversations with Keiko.",
        takes=Fetch,
        gives=Document,
        scope=Scope.READ,
        work=_fetch,
    ),
)
