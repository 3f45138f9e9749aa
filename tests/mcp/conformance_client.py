"""Keiko's client as the official conformance suite starts it: one scenario, one server.

The suite names the scenario in the environment and the server's address as the last argument.
"""

import asyncio
import os
import sys

from app.core.db import JSON
from tests.fakes.foreign import Foreign, Person, opened
from tests.fakes.http_tools import spec_of

CALLS: dict[str, list[tuple[str, JSON]]] = {
    "initialize": [],
    "tools_call": [("add_numbers", {"a": 5, "b": 3})],
    "sse-retry": [("test_reconnection", {})],
    "elicitation-sep1034-client-defaults": [("test_client_elicitation_defaults", {})],
}


async def play(scenario: str, url: str) -> None:
    async with opened(spec_of("suite", url)) as server:
        await _found(server)
        for tool, arguments in CALLS[scenario]:
            print(tool, "->", await server.call(tool, arguments, person=Person()))  # noqa: T201


async def _found(server: Foreign) -> None:
    """Wait until the server was asked for its tools."""
    async with asyncio.timeout(20):
        await next(each for each in server.servers.list_servers() if each.spec.id).keeper.opened()


if __name__ == "__main__":
    asyncio.run(play(os.environ["MCP_CONFORMANCE_SCENARIO"], sys.argv[-1]))
