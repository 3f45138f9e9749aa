"""What a server offers, read within bounds: neither the number nor the texts are ours."""

from collections.abc import Sequence
from typing import Any

import orjson
from mcp import ClientSession, types
from pydantic import ValidationError

from app.core.db import JSON
from app.core.logs import log
from app.mcp.schema import named, unfolded_size
from app.mcp.storable import storable
from app.mcp.words import without_markup

MOST_TOOLS = 500
"""Tools of one server that are used; no model chooses well among more."""

LARGEST_SCHEMA = 64 * 1024
"""Bytes of one tool's schema, with all that it refers to in its place."""

LONGEST_DESCRIPTION = 4000
_MOST_PAGES = 200
_MOST_BYTES = 4 * 1024 * 1024


async def read_tools(session: ClientSession) -> tuple[list[types.Tool], str]:
    """The tools of a server, and a sentence when not all of them can be used."""
    found: dict[str, types.Tool] = {}
    left_out: list[str] = []
    cursor: str | None = None
    size = 0
    for _ in range(_MOST_PAGES):
        page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
        for tool in page.tools:
            length = unfolded_size(tool.inputSchema, LARGEST_SCHEMA)
            size += length or 0
            if length is None:
                left_out.append(tool.name)
            elif len(found) >= MOST_TOOLS or size > _MOST_BYTES:
                return list(found.values()), (
                    f"It offers more tools than can be used; the first {len(found)} are."
                )
            else:
                found.setdefault(tool.name, _fit(tool))
        cursor = page.nextCursor
        if not cursor:
            return list(found.values()), _left_out(left_out)
    return list(found.values()), (f"Its list of tools does not end; {len(found)} of them are used.")


def _left_out(names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(f"“{without_markup(name)[:64]}”" for name in names[:3])
    return f"Left out, for their schemas are too large or never end: {shown}."


def _fit(tool: types.Tool) -> types.Tool:
    """The tool with texts that are fit to be read; an output schema is of no use to a model."""
    description = without_markup(tool.description or "")
    if len(description) > LONGEST_DESCRIPTION:
        description = description[:LONGEST_DESCRIPTION] + " …"
    return types.Tool(
        name=tool.name[:200],
        title=without_markup(tool.title)[:200] if tool.title else None,
        description=description or None,
        inputSchema=_fit_schema(storable(tool.inputSchema), tool.inputSchema),
        annotations=tool.annotations,
        execution=tool.execution,
    )


def _fit_schema(value: Any, root: JSON) -> Any:
    """A schema with texts that are fit to be read, and without references that lead nowhere."""
    if isinstance(value, list):
        return [_fit_schema(each, root) for each in value]
    if not isinstance(value, dict):
        return value
    fit: JSON = {}
    for key, each in value.items():
        if key in ("description", "title") and isinstance(each, str):
            fit[key] = without_markup(each)
        elif key != "$ref" or not isinstance(each, str) or named(root, each) is not None:
            fit[key] = _fit_schema(each, root)
    return fit


def stored(tools: Sequence[types.Tool]) -> list[JSON]:
    """Tools as they are kept in a row."""
    return [
        storable(tool.model_dump(mode="json", by_alias=True, exclude_none=True)) for tool in tools
    ]


def restored(rows: Sequence[JSON]) -> list[types.Tool]:
    """Tools as they were kept; a row that is none is left out."""
    tools = []
    for row in rows[:MOST_TOOLS]:
        try:
            tools.append(types.Tool.model_validate(row))
        except ValidationError:
            log.warning("kept_tool_unreadable", bytes=len(orjson.dumps(row)))
    return tools
