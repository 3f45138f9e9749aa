"""The official conformance suite, as a test runs it."""

import asyncio
import os
import sys
from pathlib import Path

from tests.node_packages import node, script

ROOT = Path(__file__).parents[2]
SECONDS = 90.0


async def conformance(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run the suite's program; its exit code, and all it said."""
    program = script("@modelcontextprotocol/conformance", "dist/index.js")
    process = await asyncio.create_subprocess_exec(
        node(),
        program,
        *arguments,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode()


async def client_scenario(
    name: str, client: str = "conformance_client", **environment: str
) -> tuple[int, str]:
    """Have the suite try Keiko's client in one scenario."""
    command = f"{sys.executable} -m tests.mcp.{client}"
    return await conformance("client", "--command", command, "--scenario", name, **environment)
