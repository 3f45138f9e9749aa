"""Graphs: how an agent thinks. Pure: they know models, tools and messages, and nothing of Keiko."""

from collections.abc import Callable
from typing import Any

from graphs.assistant import build_assistant

GRAPHS: dict[str, Callable[..., Any]] = {"conversation": build_assistant}
"""Kind of task → what builds its graph from a model, tools and a checkpointer."""
