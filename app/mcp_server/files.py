"""Files that tasks brought, for others: listed, and read as text, picture or sound."""

import base64
from datetime import datetime
from typing import Annotated
from uuid import UUID

from mcp import types
from pydantic import BaseModel, ConfigDict, Field

from app.core.errors import Invalid, NotFound
from app.files import service
from app.files.kinds import AUDIO, IMAGES, is_text
from app.files.models import File
from app.mcp_server.offered import (
    LONGEST_PART,
    Call,
    Cursor,
    Given,
    Limit,
    NextCursor,
    Offered,
    Takes,
)
from app.oauth.models import Scope

LARGEST = 4 * 1024 * 1024
"""Bytes of a file that are given to others."""


class FileShown(BaseModel):
    """A file of the user's."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    task_id: UUID
    name: str
    kind: Annotated[str, Field(description="Its media type.")]
    size: Annotated[int, Field(description="Bytes.")]
    created_at: datetime


class Files(BaseModel):
    """One page, latest first."""

    files: list[FileShown]
    next_cursor: NextCursor


class FileRead(FileShown):
    """A file with its text; a picture or sound stands beside it."""

    text: str | None
    next_offset: Annotated[
        int | None, Field(description="Give it as `offset` for the rest; null at the end.")
    ]


class ListFiles(Takes):
    """Which files are wanted."""

    task_id: Annotated[UUID | None, Field(description="Only what this task brought.")] = None
    cursor: Cursor = None
    limit: Limit = 20


class ReadFile(Takes):
    """Which file, and from which character of its text on."""

    file_id: Annotated[UUID, Field(description="`id` of a file.")]
    offset: Annotated[int, Field(ge=0)] = 0


async def _list(call: Call, wanted: ListFiles) -> Files:
    async with call.transaction() as session:
        page = await service.list_files_for_model(
            session,
            call.user_id,
            task_id=wanted.task_id,
            after=wanted.cursor,
            limit=wanted.limit,
        )
    shown = [FileShown.model_validate(file) for file in page.items]
    return Files(files=shown, next_cursor=page.next_cursor)


async def _read(call: Call, wanted: ReadFile) -> FileRead | Given:
    async with call.transaction() as session:
        file = await service.get_file_for_model(session, call.user_id, wanted.file_id)
    if file.size > LARGEST:
        raise Invalid(f"This file is larger than {LARGEST // 1024 // 1024} MB; open it in Keiko.")
    content = await call.resources.storage.read(file.sha256)
    if content is None:
        raise NotFound("The content of this file is not there any more.")
    if is_text(file.kind):
        return _part(file, content.decode(errors="replace"), wanted.offset)
    return Given(shown=_part(file, None, 0), beside=_beside(file, content))


def _part(file: File, text: str | None, offset: int) -> FileRead:
    end = offset + LONGEST_PART
    return FileRead(
        **FileShown.model_validate(file).model_dump(),
        text=None if text is None else text[offset:end],
        next_offset=end if text is not None and len(text) > end else None,
    )


def _beside(file: File, content: bytes) -> types.ContentBlock:
    data = base64.b64encode(content).decode()
    if file.kind in IMAGES:
        return types.ImageContent(type="image", data=data, mimeType=file.kind)
    if file.kind in AUDIO:
        return types.AudioContent(type="audio", data=data, mimeType=file.kind)
    raise Invalid("This file is no text, picture or sound; open it in Keiko.")


TOOLS = (
    Offered(
        name="list_files",
        title="List files",
        description="List what the user's tasks in Keiko brought that is more than text.",
        takes=ListFiles,
        gives=Files,
        scope=Scope.READ,
        work=_list,
    ),
    Offered(
        name="read_file",
        title="Read a file",
        description="Read a file of the user's: text in parts, a picture or sound as a whole.",
        takes=ReadFile,
        gives=FileRead,
        scope=Scope.READ,
        work=_read,
    ),
)
