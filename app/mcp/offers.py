"""What a server offers beside tools: prompts, resources and templates of resources.

Read within bounds, for neither the number nor the texts are ours. They are kept in the server's
row, so that they can be shown without asking it.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from mcp import ClientSession, McpError, types
from pydantic import ValidationError

from app.core.db import JSON, is_storable
from app.mcp.words import plain_line, without_markup

MOST_PROMPTS, MOST_RESOURCES, MOST_TEMPLATES = 200, 1000, 200
MOST_ARGUMENTS = 30
LONGEST_URI = 2000
LONGEST_NAME = 200
_LONGEST_TEXT = 1000
_MOST_PAGES = 50


@dataclass(frozen=True)
class Offers:
    """Each as it is kept.

    `prompts` have name, title, description and arguments; `resources` a uri, name, title,
    description, kind and size; `templates` the same with a template of a uri.
    """

    prompts: list[JSON] = field(default_factory=list)
    resources: list[JSON] = field(default_factory=list)
    templates: list[JSON] = field(default_factory=list)

    def as_columns(self) -> dict[str, list[JSON]]:
        """The same by the columns of a server's row."""
        return asdict(self)


async def read_offers(session: ClientSession) -> Offers:
    """What a server offers as far as it says that it offers such things; it may refuse to list."""
    said = session.get_server_capabilities()
    if said is None:
        return Offers()
    prompts, resources, templates = [], [], []
    if said.prompts is not None:
        prompts = await _all(session.list_prompts, "prompts", MOST_PROMPTS)
    if said.resources is not None:
        resources = await _all(session.list_resources, "resources", MOST_RESOURCES)
        templates = await _all(session.list_resource_templates, "resourceTemplates", MOST_TEMPLATES)
    return Offers(
        _each_once(filter(None, map(_prompt, prompts)), "name"),
        _each_once(filter(None, map(_resource, resources)), "uri"),
        _each_once(filter(None, map(_template, templates)), "template"),
    )


async def _all(ask: Callable[..., Awaitable[Any]], name: str, most: int) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        try:
            page = await ask(params=types.PaginatedRequestParams(cursor=cursor))
        except (McpError, ValidationError) as error:
            if isinstance(error, McpError) and error.error.code == types.CONNECTION_CLOSED:
                raise
            break
        found += getattr(page, name)
        cursor = page.nextCursor
        if not cursor or len(found) >= most:
            break
    return found[:most]


def _each_once(items: Iterable[JSON], key: str) -> list[JSON]:
    return list({item[key]: item for item in items}.values())


def _prompt(prompt: types.Prompt) -> JSON | None:
    if not _is_usable(prompt.name, LONGEST_NAME):
        return None
    arguments = [
        {
            "name": each.name,
            "description": _text(each.description),
            "required": bool(each.required),
        }
        for each in (prompt.arguments or [])[:MOST_ARGUMENTS]
        if _is_usable(each.name, LONGEST_NAME)
    ]
    return {"name": prompt.name, **_said(prompt), "arguments": arguments}


def _resource(resource: types.Resource) -> JSON | None:
    uri = str(resource.uri)
    if not _is_usable(uri, LONGEST_URI):
        return None
    size = resource.size if resource.size is not None and resource.size >= 0 else None
    kind = plain_line(resource.mimeType or "")[:100]
    return {"uri": uri, **_named(resource, uri), "kind": kind, "size": size}


def _template(template: types.ResourceTemplate) -> JSON | None:
    if not _is_usable(template.uriTemplate, LONGEST_URI):
        return None
    kind = plain_line(template.mimeType or "")[:100]
    named = _named(template, template.uriTemplate)
    return {"template": template.uriTemplate, **named, "kind": kind}


def _named(it: types.Resource | types.ResourceTemplate, uri: str) -> JSON:
    return {"name": plain_line(it.name)[:LONGEST_NAME] or uri[:LONGEST_NAME], **_said(it)}


def _said(it: types.Prompt | types.Resource | types.ResourceTemplate) -> JSON:
    title = plain_line(it.title)[:LONGEST_NAME] if it.title else ""
    return {"title": title, "description": _text(it.description)}


def _text(said: str | None) -> str:
    return without_markup(said or "")[:_LONGEST_TEXT].strip()


def _is_usable(name: str, longest: int) -> bool:
    """Whether it can be given back to its server as it was."""
    return 0 < len(name) <= longest and name.isprintable() and is_storable(name)
