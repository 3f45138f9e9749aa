"""What was done with tools, as its owner may look it up."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import JSON
from app.core.pages import Page, make_page, read_cursor
from app.core.sealed_types import read
from app.mcp.models import ExecutionStatus, ToolExecution

LONGEST_PREVIEW = 1000
"""Characters of an answer that a list shows."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which calls; what is None does not matter."""

    server_id: UUID | None = None
    tool: str | None = None
    status: ExecutionStatus | None = None


async def list_executions(
    session: AsyncSession, user_id: UUID, wanted: Wanted, *, after: str | None, limit: int
) -> Page[JSON]:
    """The user's own calls, latest first: rows of `tool_executions` with a preview of the answer.

    `after` is the `next_cursor` of the page before.
    """
    call = ToolExecution
    query = (
        select(
            call.id, call.created_at, call.completed_at, call.task_id, call.server, call.server_id,
            call.tool, call.arguments, call.read_only, call.status, call.milliseconds, call.size,
            call.output,
        )
        .where(call.user_id == user_id)
        .order_by(call.created_at.desc(), call.id.desc())
        .limit(limit + 1)
    )  # fmt: skip
    for name, value in vars(wanted).items():
        if value is not None:
            query = query.where(getattr(call, name) == value)
    if after:
        query = query.where(tuple_(call.created_at, call.id) < tuple_(*read_cursor(after)))
    found = [_opened(row) for row in await session.execute(query)]
    return make_page(found, limit, lambda row: (row["created_at"], row["id"]))


def _opened(row: Any) -> JSON:
    output = read(row.output, row.id)
    return {
        **row._mapping,
        "arguments": read(row.arguments, row.id),
        "output": output[:LONGEST_PREVIEW] if output else output,
    }
