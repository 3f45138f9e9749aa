"""The tools of all MCP servers as LangChain tools that know no run.

What a call does is in `CALLS`, set by the run that is under way, so that compiled graphs can be
shared by all runs. A call that only a person can decide about interrupts the graph with a question.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.types import interrupt

from app.core.db import JSON
from app.core.logs import log
from app.mcp.calls import AnswerNeeded
from app.mcp.sessions import RemoteTool, ToolOutcome
from app.orchestrator.images import seen_in


@dataclass(frozen=True)
class CallRequest:
    """What a model asked for."""

    name: str
    arguments: JSON
    tool_call_id: str


CALLS: ContextVar[Callable[[CallRequest], Awaitable[ToolOutcome]]] = ContextVar("calls")
"""How the present run makes a tool call; it knows what a person has said about it so far."""


def toolbox(tools: Sequence[RemoteTool]) -> list[BaseTool]:
    """One LangChain tool for each; the arguments are checked by its server, not here."""
    return [_bridged(tool) for tool in tools]


def _bridged(tool: RemoteTool) -> BaseTool:
    """The tool with its schema; without, if no model could be told of it: one must not stop all."""
    bridged = BridgedTool(
        name=tool.name, description=tool.description, args_schema=tool.input_schema
    )
    try:
        convert_to_openai_tool(bridged)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        log.warning("tool_schema_unusable", server=tool.server, tool=tool.remote_name)
        bridged.args_schema = {"type": "object", "properties": {}}
    return bridged


def absent_tool(name: str) -> BaseTool:
    """Stands in for a tool whose server is away: the run knows what became of its calls."""
    return BridgedTool(name=name, description=name, args_schema={"type": "object"})


class BridgedTool(BaseTool):
    """A tool that passes its call on to the run.

    Takes the whole call, for LangChain's usual way loses arguments that are named `config` or
    `runtime`. An exception of the run (a lost lease) is not the tool's failure: it goes through.
    `interrupt` stops the graph while a question is open; later it returns, and the call is tried
    again by a run that knows the answer.
    """

    async def ainvoke(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> ToolMessage:
        """The outcome of a tool call as the message that answers it."""
        request = CallRequest(self.name, input["args"], input["id"])
        while True:
            try:
                outcome = await CALLS.get()(request)
            except AnswerNeeded as needed:
                interrupt(needed.content)
                continue
            return ToolMessage(
                outcome.text,
                name=self.name,
                tool_call_id=request.tool_call_id,
                status="error" if outcome.failed else "success",
                artifact=seen_in(outcome.more),
            )

    def _run(self, **arguments: Any) -> ToolMessage:
        raise NotImplementedError("Tools are called asynchronously.")
