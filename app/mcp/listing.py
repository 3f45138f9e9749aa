"""Servers as their users see them, and how their calls went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Float, and_, cast, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import now
from app.core.errors import NotFound
from app.core.pages import Page, make_page, read_cursor
from app.mcp.models import ExecutionStatus, McpServer, ToolExecution
from app.users.models import GroupMember, User
from app.users.permissions import Permission
from app.users.rights import has_right

COUNTED = timedelta(days=7)
"""How far back the numbers of a server reach."""


@dataclass(frozen=True)
class Numbers:
    """What was called at a server within `COUNTED`; milliseconds from call to answer."""

    calls: int = 0
    errors: int = 0
    mean_milliseconds: int | None = None
    p95_milliseconds: int | None = None


def usable_by(user_id: UUID) -> ColumnElement[bool]:
    """The servers that serve a user: shared ones, those of their groups, and their own."""
    groups = select(GroupMember.group_id).where(GroupMember.user_id == user_id)
    in_reach = or_(McpServer.group_id.is_(None), McpServer.group_id.in_(groups))
    return or_(McpServer.user_id == user_id, and_(McpServer.user_id.is_(None), in_reach))


def visible_to(user_id: UUID) -> ColumnElement[bool]:
    """The servers that a user may see; who looks after shared ones, those of all groups too."""
    looks_after = exists().where(User.id == user_id, has_right(Permission.SERVERS_OPERATE))
    return or_(usable_by(user_id), and_(McpServer.user_id.is_(None), looks_after))


async def list_servers(
    session: AsyncSession, user_id: UUID, *, after: str | None = None, limit: int = 50
) -> Page[McpServer]:
    """What a user may see, newest first. `after` is the `next_cursor` of the page before."""
    query = select(McpServer).where(visible_to(user_id))
    if after:
        key = tuple_(McpServer.created_at, McpServer.id)
        query = query.where(key < tuple_(*read_cursor(after)))
    query = query.order_by(McpServer.created_at.desc(), McpServer.id.desc()).limit(limit + 1)
    found = list(await session.scalars(query))
    return make_page(found, limit, lambda server: (server.created_at, server.id))


async def get_server(session: AsyncSession, user_id: UUID, server_id: UUID) -> McpServer:
    """A server that the user may see; another's is as good as absent."""
    query = select(McpServer).where(McpServer.id == server_id, visible_to(user_id))
    found: McpServer | None = await session.scalar(query)
    if found is None:
        raise NotFound("There is no such server.")
    return found


async def find_server(session: AsyncSession, user_id: UUID, name: str) -> McpServer | None:
    """The server that this user sees under this name."""
    query = select(McpServer).where(func.lower(McpServer.name) == name.lower(), visible_to(user_id))
    found: McpServer | None = await session.scalar(query)
    return found


async def count_calls(
    session: AsyncSession, user_id: UUID, server_ids: Sequence[UUID], *, everybody: bool
) -> dict[UUID, Numbers]:
    """The user's calls of these servers in numbers; with `everybody`, those of all users."""
    took = ToolExecution.milliseconds
    query = (
        select(
            ToolExecution.server_id,
            func.count(),
            func.count().filter(ToolExecution.status == ExecutionStatus.FAILED),
            cast(func.avg(took), Float),
            func.percentile_cont(0.95).within_group(took),
        )
        .where(
            ToolExecution.server_id.in_(server_ids),
            ToolExecution.created_at > now() - COUNTED,
        )
        .group_by(ToolExecution.server_id)
    )
    if not everybody:
        query = query.where(ToolExecution.user_id == user_id)
    rows = (await session.execute(query)).all()
    return {
        server_id: Numbers(calls, errors, _rounded(mean), _rounded(slow))
        for server_id, calls, errors, mean, slow in rows
        if server_id is not None
    }


def _rounded(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds)
