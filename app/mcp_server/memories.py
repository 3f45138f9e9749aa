"""What Keiko remembers for the user, for others: recalled, listed, added to, forgotten."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.mcp_server.offered import Call, Cursor, Limit, NextCursor, Offered, Storable, Takes
from app.memory import service
from app.memory.models import LONGEST_TEXT, MemorySource
from app.oauth.models import Scope


class MemoryShown(BaseModel):
    """One thing that Keiko remembers."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    text: str
    source: MemorySource
    source_name: str
    created_at: datetime


class Memories(BaseModel):
    """What was found."""

    memories: list[MemoryShown]


class MemoryPage(Memories):
    """One page, latest first."""

    next_cursor: NextCursor


class Forgotten(BaseModel):
    """What is remembered no more."""

    id: UUID
    text: str


class Recall(Takes):
    """What is to be recalled."""

    query: Annotated[
        Storable,
        Field(min_length=1, max_length=500, description="A question, or words, in any language."),
    ]
    limit: Limit = 10


class ListMemories(Takes):
    """Which page."""

    cursor: Cursor = None
    limit: Limit = 20


class Remember(Takes):
    """What is to be remembered."""

    text: Annotated[
        Storable,
        Field(
            min_length=1,
            max_length=LONGEST_TEXT,
            description="One fact as a whole sentence, understandable by itself.",
        ),
    ]


class Forget(Takes):
    """What is to be forgotten."""

    memory_id: Annotated[UUID, Field(description="`id` of a memory.")]


async def _recall(call: Call, wanted: Recall) -> Memories:
    async with call.transaction() as session:
        found = await service.recall(session, call.user_id, wanted.query, limit=wanted.limit)
    return Memories(memories=[MemoryShown.model_validate(each) for each in found])


async def _list(call: Call, wanted: ListMemories) -> MemoryPage:
    async with call.transaction() as session:
        page = await service.list_memories(
            session, call.user_id, search=None, after=wanted.cursor, limit=wanted.limit
        )
    shown = [MemoryShown.model_validate(each) for each in page.items]
    return MemoryPage(memories=shown, next_cursor=page.next_cursor)


async def _remember(call: Call, wanted: Remember) -> MemoryShown:
    new = service.NewMemory(text=wanted.text, source=MemorySource.APP, source_name=call.guest.name)
    async with call.transaction() as session:
        return MemoryShown.model_validate(await service.remember(session, call.user_id, new))


async def _forget(call: Call, wanted: Forget) -> Forgotten:
    async with call.transaction() as session:
        text = await service.forget(session, call.user_id, wanted.memory_id)
    return Forgotten(id=wanted.memory_id, text=text)


TOOLS = (
    Offered(
        name="recall_memories",
        title="Recall",
        description=(
            "Recall what Keiko remembers about the user and their work, by words. Use it when an"
            " answer may depend on what the user said some other time."
        ),
        takes=Recall,
        gives=Memories,
        scope=Scope.READ,
        work=_recall,
    ),
    Offered(
        name="list_memories",
        title="List memories",
        description="List everything that Keiko remembers for the user, latest first.",
        takes=ListMemories,
        gives=MemoryPage,
        scope=Scope.READ,
        work=_list,
    ),
    Offered(
        name="remember",
        title="Remember",
        description=(
            "Have Keiko remember one fact for the user, for all later conversations. Never"
            " passwords or other secrets."
        ),
        takes=Remember,
        gives=MemoryShown,
        scope=Scope.WRITE,
        work=_remember,
    ),
    Offered(
        name="forget_memory",
        title="Forget",
        description="Have Keiko forget one memory.",
        takes=Forget,
        gives=Forgotten,
        scope=Scope.WRITE,
        work=_forget,
        ends=True,
    ),
)
