"""For whom a tool is called: the built-in server is told, and nobody else."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

from mcp.server.fastmcp import Context, FastMCP
from mcp.types import ToolAnnotations

from app.core.resources import Resources
from app.core.settings import Settings
from app.mcp.caller import Caller
from app.mcp.calls import ToolCall
from app.mcp.executor import execute
from app.mcp.models import ExecutionStatus
from app.mcp.sessions import ToolServers
from app.tasks.models import Task
from tests.fakes.tools import FAKE, until
from tests.mcp.calls import claim_again, interrupted, lines, row

CALLER = Caller(user_id=uuid4(), task_id=uuid4(), tool_call_id="call-1", language="de")


def built_in() -> FastMCP[None]:
    """A built-in server that tells what it was told, and one tool that does nothing twice."""
    server: FastMCP[None] = FastMCP("keiko", log_level="WARNING")

    def told(context: Context) -> str:  # type: ignore[type-arg]
        meta = context.request_context.meta
        return json.dumps(meta.model_dump(exclude_none=True) if meta else {})

    async def append_once(path: str, delay_seconds: float) -> str:
        if not lines(Path(path)):
            Path(path).write_text("done\n")
            await asyncio.sleep(delay_seconds)
        return "Appended."

    server.add_tool(told)
    server.add_tool(append_once, annotations=ToolAnnotations(idempotentHint=True))
    return server


async def test_the_built_in_server_is_told_who_calls_and_a_foreign_one_never_is() -> None:
    servers = ToolServers(Settings(_env_file=None, tool_servers=[FAKE]), built_in())
    await servers.start()
    try:
        await until(lambda: servers.find_tool("fake_told") is not None)
        own = await servers.call("told", {}, timeout=20, caller=CALLER)
        foreign = await servers.call("fake_told", {}, timeout=20, caller=CALLER)
    finally:
        await servers.stop()

    assert Caller.from_meta(json.loads(own.text)) == CALLER
    assert foreign.text == "{}"
    assert str(CALLER.user_id) not in foreign.text


def test_a_key_names_one_call_of_one_task() -> None:
    same = CALLER.model_copy()
    another_call = CALLER.model_copy(update={"tool_call_id": "call-2"})
    another_task = CALLER.model_copy(update={"task_id": uuid4()})

    assert CALLER.key == same.key
    assert len({CALLER.key, another_call.key, another_task.key}) == 3
    assert Caller.from_meta({"progressToken": 1}) is None


async def test_a_cut_call_of_an_idempotent_built_in_tool_is_repeated_and_nobody_is_asked(
    resources: Resources, task: Task, file: Path
) -> None:
    servers = ToolServers(Settings(_env_file=None), built_in())
    await servers.start()
    try:
        call = ToolCall(
            task_id=task.id,
            fence=1,
            tool_call_id="call-1",
            name="append_once",
            arguments={"path": str(file), "delay_seconds": 30},
        )
        await interrupted(resources, call, servers)
        outcome = await execute(resources, await claim_again(resources, call), servers)
    finally:
        await servers.stop()

    assert (outcome.text, outcome.failed) == ("Appended.", False)
    assert lines(file) == ["done"]
    assert (await row(resources)).status is ExecutionStatus.COMPLETED


async def test_that_a_foreign_tool_calls_itself_idempotent_is_not_enough() -> None:
    servers = ToolServers(Settings(_env_file=None, tool_servers=[FAKE]), built_in())
    await servers.start()
    try:
        await until(lambda: servers.find_tool("fake_told") is not None)
        foreign, own = servers.find_tool("fake_told"), servers.find_tool("append_once")
    finally:
        await servers.stop()

    assert own is not None and own.repeatable
    assert foreign is not None and not foreign.repeatable
