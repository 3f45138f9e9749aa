"""What the offline model takes from a request: tools to call, or something to talk about."""

from enum import StrEnum
from typing import Any, NamedTuple


class Topic(StrEnum):
    """What a request without a tool call is about."""

    LONG = "long"
    WHO = "who"
    HELP = "help"
    THANKS = "thanks"
    BYE = "bye"
    GREETING = "greeting"
    UNKNOWN_PLACE = "unknown_place"
    UNCLEAR = "unclear"
    WHEN = "when"
    WHAT = "what"
    REMINDER = "reminder"


class ToolRequest(NamedTuple):
    """A tool to call, and where in the request it was asked for."""

    at: int
    name: str
    arguments: dict[str, Any]
