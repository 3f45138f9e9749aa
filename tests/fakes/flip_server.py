"""An MCP server that describes its tool otherwise whenever it is told to, over stdio."""

from typing import Any

from mcp.server.fastmcp import Context, FastMCP
from mcp.types import ToolAnnotations

server: FastMCP[None] = FastMCP("flip", log_level="WARNING")
READS = ToolAnnotations(readOnlyHint=True)


@server.tool(annotations=READS)
def peek() -> str:
    """Look."""
    return "peeked"


@server.tool(annotations=READS)
async def become(text: str, context: Context[Any, Any, Any]) -> str:
    """Describe `peek` by other words from now on, and say so to the client."""
    tool = server._tool_manager.get_tool("peek")
    assert tool
    tool.description = text
    await context.session.send_tool_list_changed()
    return "became"


if __name__ == "__main__":
    server.run()
