"""A tool call on its way: what a model wants, and what a person says about it."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.core.db import JSON
from app.core.errors import AppError
from app.mcp.caller import Caller


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A model's wish to call a tool; `tool_call_id` is its idempotency key within the task.

    `approved` is the fingerprint of the tool that may be called; another of that name is not. None
    where nobody asks for approval.
    """

    task_id: UUID
    fence: int
    tool_call_id: str
    name: str
    arguments: JSON
    caller: Caller | None = None
    user_id: UUID | None = None
    approved: str | None = None


class Settlement(StrEnum):
    """What a person says about a call whose outcome is unknown."""

    HAPPENED = "happened"
    REPEAT = "repeat"
    SKIP = "skip"


class AnswerNeeded(AppError):
    """A person has to do something before the call can be made, or made again.

    `content` is what they are shown; it names the `kind` of the question.
    """

    code = "answer_needed"

    def __init__(self, message: str, content: JSON) -> None:
        super().__init__(message)
        self.content = content


class UnknownOutcome(AnswerNeeded):
    """The call may have been carried out or not: only a person can say how to go on."""

    code = "unknown_outcome"

    def __init__(self, call: ToolCall) -> None:
        content = {
            "kind": "unknown_outcome",
            "tool_call_id": call.tool_call_id,
            "tool": call.name,
            "arguments": call.arguments,
        }
        super().__init__(f"It is not known whether “{call.name}” was carried out.", content)
