"""What a user may choose of what servers offer: prompts as commands, resources to attach.

Of their own servers and shared ones that are switched on, as these offered it last.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import JSON
from app.core.errors import Invalid, NotFound
from app.mcp.listing import usable_by
from app.mcp.models import McpServer
from app.mcp.offers import LONGEST_URI, Offers

MOST_COMMANDS = 300
MOST_FOUND = 50
"""Resources that a search gives back."""

LONGEST_VALUE = 20_000
_NOT_IN_COMMANDS = re.compile(r"[^A-Za-z0-9_.-]")
_PAIR = re.compile(r"""(?:^|\s)([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)""")


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A prompt of one server, and the command that means it."""

    command: str
    server_id: UUID
    server: str
    name: str
    title: str
    description: str
    arguments: tuple[JSON, ...]

    @property
    def required(self) -> list[str]:
        """The names of the arguments that it cannot do without."""
        return [each["name"] for each in self.arguments if each["required"]]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource, or (`template`) many of a kind: `{NAME}` in its uri stands for a variable."""

    server_id: UUID
    server: str
    uri: str
    name: str
    description: str
    kind: str
    size: int | None
    template: bool


async def note_offers(session: AsyncSession, server_id: UUID, offers: Offers) -> None:
    """Keep what a server offers. A removed server is passed over."""
    await session.execute(
        update(McpServer).where(McpServer.id == server_id).values(**offers.as_columns())
    )


async def list_prompts(
    session: AsyncSession, user_id: UUID, *, taken: Collection[str] = ()
) -> list[Prompt]:
    """All prompts of a user's servers.

    The command is `server:prompt`, or `prompt` where just one is named so and it is not `taken`.
    """
    query = (
        select(McpServer.id, McpServer.name, McpServer.prompts)
        .where(usable_by(user_id), McpServer.enabled, McpServer.prompts != [])
        .order_by(McpServer.name, McpServer.id)
    )
    rows = (await session.execute(query)).all()
    found = [(id, server, each) for id, server, prompts in rows for each in prompts]
    shorts = Counter(_short(each["name"]).lower() for _, _, each in found)
    shorts.update({each.lower(): 1 for each in taken})
    named: dict[str, Prompt] = {}
    for id, server, each in found[:MOST_COMMANDS]:
        short = _short(each["name"])
        command = short if shorts[short.lower()] == 1 else f"{server}:{short}"
        named.setdefault(
            command.lower(),
            Prompt(
                command=command,
                server_id=id,
                server=server,
                name=each["name"],
                title=each["title"],
                description=each["description"],
                arguments=tuple(each["arguments"]),
            ),
        )
    return list(named.values())


def _short(name: str) -> str:
    return _NOT_IN_COMMANDS.sub("_", name)


def find_in(prompts: Sequence[Prompt], command: str) -> Prompt | None:
    """The prompt that a command means; with its server's name before it, it always may."""
    wanted = command.lower()
    for prompt in prompts:
        if wanted in (prompt.command.lower(), f"{prompt.server}:{_short(prompt.name)}".lower()):
            return prompt
    return None


def read_arguments(prompt: Prompt, text: str) -> tuple[dict[str, str], str]:
    """The arguments in what stands behind a command, and what is left of it.

    `name=value` and `name="many words"` name them; without such, the whole text is the first that
    is required, or the only one there is. What is missing then is asked for later.
    """
    names = [each["name"] for each in prompt.arguments]
    pairs = [pair for pair in _PAIR.finditer(text) if pair[1] in names]
    given = {pair[1]: _unquoted(pair[2]) for pair in pairs}
    rest = text if not pairs else ""
    single = prompt.required[:1] if prompt.required else names[:1]
    if rest.strip() and single and (len(prompt.required) == 1 or len(names) == 1):
        given[single[0]], rest = rest.strip(), ""
    if any(len(value) > LONGEST_VALUE for value in given.values()):
        raise Invalid(f"An argument has at most {LONGEST_VALUE:,} characters.", field="text")
    return given, rest.strip()


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1])


async def list_resources(
    session: AsyncSession, user_id: UUID, search: str = "", *, server_id: UUID | None = None
) -> list[Resource]:
    """The resources and templates of a user's servers whose name, uri or server has every word."""
    query = select(McpServer.id, McpServer.name, McpServer.resources, McpServer.templates).where(
        usable_by(user_id), McpServer.enabled
    )
    if server_id is not None:
        query = query.where(McpServer.id == server_id)
    words = search.lower().split()
    found = []
    for id, server, resources, templates in await session.execute(query.order_by(McpServer.name)):
        for each in [*templates, *resources]:
            uri = each.get("uri") or each["template"]
            name = each["title"] or each["name"]
            if all(word in f"{server} {name} {each['name']} {uri}".lower() for word in words):
                found.append(
                    Resource(
                        server_id=id,
                        server=server,
                        uri=uri,
                        name=name,
                        description=each["description"],
                        kind=each["kind"],
                        size=each.get("size"),
                        template="template" in each,
                    )
                )
            if len(found) >= MOST_FOUND:
                return found
    return found


async def find_resource(
    session: AsyncSession, user_id: UUID, server_id: UUID, uri: str
) -> Resource:
    """What a user attaches, which need not be listed. Raises NotFound for another's server."""
    if not uri.isprintable() or not 0 < len(uri) <= LONGEST_URI or ":" not in uri:
        raise Invalid("This is not the address of a resource.", field="attachments")
    query = select(McpServer.name, McpServer.resources).where(
        McpServer.id == server_id, usable_by(user_id), McpServer.enabled
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such server.")
    server, resources = row
    known = next((each for each in resources if each["uri"] == uri), None)
    return Resource(
        server_id=server_id,
        server=server,
        uri=uri,
        name=(known["title"] or known["name"]) if known else uri,
        description=known["description"] if known else "",
        kind=known["kind"] if known else "",
        size=known["size"] if known else None,
        template=False,
    )
