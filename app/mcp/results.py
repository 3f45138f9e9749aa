"""What a tool answered, as text for a model."""

from dataclasses import dataclass, field

import orjson
from mcp import types

from app.mcp.words import plain


@dataclass(frozen=True)
class ToolOutcome:
    """The answer of a tool, or (`failed`) why there is none."""

    text: str
    failed: bool
    size: int = field(default=0, compare=False)
    """Bytes of the text before it was cut."""

    milliseconds: int = field(default=0, compare=False)


def read_result(result: types.CallToolResult) -> ToolOutcome:
    """All blocks of a result as one text; what is no text is named by its kind."""
    text = plain("\n".join(_read_block(block) for block in result.content))
    if not text and result.structuredContent is not None:
        text = orjson.dumps(result.structuredContent).decode()
    return ToolOutcome(text, failed=result.isError)


def _read_block(block: types.ContentBlock) -> str:
    match block:
        case types.TextContent(text=text):
            return text
        case types.EmbeddedResource(resource=resource):
            return _read_file(resource)
        case types.ResourceLink(uri=uri, name=name, description=description):
            said = f": {description}" if description else ""
            return f"[link {name} {uri}{said}]"
        case types.ImageContent(mimeType=kind, data=data):
            return f"[image {kind}, {_amount(data)}: the user cannot see it here]"
        case types.AudioContent(mimeType=kind, data=data):
            return f"[audio {kind}, {_amount(data)}: the user cannot hear it here]"


def _read_file(resource: types.TextResourceContents | types.BlobResourceContents) -> str:
    if isinstance(resource, types.TextResourceContents):
        return resource.text
    kind = resource.mimeType or "unknown kind"
    return f"[file {resource.uri}, {kind}, {_amount(resource.blob)}]"


def _amount(base64: str) -> str:
    size = len(base64) * 3 // 4
    return f"{size} bytes" if size < 2000 else f"{size // 1000} kB"
