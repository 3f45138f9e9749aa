"""/memories: what Keiko remembers for you."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, CallerNow, Storable, may
from app.api.errors import documented
from app.core.envelope import Success
from app.memory import service
from app.memory.models import LONGEST_TEXT, MemorySource
from app.memory.service import LONGEST_QUESTION, NewMemory
from app.users.permissions import Permission

router = APIRouter(
    prefix="/memories",
    tags=["memories"],
    dependencies=[may(Permission.MEMORIES_READ, to_write=Permission.MEMORIES_WRITE)],
)

ONE = "/{memory_id}"
Text = Annotated[Storable, Field(min_length=1, max_length=LONGEST_TEXT)]


class MemoryView(BaseModel):
    """One thing to remember, and who had it remembered: you, Keiko, or a program you let in."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    text: str
    source: MemorySource
    source_name: str
    created_at: datetime
    changed_at: datetime


class MemoryPage(BaseModel):
    """One page, latest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[MemoryView]
    next_cursor: str | None


class MemoryText(Body):
    """What is to be remembered, in plain words."""

    text: Text


@router.get("", operation_id="list_memories")
async def list_memories(
    caller: CallerNow,
    search: Annotated[
        Storable | None,
        Query(max_length=LONGEST_QUESTION, description="Those that share a word with this."),
    ] = None,
    after: Annotated[
        Storable | None, Query(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Success[MemoryPage]:
    """Your memories, latest first; at most 1,000 are kept."""
    async with caller.transaction() as session:
        page = await service.list_memories(
            session, caller.user_id, search=search, after=after, limit=limit
        )
    items = [MemoryView.model_validate(each) for each in page.items]
    return Success(data=MemoryPage(items=items, next_cursor=page.next_cursor))


@router.get("/recall", operation_id="recall_memories")
async def recall_memories(
    caller: CallerNow,
    question: Annotated[Storable, Query(min_length=1, max_length=LONGEST_QUESTION)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Success[list[MemoryView]]:
    """Those of your memories that share words with a question, the closest first."""
    async with caller.transaction() as session:
        found = await service.recall(session, caller.user_id, question, limit=limit)
    return Success(data=[MemoryView.model_validate(each) for each in found])


@router.post("", operation_id="add_memory", status_code=201, responses=documented(409))
async def add_memory(new: MemoryText, caller: CallerNow) -> Success[MemoryView]:
    """Have something remembered. What is known word for word stays as it is."""
    wanted = NewMemory(text=new.text, source=MemorySource.USER)
    async with caller.transaction() as session:
        memory = await service.remember(session, caller.user_id, wanted)
        return Success(data=MemoryView.model_validate(memory))


@router.get(ONE, operation_id="get_memory", responses=documented(404))
async def read_memory(memory_id: UUID, caller: CallerNow) -> Success[MemoryView]:
    """One of your memories."""
    async with caller.transaction() as session:
        memory = await service.get_memory(session, caller.user_id, memory_id)
    return Success(data=MemoryView.model_validate(memory))


@router.patch(ONE, operation_id="change_memory", responses=documented(404))
async def change_memory(
    memory_id: UUID, change: MemoryText, caller: CallerNow
) -> Success[MemoryView]:
    """Put another text in its place."""
    async with caller.transaction() as session:
        memory = await service.change_memory(session, caller.user_id, memory_id, change.text)
        return Success(data=MemoryView.model_validate(memory))


@router.delete(ONE, operation_id="forget_memory", responses=documented(404))
async def forget_memory(memory_id: UUID, caller: CallerNow) -> Success[MemoryText]:
    """Forget it. The answer says what it was, so that it can be remembered again."""
    async with caller.transaction() as session:
        text = await service.forget(session, caller.user_id, memory_id)
    return Success(data=MemoryText(text=text))
