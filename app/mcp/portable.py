"""Servers as a file: the `mcpServers` JSON that other assistants read and write, too.

    {"mcpServers": {"clock": {"command": "mcp-server-time", "args": [], "env": {}},
                    "tracker": {"type": "http", "url": "https://…", "headers": {}}}}

`${NAME}` in it stands for a value that is not in the file, and that whoever imports it is asked
for. It is never taken from the environment of Keiko itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import JSON
from app.core.errors import Invalid
from app.core.resources import Resources
from app.mcp.checks import Draft
from app.mcp.listing import visible_to
from app.mcp.models import McpServer, Transport
from app.mcp.registry import disable_server, is_admin, register_server, share_server
from app.mcp.sealing import open_secrets

MOST_AT_ONCE = 100
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NO_LETTER = re.compile(r"[^A-Za-z0-9]")
_TRANSPORTS = {
    None: Transport.AUTO,
    "stdio": Transport.STDIO,
    "http": Transport.STREAMABLE_HTTP,
    "streamable-http": Transport.STREAMABLE_HTTP,
    "sse": Transport.SSE,
}
_TYPES = {Transport.STREAMABLE_HTTP: "http", Transport.SSE: "sse"}


class Entry(BaseModel):
    """One server of such a file."""

    model_config = ConfigDict(strict=True, extra="forbid")

    type: Literal["stdio", "http", "streamable-http", "sse"] | None = None
    command: str | None = None
    args: list[str] = []
    roots: list[str] = []
    env: dict[str, str] = {}
    url: str | None = None
    headers: dict[str, str] = {}
    provider: str | None = None
    """Keiko's own word: its users lend it their accounts at this sign-in provider."""
    description: str = ""
    timeout: int = 30
    disabled: bool = False


class File(BaseModel):
    """Such a file."""

    model_config = ConfigDict(strict=True, extra="forbid")

    mcpServers: Annotated[dict[str, Entry], Field(min_length=1, max_length=MOST_AT_ONCE)]  # noqa: N815 - its name


@dataclass(frozen=True)
class Imported:
    """What came of an import: servers, or what stands in the way of all of them."""

    servers: list[McpServer]
    missing_values: list[str]
    existing: list[str]


def read_text(text: str) -> File:
    """The same from the text of a file."""
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Invalid("The file is not valid JSON.") from None
    return read_file(content)


def read_file(content: Any) -> File:
    """The file as it is meant. Raises Invalid, with server and field, for anything else."""
    try:
        return File.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "mcpServers"
        raise Invalid(_sentence(where, first["msg"]), field=where) from None


def _sentence(where: str, trouble: str) -> str:
    return f"{where}: {trouble}."


def placeholders(file: File) -> list[str]:
    """The names of all values that the file leaves open, each once."""
    entries = file.mcpServers.values()
    return list(dict.fromkeys(name for entry in entries for name in open_values(entry)))


def open_values(entry: Entry) -> list[str]:
    """The names of the values that one server leaves open, each once."""
    texts = [*entry.args, *entry.env.values(), *entry.headers.values(), entry.url or ""]
    return list(dict.fromkeys(name for text in texts for name in _PLACEHOLDER.findall(text)))


async def import_for_self(
    session: AsyncSession,
    resources: Resources,
    user_id: UUID,
    file: File,
    values: Mapping[str, str],
) -> Imported:
    """Register all servers of a file for this user, or none.

    Raises what `register_server` raises, with the server's name in the field. Nothing is kept then.
    """
    return await _import(session, resources, user_id, file, values, register_server)


async def import_for_all(
    session: AsyncSession,
    resources: Resources,
    user_id: UUID,
    file: File,
    values: Mapping[str, str],
    *,
    group_id: UUID | None = None,
) -> Imported:
    """The same for everybody, or a group. Raises Forbidden unless the user is an admin."""
    add = partial(share_server, group_id=group_id)
    return await _import(session, resources, user_id, file, values, add)


async def _import(
    session: AsyncSession,
    resources: Resources,
    user_id: UUID,
    file: File,
    values: Mapping[str, str],
    add: Callable[..., Any],
) -> Imported:
    missing = [name for name in placeholders(file) if not values.get(name)]
    existing = await find_existing(session, user_id, list(file.mcpServers))
    if missing or existing:
        return Imported([], missing, existing)
    servers = []
    for name, entry in file.mcpServers.items():
        try:
            server = await add(session, resources, user_id, as_draft(name, entry, values))
        except Invalid as error:
            where = f"mcpServers.{name}.{error.field}"
            raise Invalid(str(error), field=where) from error
        if entry.disabled:
            await disable_server(session, resources, user_id, server.id)
        servers.append(server)
    return Imported(servers, [], [])


async def find_existing(session: AsyncSession, user_id: UUID, names: list[str]) -> list[str]:
    """Those of the names that a server has already that this user sees."""
    lowered = [name.lower() for name in names]
    query = select(func.lower(McpServer.name)).where(
        visible_to(user_id), func.lower(McpServer.name).in_(lowered)
    )
    found = set(await session.scalars(query))
    return [name for name in names if name.lower() in found]


def as_draft(name: str, entry: Entry, values: Mapping[str, str]) -> Draft:
    """One server as somebody describes it; `values` has all that it leaves open."""

    def filled(text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: values[found[1]], text)

    return Draft(
        name=name,
        description=entry.description,
        transport=_TRANSPORTS[entry.type],
        command=entry.command,
        args=[filled(text) for text in entry.args],
        roots=entry.roots,
        url=None if entry.url is None else filled(entry.url),
        env={each: filled(text) for each, text in entry.env.items()},
        headers={each: filled(text) for each, text in entry.headers.items()},
        provider=entry.provider,
        timeout_seconds=entry.timeout,
    )


async def export_servers(session: AsyncSession, resources: Resources, user_id: UUID) -> JSON:
    """The user's servers as such a file, an admin's with the shared ones; without any secret."""
    query = select(McpServer).order_by(McpServer.created_at, McpServer.id)
    if await is_admin(session, user_id):
        query = query.where(visible_to(user_id))
    else:
        query = query.where(McpServer.user_id == user_id)
    found = await session.scalars(query)
    return {"mcpServers": {server.name: _entry(resources, server) for server in found}}


def _entry(resources: Resources, server: McpServer) -> JSON:
    def open_value(name: str) -> str:
        return "${" + _NO_LETTER.sub("_", f"{server.name}_{name}").upper() + "}"

    secrets = open_secrets(resources, server)
    entry = Entry(
        command=server.command,
        args=server.args,
        roots=server.roots,
        env={name: open_value(name) for name in secrets["env"]},
        url=server.url,
        headers={name: open_value(name) for name in secrets["headers"]},
        description=server.description,
        provider=server.provider,
        timeout=server.timeout_seconds,
        disabled=not server.enabled,
    )
    written = entry.model_dump(exclude_defaults=True)
    kind = _TYPES.get(server.transport)
    return {"type": kind, **written} if kind else written
