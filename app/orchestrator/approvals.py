"""Whether a run may make a tool call: by the rules, or by what its owner said about this call.

The owner's answers are read from the rows of the questions, not from the graph: whatever a crash
makes of the graph, an answer is about the call and the arguments that were shown, and no other.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import JSON, persist
from app.core.errors import AppError
from app.core.resources import Resources
from app.mcp.calls import AnswerNeeded, Settlement
from app.mcp.known import Change, accept, find_change
from app.mcp.models import Decision
from app.mcp.policy import Rule, Ruling, decide, find_rules, full_name, mark_of, may_remember
from app.mcp.schema import complaint
from app.mcp.sessions import RemoteTool
from app.orchestrator.flow import Doubt, find_doubt
from app.orchestrator.turn import Run
from app.tasks.models import Question, QuestionKind


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

    def approval(self, tool_call_id: str, arguments: JSON, mark: str) -> JSON | None:
        """The latest word on a call with just these arguments, of the tool as it is now (`mark`).

        A refusal is one whatever the tool has become since.
        """
        about = hash_of(arguments)
        fitting = [
            answer
            for content, answer in self._about(tool_call_id, QuestionKind.APPROVAL)
            if content["arguments_hash"] == about
            and (content["fingerprint"] == mark or answer["decision"] != "approve")
        ]
        return fitting[-1] if fitting else None

    def sign_in_refusal(self, tool_call_id: str) -> JSON | None:
        """The latest word on signing in for a call, if it was no."""
        found = self._about(tool_call_id, QuestionKind.SIGN_IN)
        return found[-1][1] if found and found[-1][1].get("decision") == "refuse" else None

    def reply(self, about: str) -> JSON | None:
        """The latest answer to a form, whatever became of it."""
        found = self._about(about, QuestionKind.ELICITATION)
        return found[-1][1] if found else None

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

    Raises AnswerNeeded, or NotAllowed with a sentence for the model.
    """
    said = Said(run.answers)
    if (refused := said.sign_in_refusal(tool_call_id)) is not None:
        raise NotAllowed(_no_sign_in(refused))
    user_id = run.task.user_id

    async def look(session: AsyncSession) -> tuple[Sequence[Rule], Change | None]:
        rules = await find_rules(session, user_id, run.task.thread_id)
        return rules, await find_change(session, user_id, tool)

    rules, change = await persist(resources.db, look)
    ruling = decide(tool, [*_general(resources), *rules])
    if ruling.decision is Decision.DENY:
        raise NotAllowed("A rule forbids this tool. Do without it, and say so.")
    answer = said.approval(tool_call_id, arguments, mark_of(tool))
    if answer is None:
        if complaint(tool.input_schema, arguments):
            return arguments  # what does not fit is never called: nobody need be asked
        doubt = await find_doubt(resources, run, tool, arguments, is_ruled=not ruling.is_default)
        if ruling.decision is Decision.ALLOW and change is None and not doubt:
            return arguments
        shown = _content(tool, tool_call_id, arguments, ruling)
        raise AnswerNeeded("A person has to allow this call.", shown | _why(ruling, change, doubt))
    if answer["decision"] == "approve":
        await persist(resources.db, lambda session: accept(session, resources, user_id, tool))
        return answer.get("arguments") or arguments
    raise NotAllowed(_refusal(answer))


async def rules_for(resources: Resources, run: Run) -> list[Rule]:
    """The rules of the operator, of this user, and of this conversation."""
    own = await persist(
        resources.db, lambda session: find_rules(session, run.task.user_id, run.task.thread_id)
    )
    return [*_general(resources), *own]


def _general(resources: Resources) -> list[Rule]:
    return [Rule(rule.pattern, Decision(rule.decision)) for rule in resources.settings.tool_rules]


def hash_of(arguments: JSON) -> str:
    """Stands for exactly these arguments."""
    return hashlib.sha256(orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _content(tool: RemoteTool, tool_call_id: str, arguments: JSON, ruling: Ruling) -> JSON:
    asks = ruling.decision is Decision.ASK
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
        "can_remember": asks and ruling.is_default and may_remember(tool),
    }


def _why(ruling: Ruling, change: Change | None, doubt: Doubt) -> JSON:
    """What speaks for asking beside the rules; `only_reason`: they alone would not ask."""
    is_clear = ruling.decision is Decision.ALLOW
    found: JSON = {}
    if change is not None:
        found["change"] = {**asdict(change), "only_reason": is_clear}
    if doubt:
        found["doubt"] = {**asdict(doubt), "only_reason": is_clear and change is None}
    return found


def _no_sign_in(said: JSON) -> str:
    reason = said.get("reason")
    why = f" The reason given: {reason}" if reason else ""
    return (
        f"The user has not signed in to this tool's server, so it was not used.{why} Go on without"
        " it, or say what is missing."
    )


def _refusal(said: JSON) -> str:
    if said.get("expired"):
        return "Nobody answered in time whether this tool may be used, so it was not. Say so."
    reason = said.get("reason")
    why = f" The reason given: {reason}" if reason else ""
    return f"The user does not want this tool to be used now.{why} Go on without it, or ask."
