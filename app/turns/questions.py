"""Questions as faces answer them: by their owner, once; or by the clock, when nobody did."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import JSON
from app.core.errors import Conflict, FullPageNeeded, Invalid, NotFound
from app.core.resources import Resources
from app.mcp.forms import check_values
from app.mcp.models import Decision
from app.mcp.policy import Rule, add_rule
from app.mcp.storable import storable
from app.tasks import questions, queue
from app.tasks.models import Question, QuestionKind, Task


class Scope(StrEnum):
    """For how long an approval holds: this call, this conversation, or until it is taken back."""

    ONCE = "once"
    CHAT = "chat"
    ALWAYS = "always"


class Action(StrEnum):
    """What a person does with what a server asks of them (MCP 2025-11-25, elicitation)."""

    ACCEPT = "accept"
    DECLINE = "decline"
    CANCEL = "cancel"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What a person says to a call: `arguments` are theirs, where they changed the model's."""

    is_approved: bool
    scope: Scope = Scope.ONCE
    arguments: JSON | None = None
    reason: str = ""


_FIELD = {
    QuestionKind.UNKNOWN_OUTCOME: "outcome",
    QuestionKind.APPROVAL: "decision",
    QuestionKind.SAMPLING: "decision",
    QuestionKind.SIGN_IN: "decision",
    QuestionKind.ELICITATION: "action",
}
"""By what a question of each kind is answered."""


async def require_plain_view(session: AsyncSession, user_id: UUID, question_id: UUID) -> None:
    """Raises FullPageNeeded for what is too grave to be answered in a frame in another's page."""
    question = await session.scalar(
        select(Question).where(Question.id == question_id, Question.user_id == user_id)
    )
    if question is None:
        raise NotFound("There is no such question.")
    if question.content.get("destructive") or question.content.get("change"):
        raise FullPageNeeded("This approval can only be given on the full page.")


async def settle(resources: Resources, user_id: UUID, question_id: UUID, outcome: str) -> None:
    """Say what became of a call whose end nobody saw; its task goes on."""
    async with resources.db.transaction() as session:
        question, task = await questions.answer_question(
            session, user_id, question_id, {"outcome": outcome}
        )
        _must_be(question, "outcome")
    await tell_changed(resources, [task])


async def approve(
    resources: Resources, user_id: UUID, question_id: UUID, approval: Approval
) -> None:
    """Allow what is asked, or refuse it; its task goes on. A lasting approval becomes a rule.

    To sign in can only be refused here: the sign-in itself is the other answer.
    """
    answer: JSON = {"decision": "approve" if approval.is_approved else "refuse"}
    if approval.is_approved:
        answer["scope"] = approval.scope
        if approval.arguments is not None:
            answer["arguments"] = approval.arguments
    elif approval.reason:
        answer["reason"] = approval.reason
    if storable(answer) != answer:
        raise Invalid("It holds characters or numbers that cannot be stored.")
    async with resources.db.transaction() as session:
        question, task = await questions.answer_question(session, user_id, question_id, answer)
        _must_be(question, "decision")
        if approval.is_approved and question.kind is QuestionKind.SIGN_IN:
            raise Invalid("Sign in to the server, or refuse; nothing else helps.", field="decision")
        if approval.is_approved and approval.scope is not Scope.ONCE:
            await _remember(session, question, task, approval.scope)
    await tell_changed(resources, [task])


async def reply(
    resources: Resources, user_id: UUID, question_id: UUID, action: Action, content: JSON | None
) -> None:
    """Give a server what it asks a person for, or do not; its task goes on.

    Values that do not fit its form change nothing: Invalid names the field.
    """
    async with resources.db.transaction() as session:
        answer: JSON = {"action": action}
        question, task = await questions.answer_question(session, user_id, question_id, answer)
        _must_be(question, "action")
        if action is Action.ACCEPT and question.content["mode"] == "form":
            checked = check_values(question.content["fields"], content or {})
            question.answer = {**answer, "content": checked}
    await tell_changed(resources, [task])


async def answer_sign_in(resources: Resources, user_id: UUID, server_id: UUID) -> int:
    """A user has signed in to a server: what waited for it goes on. Returns how many questions."""
    changed = []
    async with resources.db.transaction() as session:
        for question in await questions.list_open_questions(session, user_id):
            is_it = question.content.get("server_id") == str(server_id)
            if question.kind is QuestionKind.SIGN_IN and is_it:
                answer = {"decision": "signed_in"}
                changed.append(
                    await questions.answer_question(session, user_id, question.id, answer)
                )
    await tell_changed(resources, [task for _, task in changed])
    return len(changed)


async def expire(resources: Resources) -> int:
    """Refuse what nobody has answered in time; returns how many questions."""
    async with resources.db.transaction() as session:
        expired = await questions.expire_questions(session)
    await tell_changed(resources, [task for _, task in expired])
    return len(expired)


async def tell_changed(resources: Resources, changed: list[Task]) -> None:
    """Let workers and pages look at tasks that have changed."""
    await queue.tell_changed(resources.redis, changed)


def _must_be(question: Question, given: str) -> None:
    wanted = _FIELD[question.kind]
    if wanted != given:
        raise Invalid(
            "This question wants another answer: a decision, where something waits to be allowed;"
            " an action, where a server asks you something; an outcome, where nobody knows whether"
            " a tool ran.",
            field=wanted,
        )


async def _remember(session: AsyncSession, question: Question, task: Task, scope: Scope) -> None:
    if not question.content["can_remember"]:
        raise Conflict("A rule asks about this tool each time; it can be approved once only.")
    if scope is Scope.CHAT and task.thread_id is None:
        raise Conflict("This task has no conversation; approve it once, or always.")
    rule = Rule(question.content["pattern"], Decision.ALLOW, question.content["fingerprint"])
    thread_id = task.thread_id if scope is Scope.CHAT else None
    await add_rule(session, question.user_id, rule, thread_id=thread_id)
