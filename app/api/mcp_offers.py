"""/mcp: prompts that can be used as commands, and resources that can be attached to a message."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from app.api.deps import CallerNow, Storable, may
from app.chats.commands import Command
from app.core.envelope import Success
from app.mcp.offering import list_prompts, list_resources
from app.users.permissions import Permission

router = APIRouter(prefix="/mcp", tags=["mcp"], dependencies=[may(Permission.SERVERS_READ)])


class ArgumentView(BaseModel):
    """Something that a prompt is given."""

    name: str
    description: str
    required: bool


class PromptView(BaseModel):
    """A prompt of a server: a message that begins with `/command` uses it."""

    model_config = ConfigDict(from_attributes=True)

    command: str
    server_id: UUID
    server: str
    name: str
    title: str
    description: str
    arguments: list[ArgumentView]


class ResourceView(BaseModel):
    """What can be attached to a message by `server_id` and `uri`.

    In the uri of a `template`, `{NAME}` stands for a variable: fill it in first.
    """

    model_config = ConfigDict(from_attributes=True)

    server_id: UUID
    server: str
    uri: str
    name: str
    description: str
    kind: str
    size: int | None
    template: bool


@router.get("/prompts", operation_id="list_mcp_prompts")
async def list_own_prompts(caller: CallerNow) -> Success[list[PromptView]]:
    """The prompts of your servers and the shared ones, each with the command that means it."""
    async with caller.transaction() as session:
        found = await list_prompts(session, caller.user_id, taken=list(Command))
    return Success(data=[PromptView.model_validate(each) for each in found])


@router.get("/resources", operation_id="list_mcp_resources")
async def list_own_resources(
    caller: CallerNow,
    search: Annotated[Storable, Query(max_length=200)] = "",
    server_id: UUID | None = None,
) -> Success[list[ResourceView]]:
    """The resources of your servers and the shared ones (at most 50).

    `search` finds those whose name, address or server has all its words.
    """
    async with caller.transaction() as session:
        found = await list_resources(session, caller.user_id, search, server_id=server_id)
    return Success(data=[ResourceView.model_validate(each) for each in found])
