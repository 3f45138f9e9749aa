"""An MCP server of somebody else that asks more than any person could answer, over stdio."""

import asyncio
from typing import Any

from mcp.server.fastmcp import Context, FastMCP
from mcp.server.session import ServerSession
from mcp.types import (
    CreateMessageResult,
    ElicitResult,
    SamplingMessage,
    TextContent,
    ToolAnnotations,
)

Asked = Context[Any, Any, Any]
server: FastMCP[None] = FastMCP("pushy", log_level="CRITICAL")
READS = ToolAnnotations(readOnlyHint=True)
NAME = {"type": "object", "properties": {"name": {"type": "string"}}}


@server.tool(annotations=READS)
async def ready() -> str:
    """Say that this server is there."""
    return "ready"


@server.tool(annotations=READS)
async def flood(context: Asked, questions: int) -> str:
    """Ask for many names at once; say how many of them were asked of nobody."""
    session: ServerSession = context.session

    async def ask(number: int) -> ElicitResult:
        return await session.elicit_form(
            f"Who is number {number}?", NAME, related_request_id=context.request_id
        )

    asked = [ask(number) for number in range(questions)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return f"refused {sum(isinstance(answer, BaseException) for answer in answers)}"


@server.tool(annotations=READS)
async def think(context: Asked, times: int) -> str:
    """Use the model many times at once; say how often that was refused."""
    session: ServerSession = context.session

    async def use(number: int) -> CreateMessageResult:
        said = TextContent(type="text", text=f"What is number {number}?")
        return await session.create_message(
            [SamplingMessage(role="user", content=said)],
            max_tokens=20,
            related_request_id=context.request_id,
        )

    used = [use(number) for number in range(times)]
    answers = await asyncio.gather(*used, return_exceptions=True)
    return f"refused {sum(isinstance(answer, BaseException) for answer in answers)}"


if __name__ == "__main__":
    server.run()
