"""What every agent's model and tool calls pass through.

Only `wrap_*` hooks: the other kinds would be steps of the graph, and each a checkpoint.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import takewhile
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, ToolException
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.types import Command

from graphs.prompts import LAST_CALL

MOST_MODEL_CALLS = 25
"""Model calls in one turn; the last one gets no tools, so that it must answer."""

NO_RESULT = "This call was interrupted; it is not known whether it was carried out."

_CallModel = Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
_CallTool = Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]


class TooManyModelCalls(Exception):
    """The model wants tools even when there are none left: the turn leads nowhere."""


class ToolsAsSent(AgentMiddleware[Any, Any]):
    """Describes the tools to the model in the form in which they are sent, made once.

    Otherwise each model call makes it again: 200 tools would cost it 5 to 10 ms.
    """

    def __init__(self, tools: Sequence[BaseTool]) -> None:
        super().__init__()
        self._sent: list[BaseTool | dict[str, Any]] = [convert_to_openai_tool(t) for t in tools]

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: _CallModel
    ) -> ModelResponse[Any]:
        """The tools are the same as in the request, if there are any."""
        return await handler(request.override(tools=self._sent) if request.tools else request)


class ModelCallLimit(AgentMiddleware[Any, Any]):
    """Ends a turn that goes round in circles, if possible with an answer."""

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: _CallModel
    ) -> ModelResponse[Any]:
        """The last call allowed is made without tools."""
        if count_model_calls(request.messages) + 1 < MOST_MODEL_CALLS:
            return await handler(request)
        told = request.system_message.text if request.system_message else ""
        last = request.override(
            tools=[], system_message=SystemMessage(f"{told}\n\n{LAST_CALL}".strip())
        )
        response = await handler(last)
        if any(isinstance(m, AIMessage) and m.tool_calls for m in response.result):
            raise TooManyModelCalls(f"No answer after {MOST_MODEL_CALLS} model calls.")
        return response


class RepairedHistory(AgentMiddleware[Any, Any]):
    """Shows the model a history that every provider accepts."""

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: _CallModel
    ) -> ModelResponse[Any]:
        """The state keeps what it has; only the request is repaired."""
        return await handler(request.override(messages=repair(request.messages)))


class ToolErrorsAsText(AgentMiddleware[Any, Any]):
    """A tool that says why it failed tells the model. Whatever else it raises ends the run."""

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: _CallTool
    ) -> ToolMessage | Command[Any]:
        """Turns `ToolException` into a message with status `error`."""
        try:
            return await handler(request)
        except ToolException as error:
            return ToolMessage(
                str(error) or "The tool failed and does not say why.",
                name=request.tool_call["name"],
                tool_call_id=request.tool_call["id"],
                status="error",
            )


class AbsentTools(AgentMiddleware[Any, Any]):
    """Lets a call of a tool that is not there be dealt with like any other.

    It may have been there when the call was made, and the call may have been carried out: that is
    for whoever makes the calls to say, not for the graph.
    """

    def __init__(self, stand_in: Callable[[str], BaseTool]) -> None:
        super().__init__()
        self._stand_in = stand_in

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: _CallTool
    ) -> ToolMessage | Command[Any]:
        """Passes the call to a tool that bears its name."""
        if request.tool is None:
            request = request.override(tool=self._stand_in(request.tool_call["name"]))
        return await handler(request)


def count_model_calls(messages: Sequence[AnyMessage]) -> int:
    """Answers of the model since a person last spoke."""
    count = 0
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            break
        count += isinstance(message, AIMessage)
    return count


def repair(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The same history with one result after each tool call, and no result without its call."""
    repaired: list[AnyMessage] = []
    for position, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            continue
        repaired.append(message)
        if isinstance(message, AIMessage):
            results = _results_after(messages, position)
            for call in [*message.tool_calls, *message.invalid_tool_calls]:
                repaired.append(results.get(call["id"] or "") or _no_result(call))
    return repaired


def _results_after(messages: Sequence[AnyMessage], position: int) -> dict[str, ToolMessage]:
    """Results before the model spoke again, by call: ids may come back in later rounds."""
    following = takewhile(lambda m: not isinstance(m, AIMessage), messages[position + 1 :])
    return {m.tool_call_id: m for m in following if isinstance(m, ToolMessage)}


def _no_result(call: Any) -> ToolMessage:
    return ToolMessage(NO_RESULT, name=call["name"], tool_call_id=call["id"] or "", status="error")
