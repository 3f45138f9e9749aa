"""Whether a run may make a tool call: by the rules, or by what its owner said about this call.

The owner's answers are read from the rows of the questions, not from the graph: whatever a crash
makes of the graph, an answer is about the call and the arguments that were shown, and no other.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from app.core.db import JSON, persist
from app.core.errors import AppError
from app.core.resources import Resources
from app.mcp.calls import Settlement
from app.mcp.models import Decision
from app.mcp.policy import Rule, decide, find_rules, full_name, mark_of, may_remember
from app.mcp.schema import complaint
from app.mcp.sessions import RemoteTool
from app.orchestrator.turn import Run
from app.tasks.models import Question, QuestionKind


class ApprovalNeeded(AppError):
    """A person has to say whether this call may be made; `content` is what they are shown."""

    code = "approval_needed"

    def __init__(self, content: JSON) -> None:
        super().__init__("A person has to allow this call.")
        self.content = content


class NotAllowed(AppError):
    """The call is not made; the sentence tells the model why."""

    code = "not_allowed"


@dataclass(frozen=True)
class Said:
    """What the owner of a run has answered about its calls, oldest first."""

    questions: Sequence[Question]

    def settlements(self, tool_call_id: str) -> list[Settlement]:
        """What became of a call whose end nobody saw."""
        found = self._about(tool_call_id, QuestionKind.UNKNOWN_OUTCOME)
        return [Settlement(answer["outcome"]) for _, answer in found]

    def approval(self, tool_call_id: str, arguments: JSON) -> JSON | None:
        """The latest word on whether a call may be made with just these arguments."""
        found = self._about(tool_call_id, QuestionKind.APPROVAL)
        mark = hash_of(arguments)
        fitting = [answer for content, answer in found if content["arguments_hash"] == mark]
        return fitting[-1] if fitting else None

    def _about(self, tool_call_id: str, kind: QuestionKind) -> list[tuple[JSON, JSON]]:
        return [
            (q.content, q.answer)
            for q in self.questions
            if q.kind is kind and q.answer and q.content["tool_call_id"] == tool_call_id
        ]


async def allowed_arguments(
    resources: Resources, run: Run, tool: RemoteTool, tool_call_id: str, arguments: JSON
) -> JSON:
    """The arguments that the call may be made with: the model's, or as its owner changed them.

    Raises ApprovalNeeded, or NotAllowed with a sentence for the model.
    """
    rules = await persist(
        resources.db, lambda session: find_rules(session, run.task.user_id, run.task.thread_id)
    )
    general = [
        Rule(rule.pattern, Decision(rule.decision)) for rule in resources.settings.tool_rules
    ]
    ruling = decide(tool, [*general, *rules])
    if ruling.decision is Decision.DENY:
        raise NotAllowed("A rule forbids this tool. Do without it, and say so.")
    said = Said(run.answers).approval(tool_call_id, arguments)
    if said is None:
        if ruling.decision is Decision.ALLOW or complaint(tool.input_schema, arguments):
            return arguments  # what does not fit is never called: nobody need be asked
        can_remember = ruling.is_default and may_remember(tool)
        raise ApprovalNeeded(_content(tool, tool_call_id, arguments, can_remember=can_remember))
    if said["decision"] == "approve":
        return said.get("arguments") or arguments
    raise NotAllowed(_refusal(said))


def hash_of(arguments: JSON) -> str:
    """Stands for exactly these arguments."""
    return hashlib.sha256(orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _content(tool: RemoteTool, tool_call_id: str, arguments: JSON, *, can_remember: bool) -> JSON:
    return {
        "kind": QuestionKind.APPROVAL,
        "tool_call_id": tool_call_id,
        "tool": tool.remote_name,
        "server": tool.server,
        "description": tool.description[:500],
        "destructive": tool.destructive,
        "arguments": arguments,
        "arguments_hash": hash_of(arguments),
        "pattern": full_name(tool),
        "fingerprint": mark_of(tool),
        "can_remember": can_remember,
    }


def _refusal(said: JSON) -> str:
    if said.get("expired"):
        return "Nobody answered in time whether this tool may be used, so it was not. Say so."
    reason = said.get("reason")
    why = f" The reason given: {reason}" if reason else ""
    return f"The user does not want this tool to be used now.{why} Go on without it, or ask."
