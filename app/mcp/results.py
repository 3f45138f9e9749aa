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
        case types.EmbeddedResource(resource=types.TextResourceContents(text=text)):
            return text
        case types.EmbeddedResource(resource=resource):
            return f"[file {resource.uri}]"
        case types.ResourceLink(uri=uri):
            return f"[link {uri}]"
        case types.ImageContent(mimeType=kind) | types.AudioContent(mimeType=kind):
            return f"[{kind}]"
