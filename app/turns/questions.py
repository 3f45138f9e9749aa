"""Questions as faces answer them: by their owner, once; or by the clock, when nobody did."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bus import publish_hint
from app.core.db import JSON
from app.core.errors import Conflict, Invalid
from app.core.resources import Resources
from app.mcp.models import Decision
from app.mcp.policy import Rule, add_rule
from app.tasks import questions
from app.tasks.models import Question, QuestionKind, Task
from app.tasks.queue import announce


class Scope(StrEnum):
    """For how long an approval holds: this call, this conversation, or until it is taken back."""

    ONCE = "once"
    CHAT = "chat"
    ALWAYS = "always"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What a person says to a call: `arguments` are theirs, where they changed the model's."""

    is_approved: bool
    scope: Scope = Scope.ONCE
    arguments: JSON | None = None
    reason: str = ""


async def settle(resources: Resources, user_id: UUID, question_id: UUID, outcome: str) -> None:
    """Say what became of a call whose end nobody saw; its task goes on."""
    async with resources.db.transaction() as session:
        question, task = await questions.answer_question(
            session, user_id, question_id, {"outcome": outcome}
        )
        _must_be(question, QuestionKind.UNKNOWN_OUTCOME)
    await tell_changed(resources, [task])


async def approve(
    resources: Resources, user_id: UUID, question_id: UUID, approval: Approval
) -> None:
    """Allow a call or refuse it; its task goes on. A lasting approval becomes a rule."""
    answer: JSON = {"decision": "approve" if approval.is_approved else "refuse"}
    if approval.is_approved:
        answer["scope"] = approval.scope
        if approval.arguments is not None:
            answer["arguments"] = approval.arguments
    elif approval.reason:
        answer["reason"] = approval.reason
    async with resources.db.transaction() as session:
        question, task = await questions.answer_question(session, user_id, question_id, answer)
        _must_be(question, QuestionKind.APPROVAL)
        if approval.is_approved and approval.scope is not Scope.ONCE:
            await _remember(session, question, task, approval.scope)
    await tell_changed(resources, [task])


async def expire(resources: Resources) -> int:
    """Refuse what nobody has answered in time; returns how many questions."""
    async with resources.db.transaction() as session:
        expired = await questions.expire_questions(session, {"decision": "refuse", "expired": True})
    await tell_changed(resources, [task for _, task in expired])
    return len(expired)


async def tell_changed(resources: Resources, changed: list[Task]) -> None:
    """Let workers and pages look at tasks that have changed."""
    if changed:
        await announce(resources.redis, [task.id for task in changed])
    threads = {task.thread_id for task in changed if task.thread_id is not None}
    if threads:
        await publish_hint(resources.redis, "thread", *threads)


def _must_be(question: Question, kind: QuestionKind) -> None:
    if question.kind is not kind:
        raise Invalid(
            "This question wants another answer: a decision, where a tool waits for approval;"
            " an outcome, where nobody knows whether it ran.",
            field="decision" if question.kind is QuestionKind.APPROVAL else "outcome",
        )


async def _remember(session: AsyncSession, question: Question, task: Task, scope: Scope) -> None:
    if not question.content["can_remember"]:
        raise Conflict("A rule asks about this tool each time; it can be approved once only.")
    if scope is Scope.CHAT and task.thread_id is None:
        raise Conflict("This task has no conversation; approve it once, or always.")
    rule = Rule(question.content["pattern"], Decision.ALLOW, question.content["fingerprint"])
    thread_id = task.thread_id if scope is Scope.CHAT else None
    await add_rule(session, question.user_id, rule, thread_id=thread_id)
