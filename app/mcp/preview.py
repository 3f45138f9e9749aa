"""What an import of an `mcpServers` file would do, server by server, before it is done.

A file of another assistant may hold what Keiko does not know, and servers that may not be reached
from here. An import takes all or nothing; this says what to leave out of it, and why.
"""

import shlex
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid
from app.core.settings import Settings
from app.mcp.checks import check, is_taken
from app.mcp.portable import MOST_AT_ONCE, Entry, as_draft, find_existing, open_values


class Foreseen(BaseModel):
    """One server of a file: `problem` is why it cannot be added as it stands, else null.

    `wants` are the `${NAME}`s that have no value so far, `unknown` the words of its entry that mean
    nothing here: the import refuses them, so leave them out.
    """

    name: str
    reached_by: str = ""
    description: str = ""
    disabled: bool = False
    wants: list[str] = []
    unknown: list[str] = []
    problem: str | None = None


async def preview_import(
    session: AsyncSession,
    settings: Settings,
    user_id: UUID,
    content: Any,
    values: Mapping[str, str],
) -> list[Foreseen]:
    """Every server of a file, in its order. Raises Invalid where it is no such file at all."""
    servers = content.get("mcpServers") if isinstance(content, dict) else None
    if not isinstance(servers, dict) or not servers:
        raise Invalid("There is no “mcpServers” in it, which names the servers.", field="file")
    if len(servers) > MOST_AT_ONCE:
        raise Invalid(f"A file may name at most {MOST_AT_ONCE} servers.", field="file")
    existing = await find_existing(session, user_id, list(servers))
    return [
        _foresee(str(name), entry, values, settings, exists=name in existing)
        for name, entry in servers.items()
    ]


def _foresee(
    name: str, said: Any, values: Mapping[str, str], settings: Settings, *, exists: bool
) -> Foreseen:
    unknown: list[str] = []
    if isinstance(said, dict):
        unknown = [str(word)[:100] for word in said if word not in Entry.model_fields]
        said = {word: value for word, value in said.items() if word in Entry.model_fields}
    try:
        entry = Entry.model_validate(said)
    except ValidationError as error:
        return Foreseen(name=name, unknown=unknown, problem=_unfit(error))
    wants = [each for each in open_values(entry) if not values.get(each)]
    exists_already = f"There is a server named “{name}” already."
    filled = {**dict.fromkeys(wants, "x"), **values}
    return Foreseen(
        name=name,
        reached_by=entry.url or shlex.join([entry.command or "", *entry.args]),
        description=entry.description,
        disabled=entry.disabled,
        wants=wants,
        unknown=unknown,
        problem=exists_already if exists else _problem(name, entry, filled, settings),
    )


def _unfit(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "{}"
    return f"What the file says of it does not fit at “{where}”: {first['msg']}."


def _problem(name: str, entry: Entry, values: Mapping[str, str], settings: Settings) -> str | None:
    """Why this server may not be registered, as far as that is known without its values."""
    try:
        check(as_draft(name, entry, values), settings)
    except Invalid as error:
        return str(error)
    if is_taken(name, settings):
        return f"“{name}” is the name of one of Keiko's own servers."
    return None
