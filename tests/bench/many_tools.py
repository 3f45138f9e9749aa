"""A server with as many tools as it is told to have: over stdio, or as `many_tools COUNT PORT`."""

import asyncio
import sys

from mcp.server.fastmcp import FastMCP
from mcp.types import ToolAnnotations

READ_ONLY = ToolAnnotations(readOnlyHint=True)


def build(count: int, port: int) -> FastMCP[None]:
    """`answer` at once, `rest` for a while, and the others to fill the list."""
    server: FastMCP[None] = FastMCP("many", log_level="WARNING", port=port)

    @server.tool(annotations=READ_ONLY)
    async def answer(text: str) -> str:
        """Say it."""
        return text

    @server.tool(annotations=READ_ONLY)
    async def rest(seconds: float) -> str:
        """Wait."""
        await asyncio.sleep(seconds)
        return "rested"

    async def fill(city: str, days: int = 3, unit: str = "celsius") -> str:
        return f"{city} {days} {unit}"

    for number in range(count - 2):
        words = f"Tell the weather of a city, by source number {number}, for some days ahead."
        server.add_tool(fill, f"weather_{number}", description=words, annotations=READ_ONLY)
    return server


if __name__ == "__main__":
    count, port = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    build(count, port).run("streamable-http" if port else "stdio")
