"""/questions: what only a person can decide."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.deps import Body, CallerNow
from app.api.errors import documented
from app.core.db import JSON
from app.core.envelope import Success
from app.tasks.models import QuestionKind
from app.tasks.questions import list_open_questions
from app.turns import service as turns

router = APIRouter(prefix="/questions", tags=["questions"])


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


class Answer(Body):
    """What became of a tool call that nobody saw the end of."""

    outcome: Literal["happened", "repeat", "skip"]


class Answered(BaseModel):
    """The question that is decided now."""

    question_id: UUID
    outcome: str


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
    decision = {"outcome": answer.outcome}
    await turns.answer_question(caller.resources, caller.user_id, question_id, decision)
    return Success(data=Answered(question_id=question_id, outcome=answer.outcome))
