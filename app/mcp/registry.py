"""Servers that people register: an admin for everybody, everybody for themselves.

A user sees the shared ones and their own; another's is NotFound. What may be secret, the values of
environment and headers, is sealed and never given back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.clock import new_id
from app.core.db import after_commit
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.resources import Resources
from app.core.settings import Settings
from app.mcp.checks import Draft, check, check_reach, is_taken
from app.mcp.happenings import say_changed
from app.mcp.listing import visible_to
from app.mcp.loans import check_loan
from app.mcp.models import KnownTool, McpServer, ServerState, SignIn, Transport
from app.mcp.oauth.credentials import forget_all
from app.mcp.sealing import SECRET, Secrets, find_secrets, seal_secrets
from app.mcp.specs import reach_of
from app.mcp.trying import have_looked_at
from app.users.models import Group
from app.users.permissions import Permission
from app.users.rights import list_without

MOST_SERVERS = 100
"""Servers that one user may register, and that may be shared."""

_ONE_AT_A_TIME = 7_346_001
"""Who takes a name waits for who else does (advisory lock), so that it is taken once."""

_PLAIN = tuple(each.name for each in fields(Draft) if each.name not in SECRET)
_IS_ANOTHER = {"command", "args", "url"}
"""What makes it another program."""

_KEEPS_SESSION = {"description", "roots"}
"""What may change without any session being opened anew."""

_ANOTHER = {"url", "command", "oauth", "sign_in", "provider"}
"""What makes it another server, so that nobody is signed in to it any more."""


async def is_admin(session: AsyncSession, user_id: UUID) -> bool:
    """Whether this user may change what serves everybody."""
    return not await list_without(session, [user_id], Permission.SERVERS_SHARE)


async def lock_server(session: AsyncSession, user_id: UUID, server_id: UUID) -> McpServer:
    """A server that the user may change, held until the transaction ends.

    Raises Forbidden for a shared one unless the user is an admin.
    """
    found = await _lock(session, user_id, server_id)
    if found.user_id is None:
        await _require_admin(session, user_id)
    return found


async def lock_to_operate(session: AsyncSession, user_id: UUID, server_id: UUID) -> McpServer:
    """A server that the user may switch on and off, try and look into, held likewise.

    Raises Forbidden for a shared one unless the user looks after those.
    """
    found = await _lock(session, user_id, server_id)
    if found.user_id is None and await list_without(session, [user_id], Permission.SERVERS_OPERATE):
        raise Forbidden("Only an admin may change what serves everybody. Ask one.")
    return found


async def _lock(session: AsyncSession, user_id: UUID, server_id: UUID) -> McpServer:
    query = select(McpServer).where(McpServer.id == server_id, visible_to(user_id))
    found: McpServer | None = await session.scalar(query.with_for_update())
    if found is None:
        raise NotFound("There is no such server.")
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
    session: AsyncSession,
    resources: Resources,
    user_id: UUID,
    draft: Draft,
    *,
    group_id: UUID | None = None,
) -> McpServer:
    """Add a server for everybody, or for a group. Raises Forbidden unless the user is an admin."""
    await _require_admin(session, user_id)
    if group_id is not None and await session.get(Group, group_id) is None:
        raise Invalid("There is no such group.", field="group_id")
    server = await _register(session, resources, user_id, draft, owner=None)
    server.group_id = group_id
    return server


async def _register(
    session: AsyncSession, resources: Resources, user_id: UUID, draft: Draft, *, owner: UUID | None
) -> McpServer:
    draft = check(draft, resources.settings)
    check_loan(draft.provider, draft.url, owner, resources.settings)
    await _take_name(session, resources.settings, draft.name, owner)
    held = select(func.count()).where(McpServer.user_id.is_not_distinct_from(owner))
    if (await session.scalar(held) or 0) >= MOST_SERVERS:
        raise Conflict(f"There are {MOST_SERVERS} servers already. Remove one first.")
    server = McpServer(id=new_id(), user_id=owner, **_columns(draft))
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
    if is_taken(name, settings):
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
    check_loan(draft.provider, draft.url, server.user_id, resources.settings)
    if draft.name.lower() != server.name.lower():
        await _take_name(session, resources.settings, draft.name, server.user_id)
    new = _columns(draft)
    changed = [name for name in _PLAIN if getattr(server, name) != new[name]]
    for name in changed:
        setattr(server, name, new[name])
    secrets = {name: dict(getattr(draft, name)) for name in SECRET}
    if kept is None and not any(name in change for name in SECRET):
        secrets = kept = {}
    if secrets != kept:
        seal_secrets(resources, server, secrets)
        changed += [name for name in SECRET if kept is None or secrets[name] != kept[name]]
    await _forget_accepted(session, server, changed)
    if set(changed) - _KEEPS_SESSION:
        _forget_findings(server)
    if set(changed) & _ANOTHER:
        await forget_all(session, server.id)
    if changed:
        _say(session, resources, user_id, server, "changed", changed)
    return server


async def _forget_accepted(
    session: AsyncSession, server: McpServer, changed: Sequence[str]
) -> None:
    """What was accepted of the tools of one program says nothing about another's."""
    if _IS_ANOTHER.intersection(changed):
        await session.execute(delete(KnownTool).where(KnownTool.server_id == server.id))


def _columns(draft: Draft) -> dict[str, Any]:
    """What stands in the row as it was said."""
    plain = {name: getattr(draft, name) for name in _PLAIN}
    return {**plain, "args": list(draft.args), "roots": list(draft.roots)}


def _changed(server: McpServer, kept: Secrets | None, change: Mapping[str, Any]) -> Draft:
    """The server as it shall be. What belonged to a command does not go to an address."""
    said = {name: getattr(server, name) for name in _PLAIN} | dict(change)
    if (said["command"] is None) != (server.command is None):
        said |= {"transport": Transport.AUTO, "args": (), "roots": (), **change}
        kept = None
    if server.sign_in is SignIn.PROVIDER and "provider" in change and "sign_in" not in change:
        said["sign_in"] = SignIn.USER
    elif change.get("sign_in", SignIn.PROVIDER) is not SignIn.PROVIDER:
        said["provider"] = change.get("provider")
    for name in SECRET:
        both = {**(kept[name] if kept else {}), **(change.get(name) or {})}
        said[name] = {each: value for each, value in both.items() if value is not None}
    return Draft(**said)


def _forget_findings(server: McpServer) -> None:
    """What was found belongs to the server as it was."""
    server.version += 1
    server.chosen, server.checked_at = None, None
    server.state, server.state_text = ServerState.UNKNOWN, ""
    server.wants_sign_in = False


async def enable_server(
    session: AsyncSession, resources: Resources, user_id: UUID, server_id: UUID
) -> McpServer:
    """Have a server used again. Raises Invalid if the settings do not allow it any more."""
    server = await lock_to_operate(session, user_id, server_id)
    check_reach(reach_of(server), resources.settings)
    check_loan(server.provider, server.url, server.user_id, resources.settings)
    if not server.enabled:
        server.enabled = True
        _forget_findings(server)
        _say(session, resources, user_id, server, "enabled", [])
    return server


async def disable_server(
    session: AsyncSession, resources: Resources, user_id: UUID, server_id: UUID
) -> McpServer:
    """Have a server used no more; it is kept as it is."""
    server = await lock_to_operate(session, user_id, server_id)
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
    say_changed(session, server, user_id, change, fields)
    after_commit(session, lambda: publish_hint(resources.redis, "mcp", server.id))
    if change != "removed":
        have_looked_at(session, resources, server)
