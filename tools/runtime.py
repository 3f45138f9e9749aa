"""The edge of every tool: a sentence goes out, whatever happens inside."""

from collections.abc import Callable

from mcp.types import CallToolResult, TextContent

from app.core.clock import new_id
from app.core.logs import log


class Refused(Exception):
    """The tool cannot do this; the sentence tells the model what to do instead."""


def answer(work: Callable[..., str], *arguments: str) -> CallToolResult:
    """What `work` says as a tool result: its text, its refusal, or a reference to the log."""
    try:
        return _result(work(*arguments), failed=False)
    except Refused as refusal:
        return _result(str(refusal), failed=True)
    except Exception:  # noqa: BLE001 - the tool runtime: a bug must not show its stack to a model
        reference = str(new_id())
        log.exception("tool_failed", tool=work.__name__, reference=reference)
        return _result(f"The tool failed; the log knows why (reference {reference}).", failed=True)


def _result(text: str, *, failed: bool) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], isError=failed)
