"""The conversation: a model that calls tools until it has an answer."""

from collections.abc import Callable, Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph

from graphs.middleware import (
    AbsentTools,
    ModelCallLimit,
    RepairedHistory,
    ToolErrorsAsText,
    ToolsAsSent,
)
from graphs.prompts import ASSISTANT


def build_assistant(
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    *,
    prompt: str = ASSISTANT,
    absent: Callable[[str], BaseTool] | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """The graph of a conversation; holds no state of a run, so that all runs can share it.

    `prompt` is what it is told about itself. `absent` makes what stands in for a tool that was
    called before and is not there just now.
    """
    return create_agent(
        model,
        list(tools),
        system_prompt=prompt,
        middleware=[
            ModelCallLimit(),
            RepairedHistory(),
            ToolsAsSent(tools),
            ToolErrorsAsText(),
            *([AbsentTools(absent)] if absent else []),
        ],
        checkpointer=checkpointer,
        name="assistant",
    )
