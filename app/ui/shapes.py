"""The shapes that Chainlit's page understands: steps and elements, made of rows and live parts.

Ids are derived, never drawn: whoever makes the shape of a thing, and however often, gives it the
same id, so a page can take it twice.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from app.chats.models import Feedback, Step, StepKind, Thread
from app.core.clock import derived_id
from app.tasks.models import Question, QuestionKind, Task, TaskStatus
from app.tasks.parts import LiveState

Shape = dict[str, Any]
"""A step, element or payload as Chainlit's page wants it."""

CardState = Literal["background", "failed", "later", "paused", "queued", "retrying"]
"""How a turn stands, where that is to be said, or something can be done about it."""

AUTHOR = "Keiko"
"""Who an answer is from while its row is not written yet."""

BEGUN = {TaskStatus.RUNNING}
RESTING = {TaskStatus.WAITING, TaskStatus.SUSPENDED}
WRONG = {TaskStatus.FAILED, TaskStatus.TIMEOUT}
OVER = {TaskStatus.COMPLETED, TaskStatus.CANCELLED, *WRONG}
_NO_ANSWER = {TaskStatus.CANCELLED, *WRONG}

_CARDS = {
    QuestionKind.UNKNOWN_OUTCOME: "Question",
    QuestionKind.APPROVAL: "Question",
    QuestionKind.ELICITATION: "Elicitation",
    QuestionKind.SAMPLING: "Sampling",
    QuestionKind.SIGN_IN: "SignIn",
}
"""The file in `public/elements` that draws each kind of question."""


def answer_id(task_id: UUID) -> str:
    """The id of the step in which a task's answer stands."""
    return str(derived_id(task_id, "answer"))


def status_of(task: Task, state: LiveState | None) -> TaskStatus:
    """The newest that is known of a task: live parts run ahead of the rows that were read."""
    if not task.is_open or state is None:
        return task.status
    if state.ended == TaskStatus.COMPLETED:
        return TaskStatus.COMPLETED
    if task.status is TaskStatus.QUEUED and state.started and state.ended is None:
        return TaskStatus.RUNNING
    return task.status


@dataclass
class Turn:
    """One task with everything that belongs to it."""

    task: Task
    state: LiveState | None
    steps: list[Step]
    questions: list[Question]
    feedback: Feedback | None

    @property
    def status(self) -> TaskStatus:
        """The newest that is known of it."""
        return status_of(self.task, self.state)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""
        return self.status in OVER

    @property
    def live(self) -> LiveState | None:
        """What the live parts add to the rows: nothing once the rows tell the end, or a retry."""
        if self.state is None or not self.task.is_open:
            return None
        again = self.task.status is TaskStatus.QUEUED and self.task.fence > 0
        return None if again and self.state.ended in _NO_ANSWER else self.state

    @property
    def ended(self) -> str | None:
        """When the turn ended; a moment that must only be there, if the rows are still behind."""
        if not self.is_over:
            return None
        return moment(self.task.completed_at or self.task.started_at or self.task.created_at)


def run_step(turn: Turn) -> Shape:
    """A task as Chainlit's run: it carries the loader and the thumbs."""
    task, feedback = turn.task, turn.feedback
    begun = moment(task.started_at or task.created_at)
    return {
        **blank_step(str(task.id), "run", "on_message", str(task.message_id)),
        "threadId": str(task.thread_id),
        "createdAt": moment(task.created_at),
        "start": begun,
        "end": turn.ended,
        "feedback": feedback and feedback_shape(feedback),
        "metadata": {"background": True} if task.in_background else {},
    }


def feedback_shape(feedback: Feedback) -> Shape:
    """A judgement as the thumbs want it. There is one per task, so it is named by the task."""
    return {
        "id": str(feedback.task_id),
        "forId": str(feedback.task_id),
        "value": feedback.value,
        "comment": feedback.comment,
    }


