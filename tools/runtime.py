"""The edge of every tool: who calls it, and a sentence goes out, whatever happens inside."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mcp.server.lowlevel.server import request_ctx
from mcp.types import CallToolResult, TextContent

from app.core.clock import new_id
from app.core.errors import AppError
from app.core.logs import log
from app.core.resources import Resources
from app.mcp.caller import Caller
from tools.sentences import refusal_of, say


class Refused(Exception):
    """The tool cannot do this; the sentence tells the model what to do instead."""


@dataclass(frozen=True)
class Acting:
    """For whom a tool works just now, and with what."""

    resources: Resources
    caller: Caller

    def say(self, key: str, **values: object) -> str:
        """A fixed sentence in the language of who asked, filled in."""
        return say(key, self.caller.language, **values)


def acting() -> Acting:
    """Who calls the tool that runs now. Refuses a caller that the worker did not name."""
    context = request_ctx.get()
    caller = Caller.from_meta(context.meta.model_dump() if context.meta else None)
    resources = context.lifespan_context
    if caller is None or not isinstance(resources, Resources):
        raise Refused("This tool works in Keiko's own conversations only.")
    return Acting(resources, caller)


def answer(work: Callable[..., str], *arguments: str) -> CallToolResult:
    """What `work` says as a tool result: its text, its refusal, or a reference to the log."""
    try:
        return _result(work(*arguments), failed=False)
    except Refused as refusal:
        return _result(str(refusal), failed=True)
    except Exception:  # noqa: BLE001 - the tool runtime: a bug must not show its stack to a model
        return _bug(work.__name__)


async def act(work: Callable[[Acting], Awaitable[str]]) -> CallToolResult:
    """The same for work that is done for somebody; what the domains refuse is a refusal too."""
    try:
        who = acting()
    except Refused as refusal:
        return _result(str(refusal), failed=True)
    try:
        return _result(await work(who), failed=False)
    except Refused as refusal:
        return _result(str(refusal), failed=True)
    except AppError as error:
        return _result(refusal_of(error, who.caller.language), failed=True)
    except Exception:  # noqa: BLE001 - the tool runtime: a bug must not show its stack to a model
        return _bug(getattr(work, "__name__", "tool"))


def _bug(tool: str) -> CallToolResult:
    reference = str(new_id())
    log.exception("tool_failed", tool=tool, reference=reference)
    return _result(f"The tool failed; the log knows why (reference {reference}).", failed=True)


def _result(text: str, *, failed: bool) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], isError=failed)
