"""/questions: what only a person can decide."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, CallerNow, may
from app.api.errors import documented
from app.core.db import JSON
from app.core.envelope import Success
from app.core.errors import Invalid
from app.tasks.models import QuestionKind
from app.tasks.questions import list_open_questions
from app.turns import questions
from app.turns.questions import Action, Scope
from app.users.permissions import Permission

router = APIRouter(
    prefix="/questions",
    tags=["questions"],
    dependencies=[may(Permission.TASKS_READ, to_write=Permission.QUESTIONS_ANSWER)],
)


class QuestionView(BaseModel):
    """A question of a turn, with what it is about and what was decided."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    task_id: UUID
    kind: QuestionKind
    content: JSON
    answer: JSON | None
    created_at: datetime
    answered_at: datetime | None
    expires_at: datetime | None


class Answer(Body):
    """One of three, by the `kind` of the question.

    `outcome`: what became of a call that nobody saw the end of (`unknown_outcome`). `decision`:
    whether a call may be made, a server may use the model, or you do not want to sign in
    (`approval`, `sampling`, `sign_in`); `scope`, `arguments` (in place of the model's) and `reason`
    (told to the model) go with it, and a scope beyond this call is kept as a rule. `action`: what
    you do with a server's question (`elicitation`), with the values of its form as `content`.
    """

    outcome: Literal["happened", "repeat", "skip"] | None = None
    decision: Literal["approve", "refuse"] | None = None
    action: Literal["accept", "decline", "cancel"] | None = None
    content: JSON | None = None
    scope: Literal["once", "chat", "always"] = "once"
    arguments: JSON | None = None
    reason: str = Field(default="", max_length=1000)


class Answered(BaseModel):
    """The question that is decided now."""

    question_id: UUID
    outcome: str | None
    decision: str | None
    action: str | None


@router.get("", operation_id="list_questions")
async def list_questions(caller: CallerNow) -> Success[list[QuestionView]]:
    """Every open question of yours, oldest first."""
    async with caller.transaction() as session:
        found = await list_open_questions(session, caller.user_id)
    return Success(data=[QuestionView.model_validate(question) for question in found])


@router.post(
    "/{question_id}/answer", operation_id="answer_question", responses=documented(404, 409)
)
async def answer_question(
    question_id: UUID, answer: Answer, caller: CallerNow
) -> Success[Answered]:
    """Decide a question, once; its turn goes on with the answer."""
    given = [answer.outcome, answer.decision, answer.action]
    if given.count(None) != 2:
        raise Invalid("Give an outcome, a decision or an action, and only one.", field="decision")
    site = caller.signed_in.site  # a refusal is never too grave for a frame
    if site is not None and not site.is_full and answer.decision == "approve":
        async with caller.transaction() as session:
            await questions.require_plain_view(session, caller.user_id, question_id)
    if answer.outcome is not None:
        await questions.settle(caller.resources, caller.user_id, question_id, answer.outcome)
    elif answer.action is not None:
        action = Action(answer.action)
        await questions.reply(caller.resources, caller.user_id, question_id, action, answer.content)
    else:
        approval = questions.Approval(
            is_approved=answer.decision == "approve",
            scope=Scope(answer.scope),
            arguments=answer.arguments,
            reason=answer.reason,
        )
        await questions.approve(caller.resources, caller.user_id, question_id, approval)
    return Success(
        data=Answered(
            question_id=question_id,
            outcome=answer.outcome,
            decision=answer.decision,
            action=answer.action,
        )
    )