def row_step(row: Step, *, parent: str | None) -> Shape:
    """A step as its row tells it."""
    return {
        **blank_step(str(row.id), row.kind.value, row.name, parent),
        "threadId": str(row.thread_id),
        "input": row.input,
        "showInput": "json" if row.input else False,
        "output": row.output,
        "isError": row.is_error,
        "createdAt": moment(row.created_at),
        "start": moment(row.created_at),
        "end": moment(row.ended_at or row.created_at),
    }


def answer_step(turn: Turn, text: str) -> Shape:
    """The answer as far as it is known before its row is."""
    at = moment(turn.task.started_at or turn.task.created_at)
    return {
        **blank_step(
            answer_id(turn.task.id), StepKind.ASSISTANT_MESSAGE.value, AUTHOR, str(turn.task.id)
        ),
        "threadId": str(turn.task.thread_id),
        "output": text,
        "streaming": turn.status in BEGUN,
        "createdAt": at,
        "start": at,
        "end": turn.ended,
    }


def question_step(turn: Turn, question: Question) -> Shape:
    """The empty message that bears a question's card."""
    return bearer_step(turn, question_step_id(question), moment(question.created_at))


def bearer_step(turn: Turn, id: str, at: str) -> Shape:
    """An empty message below a turn, which bears a card."""
    return {
        **blank_step(id, StepKind.ASSISTANT_MESSAGE.value, AUTHOR, str(turn.task.id)),
        "threadId": str(turn.task.thread_id),
        "createdAt": at,
        "start": at,
        "end": at,
    }


def question_step_id(question: Question) -> str:
    """The id of the message that bears a question's card."""
    return str(derived_id(question.id, "step"))


def question_card(turn: Turn, question: Question) -> Shape:
    """What only a person can decide, with its answer once there is one."""
    props = {
        "id": str(question.id),
        "kind": question.kind.value,
        "content": question.content,
        "answer": question.answer,
        "open": question.answered_at is None and not turn.is_over,
    }
    return card(turn, question.id, _CARDS[question.kind], question_step_id(question), props)


def turn_card(turn: Turn, state: CardState) -> Shape:
    """How a turn stands, with the buttons that change it; `at` is when it goes on by itself."""
    props: Shape = {"task": str(turn.task.id), "state": state}
    if state in ("later", "retrying") and turn.task.not_before is not None:
        props["at"] = moment(turn.task.not_before)
    return card(turn, derived_id(turn.task.id, "card"), "Turn", answer_id(turn.task.id), props)


def card(turn: Turn, id: UUID, name: str, bearer: str, props: Shape) -> Shape:
    """An element of ours in the thread of a turn."""
    return card_shape(str(id), turn.task.thread_id, name, bearer, props)


def card_shape(id: str, thread_id: UUID | None, name: str, bearer: str, props: Shape) -> Shape:
    """An element of ours: `name` is the file in `public/elements` that draws it."""
    return {
        "id": id,
        "threadId": str(thread_id),
        "type": "custom",
        "name": name,
        "display": "inline",
        "forId": bearer,
        "props": props,
        "url": None,
        "chainlitKey": None,
        "mime": "application/json",
    }


def blank_step(id: str, kind: str, name: str, parent: str | None) -> Shape:
    """A step with nothing in it."""
    return {
        "id": id,
        "threadId": "",
        "parentId": parent,
        "type": kind,
        "name": name,
        "input": "",
        "output": "",
        "showInput": False,
        "isError": False,
        "streaming": False,
        "waitForAnswer": False,
        "createdAt": None,
        "start": None,
        "end": None,
        "metadata": {},
        "tags": [],
    }


def moment(at: datetime) -> str:
    """A time as JavaScript writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def head_shape(thread: Thread) -> Shape:
    """A thread without its content, as the history lists it."""
    return {
        "id": str(thread.id),
        "createdAt": moment(thread.created_at),
        "name": thread.name,
        "userId": str(thread.user_id),
        "userIdentifier": str(thread.user_id),
        "tags": [],
        "metadata": {},
    }
