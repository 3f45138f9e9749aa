"""Servers that people register: an admin for everybody, everybody for themselves.

A user sees the shared ones and their own; another's is NotFound. What may be secret, the values of
environment and headers, is sealed and never given back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import new_id, now
from app.core.db import JSON, after_commit
from app.core.errors import AppError, Conflict, Forbidden, Invalid, NotFound
from app.core.logs import log
from app.core.resources import Resources
from app.core.settings import Settings
from app.events.store import record
from app.events.types import McpServerChanged
from app.mcp.checks import Draft, check, check_reach
from app.mcp.listing import visible_to
from app.mcp.models import McpServer, ServerState, Transport
from app.mcp.sealing import SECRET, Secrets, find_secrets, open_secrets, seal_secrets
from app.mcp.spec import ServerSpec
from app.mcp.trying import have_looked_at
from app.users.models import Role, User

MOST_SERVERS = 100
"""Servers that one user may register, and that may be shared."""

BUILT_IN_NAME = "keiko"
_ONE_AT_A_TIME = 7_346_001
"""Who takes a name waits for who else does (advisory lock), so that it is taken once."""

_PLAIN = tuple(each.name for each in fields(Draft) if each.name not in SECRET)
_KEEPS_SESSION = {"description"}
"""What may change without any session being opened anew."""


async def is_admin(session: AsyncSession, user_id: UUID) -> bool:
    """Whether this user may touch what serves everybody."""
    return await session.scalar(select(User.role).where(User.id == user_id)) is Role.ADMIN


async def lock_server(session: AsyncSession, user_id: UUID, server_id: UUID) -> McpServer:
    """A server that the user may change, held until the transaction ends.

    Raises Forbidden for a shared one unless the user is an admin.
    """
    query = select(McpServer).where(McpServer.id == server_id, visible_to(user_id))
    found: McpServer | None = await session.scalar(query.with_for_update())
    if found is None:
        raise NotFound("There is no such server.")
    if found.user_id is None:
        await _require_admin(session, user_id)
    return found


async def _require_admin(session: AsyncSession, user_id: UUID) -> None:
    if not await is_admin(session, user_id):
        raise Forbidden("Only an admin may change what serves everybody. Ask one.")


async def register_server(
    session: AsyncSession, resources: Resources, user_id: UUID, draft: Draft
) -> McpServer:
    """Add a server for this user alone.

    Raises Invalid with the field, and Conflict when there are too many.
    """
    return await _register(session, resources, user_id, draft, owner=user_id)


async def share_server(
    session: AsyncSession, resources: Resources, user_id: UUID, draft: Draft
) -> McpServer:
    """Add a server for everybody. Raises Forbidden unless the user is an admin."""
    await _require_admin(session, user_id)
    return await _register(session, resources, user_id, draft, owner=None)


async def _register(
    session: AsyncSession, resources: Resources, user_id: UUID, draft: Draft, *, owner: UUID | None
) -> McpServer:
    draft = check(draft, resources.settings)
    await _take_name(session, resources.settings, draft.name, owner)
    held = select(func.count()).where(McpServer.user_id.is_not_distinct_from(owner))
    if (await session.scalar(held) or 0) >= MOST_SERVERS:
        raise Conflict(f"There are {MOST_SERVERS} servers already. Remove one first.")
    plain = {name: getattr(draft, name) for name in _PLAIN}
    server = McpServer(id=new_id(), user_id=owner, **{**plain, "args": list(draft.args)})
    seal_secrets(resources, server, {name: dict(getattr(draft, name)) for name in SECRET})
    session.add(server)
    await session.flush()
    given = [name for name in (*_PLAIN, *SECRET) if getattr(draft, name)]
    _say(session, resources, user_id, server, "registered", given)
    return server


async def _take_name(
    session: AsyncSession, settings: Settings, name: str, owner: UUID | None
) -> None:
    """Names are unique among what each user sees; a shared one is seen by all."""
    await session.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    if name.lower() in (BUILT_IN_NAME, *(server.name.lower() for server in settings.tool_servers)):
        raise Invalid(f"“{name}” is the name of one of Keiko's own servers.", field="name")
    query = select(McpServer.id).where(func.lower(McpServer.name) == name.lower())
    if owner is not None:
        query = query.where(visible_to(owner))
    if await session.scalar(query.limit(1)) is not None:
        raise Invalid(f"There is a server named “{name}” already.", field="name")


async def change_server(
    session: AsyncSession,
    resources: Resources,
    user_id: UUID,
    server_id: UUID,
    change: Mapping[str, Any],
) -> McpServer:
    """Say anew what `change` names, by the fields of Draft.

    Of `env` and `headers` only the names that are given change; None takes one away. Raises what
    `register_server` raises.
    """
    server = await lock_server(session, user_id, server_id)
    kept = find_secrets(resources, server)
    draft = check(_changed(server, kept, change), resources.settings)
    if draft.name.lower() != server.name.lower():
        await _take_name(session, resources.settings, draft.name, server.user_id)
    new = {name: getattr(draft, name) for name in _PLAIN} | {"args": list(draft.args)}
    changed = [name for name in _PLAIN if getattr(server, name) != new[name]]
    for name in changed:
        setattr(server, name, new[name])
    secrets = {name: dict(getattr(draft, name)) for name in SECRET}
    if kept is None and not any(name in change for name in SECRET):
        secrets = kept = {}
    if secrets != kept:
        seal_secrets(resources, server, secrets)
        changed += [name for name in SECRET if kept is None or secrets[name] != kept[name]]
    if set(changed) - _KEEPS_SESSION:
        _forget_findings(server)
    if changed:
        _say(session, resources, user_id, server, "changed", changed)
    return server


def _changed(server: McpServer, kept: Secrets | None, change: Mapping[str, Any]) -> Draft:
    """The server as it shall be. What belonged to a command does not go to an address."""
    said = {name: getattr(server, name) for name in _PLAIN} | dict(change)
    if (said["command"] is None) != (server.command is None):
        said |= {"transport": Transport.AUTO, "args": (), **change}
        kept = None
    for name in SECRET:
        both = {**(kept[name] if kept else {}), **(change.get(name) or {})}
        said[name] = {each: value for each, value in both.items() if value is not None}
    return Draft(**said)


def _forget_findings(server: McpServer) -> None:
    """What was found belongs to the server as it was."""
    server.version += 1
    server.chosen, server.checked_at = None, None
    server.state, server.state_text = ServerState.UNKNOWN, ""


async def enable_server(
    session: AsyncSession, resources: Resources, user_id: UUID, server_id: UUID
) -> McpServer:
    """Have a server used again. Raises Invalid if the settings do not allow it any more."""
    server = await lock_server(session, user_id, server_id)
    check_reach(_reach(server), resources.settings)
    if not server.enabled:
        server.enabled = True
        _forget_findings(server)
        _say(session, resources, user_id, server, "enabled", [])
    return server


async def disable_server(
    session: AsyncSession, resources: Resources, user_id: UUID, server_id: UUID
) -> McpServer:
    """Have a server used no more; it is kept as it is."""
    server = await lock_server(session, user_id, server_id)
    if server.enabled:
        server.enabled = False
        _forget_findings(server)
        _say(session, resources, user_id, server, "disabled", [])
    return server


async def remove_server(
    session: AsyncSession, resources: Resources, user_id: UUID, server_id: UUID
) -> McpServer:
    """Forget a server and its secrets; what was done with it stays on record."""
    server = await lock_server(session, user_id, server_id)
    _say(session, resources, user_id, server, "removed", [])
    await session.delete(server)
    return server


def _say(
    session: AsyncSession,
    resources: Resources,
    user_id: UUID,
    server: McpServer,
    change: str,
    fields: Sequence[str],
) -> None:
    record(
        session,
        McpServerChanged(
            user_id=user_id,
            subject_id=server.id,
            server_id=server.id,
            name=server.name,
            shared=server.user_id is None,
            change=change,
            fields=sorted(fields),
        ),
    )
    after_commit(session, lambda: publish_hint(resources.redis, "mcp", server.id))
    if change != "removed":
        have_looked_at(session, resources, server)


def _reach(server: McpServer) -> Draft:
    return Draft(
        name=server.name,
        transport=server.transport,
        command=server.command,
        args=server.args,
        url=server.url,
    )


async def read_specs(session: AsyncSession, resources: Resources) -> list[ServerSpec]:
    """Every server that is to be used, oldest first, with its secrets in the clear.

    One that may not be reached any more, or whose secrets do not open, is left out and says why.
    """
    query = (
        select(McpServer)
        .outerjoin(User, User.id == McpServer.user_id)
        .where(McpServer.enabled, or_(McpServer.user_id.is_(None), User.is_active))
        .order_by(McpServer.created_at, McpServer.id)
    )
    specs = []
    for server in await session.scalars(query):
        try:
            check_reach(_reach(server), resources.settings)
            specs.append(as_spec(resources, server))
        except AppError as error:
            if server.state_text != str(error):
                log.warning("tool_server_left_out", server_id=str(server.id), reason=str(error))
                await note_state(session, server.id, ServerState.REFUSED, str(error))
    return specs


def as_spec(resources: Resources, server: McpServer) -> ServerSpec:
    """How a server is reached. Raises Unavailable if its secrets do not open."""
    secrets = open_secrets(resources, server)
    return ServerSpec(
        name=server.name,
        id=server.id,
        user_id=server.user_id,
        transport=server.transport,
        command=server.command,
        args=tuple(server.args),
        url=server.url,
        env=secrets["env"],
        headers=secrets["headers"],
        timeout_seconds=server.timeout_seconds,
        version=server.version,
        chosen=server.chosen,
        tools=tuple(server.tools),
    )


async def note_state(
    session: AsyncSession,
    server_id: UUID,
    state: ServerState,
    sentence: str,
    *,
    chosen: Transport | None = None,
    tools: Sequence[JSON] | None = None,
) -> None:
    """Keep how a server was found; what is not given stays. A removed server is passed over."""
    found: JSON = {"state": state, "state_text": sentence, "checked_at": now()}
    if chosen is not None:
        found["chosen"] = chosen
    if tools is not None:
        found["tools"] = list(tools)
    await session.execute(update(McpServer).where(McpServer.id == server_id).values(**found))
