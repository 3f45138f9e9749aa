"""Tools as they described themselves when they were accepted: a changed one is asked about again.

What a registered server offers at first sight counts as accepted, for it was registered to be used.
Each later version is accepted by a person, and stays so: a server that goes back and forth between
versions that were accepted asks nobody, and one that was not accepted never passes as another.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from mcp import types
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import new_id, now
from app.core.db import JSON, after_commit
from app.core.resources import Resources
from app.mcp.models import KnownTool, McpServer
from app.mcp.spec import ServerSpec
from app.mcp.storable import storable
from app.mcp.tools import RemoteTool, remote_tool

_WORDS = {"description", "title", "examples", "default", "$comment"}
_HELD_BACK = (
    "This tool has changed: what it says of itself now waits to be read by the user, who is asked"
    " before it is used."
)


@dataclass(frozen=True)
class Change:
    """What a tool says of itself now, and what it said when it was accepted last."""

    before: JSON
    now: JSON


@dataclass(frozen=True)
class Accepted:
    """All versions that were accepted, as a worker holds them: (server, user or None, tool)."""

    versions: Mapping[tuple[UUID, UUID | None, str], frozenset[str]] = field(default_factory=dict)

    @cached_property
    def users(self) -> frozenset[UUID]:
        """Who has accepted something by themselves."""
        return frozenset(user_id for _, user_id, _ in self.versions if user_id is not None)

    def is_changed(self, user_id: UUID | None, tool: RemoteTool) -> bool:
        """Whether a tool was accepted, and not as it is now."""
        if tool.server_id is None:
            return False
        name = storable(tool.remote_name)
        known = self.versions.get((tool.server_id, None, name), frozenset())
        if user_id is not None:
            known |= self.versions.get((tool.server_id, user_id, name), frozenset())
        return bool(known) and tool.fingerprint not in known


async def read_accepted(session: AsyncSession) -> Accepted:
    """What was accepted of all registered servers."""
    rows = await session.execute(
        select(KnownTool.server_id, KnownTool.user_id, KnownTool.tool, KnownTool.fingerprint)
    )
    versions: defaultdict[tuple[UUID, UUID | None, str], set[str]] = defaultdict(set)
    for server_id, user_id, tool, fingerprint in rows:
        versions[server_id, user_id, tool].add(fingerprint)
    return Accepted({key: frozenset(each) for key, each in versions.items()})


def held_back(tool: RemoteTool) -> RemoteTool:
    """A changed tool as a model is told of it before a person has read what it says now."""
    return replace(tool, description=_HELD_BACK, input_schema=_without_words(tool.input_schema))


def _without_words(schema: Any) -> Any:
    """The form of a schema, without what is written for readers."""
    if isinstance(schema, list):
        return [_without_words(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _without_words(each)
        for name, each in schema.items()
        if not (name in _WORDS and isinstance(each, str | list | int | float | bool | None))
    }


async def note_first(session: AsyncSession, spec: ServerSpec, tools: Iterable[types.Tool]) -> None:
    """Keep what a server offers that was never seen of it; for one user, if it knows who asks."""
    if spec.id is None:
        return
    user_id = spec.user_id if spec.is_shared else None
    seen = set(
        await session.scalars(
            select(KnownTool.tool).where(
                KnownTool.server_id == spec.id, KnownTool.user_id.is_not_distinct_from(user_id)
            )
        )
    )
    first = [remote_tool("", spec.name, spec.id, tool) for tool in tools if tool.name not in seen]
    if first and await session.get(McpServer, spec.id) is not None:
        await _keep(session, user_id, first)


async def find_change(session: AsyncSession, user_id: UUID, tool: RemoteTool) -> Change | None:
    """How a tool differs from what this user accepted; None if it does not.

    A tool that was never seen is accepted now. Those of the settings are the operator's affair.
    """
    if tool.server_id is None:
        return None
    known = list(
        await session.scalars(
            select(KnownTool)
            .where(
                KnownTool.server_id == tool.server_id,
                KnownTool.tool == storable(tool.remote_name),
                or_(KnownTool.user_id == user_id, KnownTool.user_id.is_(None)),
            )
            .order_by(KnownTool.user_id.is_(None).desc(), KnownTool.created_at)
        )
    )
    if any(each.fingerprint == tool.fingerprint for each in known):
        return None
    if not known:
        if await session.get(McpServer, tool.server_id) is not None:
            await _keep(session, user_id, [tool])
        return None
    return Change(known[-1].told, _told(tool))


async def accept(
    session: AsyncSession, resources: Resources, user_id: UUID, tool: RemoteTool
) -> None:
    """This user has seen how a tool describes itself now, and lets it be used."""
    server_id = tool.server_id
    if server_id is not None and await session.get(McpServer, server_id) is not None:
        await _keep(session, user_id, [tool])
        after_commit(session, lambda: publish_hint(resources.redis, "mcp", server_id))


async def _keep(session: AsyncSession, user_id: UUID | None, tools: Iterable[RemoteTool]) -> None:
    rows = [
        {
            "id": new_id(),
            "created_at": now(),
            "server_id": tool.server_id,
            "user_id": user_id,
            "tool": storable(tool.remote_name),
            "fingerprint": tool.fingerprint,
            "told": _told(tool),
        }
        for tool in tools
    ]
    await session.execute(insert(KnownTool).values(rows).on_conflict_do_nothing())


def _told(tool: RemoteTool) -> JSON:
    """What a person can read of a tool."""
    told: JSON = storable(
        {
            "description": tool.description,
            "input_schema": tool.input_schema,
            "read_only": tool.read_only,
            "destructive": tool.destructive,
        }
    )
    return told
