"""The conversation: a model that calls tools until it has an answer."""

from collections.abc import Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph

from graphs.middleware import ModelCallLimit, RepairedHistory, ToolErrorsAsText, ToolsAsSent
from graphs.prompts import ASSISTANT


def build_assistant(
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    *,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """The graph of a conversation; holds no state of a run, so that all runs can share it."""
    return create_agent(
        model,
        list(tools),
        system_prompt=ASSISTANT,
        middleware=[ModelCallLimit(), RepairedHistory(), ToolsAsSent(tools), ToolErrorsAsText()],
        checkpointer=checkpointer,
        name="assistant",
    )
