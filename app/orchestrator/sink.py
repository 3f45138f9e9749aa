"""What a model call knows of the turn it belongs to, beside what LangGraph carries.

The worker sets both before it runs a graph; whatever a graph starts inherits them. Code whose
text is no part of the answer (a summary, a sub-agent) sets `SINK` to None around its call.
"""

from collections.abc import Callable
from contextvars import ContextVar

SINK: ContextVar[Callable[[str], None] | None] = ContextVar("sink", default=None)
"""Gets the text of the answer as it comes."""

LANGUAGE: ContextVar[str] = ContextVar("language", default="en")
"""Language of the turn, for sentences that are ours and not the model's."""
