"""The tools of all servers, each under the one name the model calls it by."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import orjson
from mcp import types

from app.core.db import JSON
from app.core.logs import log
from app.mcp.long_calls import is_long
from app.mcp.storable import storable

BUILT_IN = "keiko"
"""The name of the server of `tools/`, whose word about its own tools is trusted."""

_LONGEST_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(frozen=True)
class RemoteTool:
    """A tool of one server. `input_schema` is JSON Schema; `remote_name` is the server's own.

    A call of a `repeatable` tool may be made again when its end was not seen: nothing happens
    twice. That a foreign tool is idempotent is its server's word only, and not enough.

    `fingerprint` changes with whatever a person could have read before they approved it.
    """

    name: str
    description: str
    input_schema: JSON
    read_only: bool
    server: str
    remote_name: str
    repeatable: bool = False
    destructive: bool = False
    """Whether it may do away with something, as far as its server says."""
    server_id: UUID | None = None
    fingerprint: str = ""
    is_long: bool = False
    """Whether its server carries it out as a task of its own."""


def name_tools(
    servers: Iterable[tuple[str, UUID | None, Iterable[types.Tool]]],
) -> list[RemoteTool]:
    """All tools, earlier servers first. Of two with one name, the later gets its server's before.

    Names are what every model provider accepts: letters, digits, `_` and `-`, at most 64.
    """
    named: dict[str, RemoteTool] = {}
    for server, server_id, tools in servers:
        for tool in tools:
            name = _name(tool.name)
            if name in named:
                name = _name(f"{server}_{tool.name}")
            if name in named:
                log.warning("tool_left_out", server=server, tool=tool.name)
                continue
            named[name] = remote_tool(name, server, server_id, tool)
    return list(named.values())


def _name(wanted: str) -> str:
    return _NOT_IN_NAMES.sub("_", wanted)[:_LONGEST_NAME]


def fingerprint(tool: types.Tool) -> str:
    """The same for as long as a tool is described the same."""
    told = tool.model_dump(
        mode="json", include={"name", "description", "inputSchema", "annotations"}
    )
    return hashlib.sha256(orjson.dumps(storable(told), option=orjson.OPT_SORT_KEYS)).hexdigest()


def remote_tool(name: str, server: str, server_id: UUID | None, tool: types.Tool) -> RemoteTool:
    """A tool as its server describes it, under the name that models call it by."""
    hints = tool.annotations
    return RemoteTool(
        name=name,
        description=tool.description or tool.title or tool.name,
        input_schema=tool.inputSchema,
        read_only=bool(hints and hints.readOnlyHint),
        server=server,
        remote_name=tool.name,
        repeatable=server_id is None
        and server == BUILT_IN
        and bool(hints and hints.idempotentHint),
        destructive=not (hints and (hints.readOnlyHint or hints.destructiveHint is False)),
        server_id=server_id,
        fingerprint=fingerprint(tool),
        is_long=is_long(tool),
    )
