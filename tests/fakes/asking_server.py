"""An MCP server of somebody else that asks in the midst of its calls.

Over stdio, or as `asking_server sse|streamable-http PORT`.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Literal, cast

from mcp.server.fastmcp import Context, FastMCP
from mcp.server.session import ServerSession
from mcp.shared.exceptions import UrlElicitationRequiredError
from mcp.types import (
    ElicitRequestURLParams,
    ElicitResult,
    RootsListChangedNotification,
    SamplingMessage,
    TextContent,
    ToolAnnotations,
)

Transport = Literal["stdio", "sse", "streamable-http"]
Asked = Context[Any, Any, Any]
server: FastMCP[None] = FastMCP("asking", log_level="WARNING")
READS = ToolAnnotations(readOnlyHint=True)

NAME = {
    "type": "object",
    "properties": {"name": {"type": "string", "title": "Your name", "minLength": 2}},
    "required": ["name"],
}


@server.tool(annotations=READS)
async def ready() -> str:
    """Say that this server is there."""
    return "ready"


@server.tool(annotations=READS)
async def greet(context: Asked, word: str = "Hello") -> str:
    """Ask for a name, and greet."""
    return f"{word}, {_said(await _ask(context, f'{word} whom?', NAME))}!"


@server.tool()
async def sign(context: Asked, path: str, questions: int = 1) -> str:
    """Write “begun” into a file, ask for names, one after the other, and write them."""
    _write(path, "begun")
    names = []
    for number in range(1, questions + 1):
        answer = await _ask(context, f"Who signs? ({number})", NAME)
        if answer.action == "cancel":
            _write(path, "cancelled")
            return "Nobody signs."
        names.append(_said(answer))
        _write(path, names[-1])
    return f"Signed by {', '.join(names)}."


@server.tool(annotations=READS)
async def form(context: Asked, schema: dict[str, Any], message: str = "Please fill in.") -> str:
    """Ask for whatever; say what came."""
    answer = await _ask(context, message, schema)
    return json.dumps({"action": answer.action, "content": answer.content})


@server.tool(annotations=READS)
async def think(context: Asked, prompt: str, tokens: int = 100, times: int = 1) -> str:
    """Have the client's model answer, and give that back."""
    session: ServerSession = context.session
    said = []
    for number in range(times):
        text = prompt.replace("#", str(number))
        message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
        answer = await session.create_message(
            [message],
            max_tokens=tokens,
            system_prompt="You are brief.",
            related_request_id=context.request_id,
        )
        said.append(f"{answer.model}: {cast('TextContent', answer.content).text}")
    return " | ".join(said)


@server.tool(annotations=READS)
async def folders(context: Asked) -> str:
    """Say which folders the client tells of, and how often it said that they are others."""
    session: ServerSession = context.session
    roots = await session.list_roots()
    return " ".join([str(_changes), *(str(root.uri) for root in roots.roots)])


_changes = 0


async def _count_change(_: RootsListChangedNotification) -> None:
    global _changes
    _changes += 1


server._mcp_server.notification_handlers[RootsListChangedNotification] = _count_change


@server.tool(annotations=READS)
async def visit(context: Asked, url: str, id: str = "one", completes: str = "") -> str:
    """Send a person to a page; once the file `completes` is there, say that they are done."""
    session: ServerSession = context.session
    if completes:
        _background.add(asyncio.create_task(_complete(session, id, completes)))
    related = context.request_id
    answer = await session.elicit_url("Please look.", url, id, related_request_id=related)
    return answer.action


@server.tool(annotations=READS)
async def paid(context: Asked, url: str, path: str, completes: bool = False) -> str:
    """Refuse to work before a person has been on a page; they have once there is the file."""
    if Path(path).exists():
        return "Here you are."
    if completes:
        _background.add(asyncio.create_task(_complete(context.session, path, path)))
    page = ElicitRequestURLParams(mode="url", message="Pay first.", url=url, elicitationId=path)
    raise UrlElicitationRequiredError([page])


_background: set[asyncio.Task[None]] = set()


async def _complete(session: ServerSession, id: str, file: str) -> None:
    while not Path(file).exists():
        await asyncio.sleep(0.05)
    await session.send_elicit_complete(id)


@server.tool(annotations=READS)
async def later(context: Asked, delay: float) -> str:
    """Ask after a while, whether somebody still waits or not."""
    asked = asyncio.create_task(_ask_after(context, delay))
    await asyncio.shield(asked)
    return "asked"


async def _ask_after(context: Asked, seconds: float) -> ElicitResult:
    await asyncio.sleep(seconds)
    return await _ask(context, "Still there?", NAME)


@server.tool(annotations=READS)
async def impatient(context: Asked) -> str:
    """Ask, and do not wait for the answer."""
    asked = asyncio.create_task(_ask(context, "Are you quick?", NAME))
    await asyncio.sleep(1)
    asked.cancel()
    return "Never mind."


async def _ask(context: Asked, message: str, schema: dict[str, Any]) -> ElicitResult:
    related = context.request_id
    session: ServerSession = context.session
    return await session.elicit_form(message, schema, related_request_id=related)


def _said(answer: ElicitResult) -> str:
    return str((answer.content or {}).get("name", answer.action))


def _write(path: str, text: str) -> None:
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")


if __name__ == "__main__":
    over = cast("Transport", sys.argv[1]) if len(sys.argv) > 1 else "stdio"
    server.settings.port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server.run(over)
