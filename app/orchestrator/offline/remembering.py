"""Understands what shall be remembered, recalled or forgotten: a whole message about one thing."""

import re

from app.orchestrator.offline.shapes import ToolRequest

_PLEASE = r"^\s*(?:(?:please|bitte)[,\s]+)?"
_FORMS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (tool, argument, re.compile(_PLEASE + pattern + r"\s*$", re.IGNORECASE | re.DOTALL))
    for tool, argument, pattern in (
        ("remember", "text", r"remember(?:\s+that\s+|(?:\s+this)?:\s*)(?P<said>.+)"),
        ("remember", "text", r"(?:merke?|behalte?)(?:\s+dir)?(?:\s+das)?(?:\s*:|\s*,?(?=\s+dass\s))"
                             r"\s*(?P<said>.+)"),
        ("recall", "question", r"what\s+do\s+you\s+(?:remember|know)\s+about\s+(?P<said>.+?)\??"),
        ("recall", "question", r"was\s+weißt\s+du\s+(?:noch\s+)?(?:über|von)\s+(?P<said>.+?)\??"),
        ("forget", "memory", r"forget\s+(?:that|about|what\s+you\s+know\s+about)\s+(?P<said>.+)"),
        ("forget", "memory", r"vergiss(?:\s*,?\s*dass|,?\s+was\s+du\s+(?:über|von))"
                             r"\s+(?P<said>.+)"),
    )
)  # fmt: skip


def find_memory(text: str) -> ToolRequest | None:
    """What a request wants of the memory, if that is all it is about."""
    for tool, argument, form in _FORMS:
        if found := form.match(text):
            said = found["said"].strip()
            if tool == "remember":
                said = said[:1].upper() + said[1:]
            return ToolRequest(0, tool, {argument: said})
    return None
