"""/files: what tasks brought that is more than text, for its owner alone."""

import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, computed_field
from starlette.responses import Response

from app.api.deps import CallerNow, may
from app.api.errors import documented
from app.core.envelope import Success
from app.core.errors import NotFound
from app.core.http import NOTHING_ALLOWED
from app.files import service
from app.files.kinds import is_shown, is_text
from app.files.models import File
from app.users.permissions import Permission

router = APIRouter(prefix="/files", tags=["files"], dependencies=[may(Permission.FILES_READ)])

_CONTENT: dict[str, Any] = {
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
}
_SAFE = {
    "Content-Security-Policy": f"sandbox; {NOTHING_ALLOWED}",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
}
"""Whatever a file holds, a browser runs nothing of it; and it asks each time whether it may see."""


class FileView(BaseModel):
    """A file of yours; its bytes stand at `url`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    task_id: UUID
    thread_id: UUID | None
    name: str
    kind: str
    """The media type, as the content itself shows it."""
    size: int
    sha256: str
    source: str
    created_at: datetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def url(self) -> str:
        """Where its bytes are."""
        return f"/api/v1/files/{self.id}"


class FilePage(BaseModel):
    """One page, latest first. `next_cursor` goes into `after`; null on the last page."""

    items: list[FileView]
    next_cursor: str | None


@router.get("", operation_id="list_files")
async def list_files(
    caller: CallerNow,
    task_id: UUID | None = None,
    thread_id: UUID | None = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Success[FilePage]:
    """Your files: all, or those of one task or one conversation."""
    async with caller.transaction() as session:
        page = await service.list_files(
            session,
            caller.user_id,
            task_id=task_id,
            thread_id=thread_id,
            after=after,
            limit=limit,
        )
    items = [FileView.model_validate(file) for file in page.items]
    return Success(data=FilePage(items=items, next_cursor=page.next_cursor))


@router.get(
    "/{file_id}",
    operation_id="get_file",
    response_class=FileResponse,
    responses={200: _CONTENT, 206: _CONTENT | {"description": "A range"}, **documented(404)},
)
async def get_file(file_id: UUID, request: Request, caller: CallerNow) -> Response:
    """The bytes of a file. `Range` gives a part (206), a known `If-None-Match` nothing (304).

    Images and audio are shown by a browser itself, everything else is saved to disk.
    """
    async with caller.transaction() as session:
        file = await service.get_file(session, caller.user_id, file_id)
    headers = {**_SAFE, "ETag": f'"{file.sha256}"'}
    if _is_known(headers["ETag"], request.headers.get("if-none-match", "")):
        return Response(None, 304, headers)
    path = caller.resources.storage.path(file.sha256)
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("The content of this file is not there any more.")
    return FileResponse(
        path,
        headers=headers,
        media_type=_told(file),
        filename=file.name,
        content_disposition_type="inline" if is_shown(file.kind) else "attachment",
    )


def _told(file: File) -> str:
    return f"{file.kind}; charset=utf-8" if is_text(file.kind) else file.kind


def _is_known(etag: str, if_none_match: str) -> bool:
    held = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in held or "*" in held
