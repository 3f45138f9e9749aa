"""What a server asks, as the content of a question: plain, short, and of few kinds."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from mcp import types
from pydantic import FileUrl, ValidationError

from app.core.db import JSON
from app.core.errors import Invalid
from app.core.outbound import Allowed, check_url
from app.mcp.forms import NoForm, read_form
from app.mcp.storable import storable
from app.mcp.words import plain

LONGEST_MESSAGE = 4000
"""Characters of what a server says beside its question."""

SAMPLING = "sampling"
"""Stands in rules for the use of the model by a server, where a tool's name would."""

LONGEST_SAMPLED = 100_000
"""Characters that a server may give to the model at once."""

_MOST_MESSAGES = 100
_MOST_PAGES = 10
_LONGEST_ID = 200


def elicited(params: types.ElicitRequestParams, private: Sequence[str]) -> JSON:
    """A form to be filled in, or a page to be opened. Raises NoForm with a sentence for the server.

    `private` is what the operator lets servers call inside the own network.
    """
    if isinstance(params, types.ElicitRequestFormParams):
        fields = storable(read_form(params.requestedSchema))
        return {"mode": "form", "message": _message(params.message), "fields": fields}
    return {
        "mode": "url",
        "message": _message(params.message),
        "url": params.url,
        "host": _host(params.url, private),
        "elicitation_id": storable(params.elicitationId[:_LONGEST_ID]),
    }


def pages_of(data: Any, private: Sequence[str]) -> list[JSON]:
    """The pages that an error of a server names (MCP: URLElicitationRequiredError), if they do."""
    found = data.get("elicitations") if isinstance(data, dict) else None
    if not isinstance(found, list) or len(found) > _MOST_PAGES:
        return []
    try:
        asked = [types.ElicitRequestURLParams.model_validate(each) for each in found]
        return [elicited(each, private) for each in asked]
    except (ValidationError, NoForm):
        return []


def sampled(params: types.CreateMessageRequestParams, about: JSON) -> JSON:
    """What a server wants the model to be asked. Raises NoForm with a sentence for the server."""
    if params.tools:
        raise NoForm("The model is lent without tools: leave them out.")
    messages = [
        {"role": each.role, "text": _text(block)}
        for each in params.messages
        for block in each.content_as_list
    ]
    system = storable(plain(params.systemPrompt or ""))
    size = len(system) + sum(len(each["text"]) for each in messages)
    if not messages or size > LONGEST_SAMPLED or len(messages) > _MOST_MESSAGES:
        raise NoForm(
            f"The model takes 1 to {_MOST_MESSAGES} messages of {LONGEST_SAMPLED} characters."
        )
    return {
        **about,
        "messages": messages,
        "system_prompt": system,
        "max_tokens": max(1, params.maxTokens),
        "pattern": f"{about['server']}/{SAMPLING}",
        "fingerprint": f"{about['server_id'] or about['server']}:{SAMPLING}",
    }


def listed(folders: Sequence[str]) -> types.ListRootsResult:
    """Folders as a server is told of them."""
    paths = [PurePosixPath(folder) for folder in folders]
    return types.ListRootsResult(
        roots=[types.Root(uri=FileUrl(path.as_uri()), name=path.name) for path in paths]
    )


def _text(block: types.SamplingMessageContentBlock) -> str:
    if not isinstance(block, types.TextContent):
        raise NoForm("The model is lent for text only.")
    return str(storable(plain(block.text)))


def _message(text: str) -> str:
    return str(storable(plain(text)[:LONGEST_MESSAGE]))


def _host(url: str, private: Sequence[str]) -> str:
    """Name and port as they stand in an address that a person may be sent to."""
    try:
        parts = urlsplit(check_url(url, allowed=private))
    except Invalid as error:
        raise NoForm(str(error)) from None
    if not url.isascii():
        raise NoForm("Write the address in ASCII: a name as punycode, all else percent-encoded.")
    if parts.scheme != "https" and not Allowed(private).names(parts.hostname or ""):
        raise NoForm("A person is sent to https:// only.")
    return parts.netloc
