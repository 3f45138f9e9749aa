"""Files that earlier tool calls brought, as a model reads on in them for its user."""

import asyncio
from typing import Annotated
from uuid import UUID

from mcp.types import CallToolResult
from pydantic import Field

from app.core.db import persist
from app.core.errors import NotFound
from app.files.kinds import is_text
from app.files.models import File
from app.files.service import get_file_for_model
from tools.runtime import Acting, Refused, act

MOST_CHARACTERS = 20_000


async def read_result(
    file: Annotated[str, Field(description="Its id, as the result names it.")],
    offset: Annotated[int, Field(ge=0, description="The first character, from 0.")] = 0,
    length: Annotated[int, Field(ge=1, le=MOST_CHARACTERS)] = 10_000,
) -> CallToolResult:
    """Read on in a result that was too long, or read a text file that a tool brought.

    Use it when a result says that something is left out. It knows no other files.
    """

    async def work(who: Acting) -> str:
        found = await _find(who, file.strip())
        if not is_text(found.kind):
            raise Refused(
                who.say("not_text", name=found.name, kind=found.kind, size=f"{found.size:,}")
            )
        content = await who.resources.storage.read(found.sha256)
        if content is None:
            raise Refused(who.say("no_file", wanted=file))
        text = await asyncio.to_thread(content.decode, "utf-8", "replace")
        part = text[offset : offset + length]
        said = who.say("part", start=offset, end=offset + len(part), whole=len(text))
        return f"{part}\n{said}"

    return await act(work)


async def _find(who: Acting, wanted: str) -> File:
    try:
        id = UUID(wanted)
        return await persist(
            who.resources.db,
            lambda session: get_file_for_model(session, who.caller.user_id, id),
        )
    except (ValueError, NotFound):
        raise Refused(who.say("no_file", wanted=wanted)) from None
