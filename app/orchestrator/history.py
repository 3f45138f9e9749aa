"""What a model is told of a thread: its steps, turned into messages that any model accepts."""

from typing import Any
from uuid import UUID

import orjson
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage

from app.chats.models import Step, StepKind
from app.orchestrator.attached import Attached, images_in, message_text
from app.orchestrator.images import seen_in

MOST_TURNS = 100
"""Turns of a thread that a model is told of; older ones are left out."""

_UNKNOWN = "It is not known how this call ended."

_NO_ANSWER = (
    "(There is no answer to this message: it is still being worked on in the background, or was"
    " stopped. Do not answer it again.)"
)


def build_history(
    steps: list[Step],
    task_id: UUID,
    *,
    attached: Attached | None = None,
    alone: bool = False,
    page: str = "",
) -> list[AnyMessage]:
    """The messages of a thread up to and with the one that `task_id` answers, or that one alone.

    Later messages, which wait for their turn, are left out. A tool call without a result gets
    one that says so: a model refuses a history with an unanswered call. So does a message
    without an answer: a model would answer it together with the newest. `page` is what the web
    page says that the user looks at now; it goes with the newest.
    """
    turns: dict[UUID, list[Step]] = {}
    for step in steps:
        if step.kind is StepKind.USER_MESSAGE and step.task_id:
            turns.setdefault(step.task_id, []).append(step)
    for step in steps:
        if step.kind is not StepKind.USER_MESSAGE and step.task_id in turns:
            turns[step.task_id].append(step)
    order = [task_id] if alone else list(turns)
    wanted = order[: order.index(task_id) + 1][-MOST_TURNS:]
    messages: list[AnyMessage] = []
    for turn in wanted[:-1]:
        messages += _past_turn(turns[turn], attached or {})
    newest = _said(turns[task_id][0], attached or {}, str(task_id))
    if page:
        newest.content = f"{newest.content}\n\n{page}"
    return [*messages, newest]


def _said(message: Step, attached: Attached, id: str) -> HumanMessage:
    brought = attached.get(message.id, ())
    images = images_in(brought)
    return HumanMessage(
        message_text(message, brought),
        id=id,
        additional_kwargs={"images": images} if images else {},
    )


def _past_turn(steps: list[Step], attached: Attached) -> list[AnyMessage]:
    question, *rest = steps
    messages: list[AnyMessage] = [_said(question, attached, str(question.id))]
    tools = [step for step in rest if step.kind is StepKind.TOOL]
    if tools:
        calls = [
            ToolCall(name=step.name, args=_arguments(step.input), id=_call_id(step))
            for step in tools
        ]
        messages.append(AIMessage("", tool_calls=calls))
        messages += [
            ToolMessage(
                step.details.get("told", step.output) or _UNKNOWN,
                tool_call_id=_call_id(step),
                name=step.name,
                status="error" if step.is_error else "success",
                artifact=seen_in(step.details),
            )
            for step in tools
        ]
    answers = [s for s in rest if s.kind is StepKind.ASSISTANT_MESSAGE and s.output]
    messages += [AIMessage(step.details.get("said", step.output)) for step in answers]
    return messages if answers else [*messages, AIMessage(_NO_ANSWER)]


def _call_id(step: Step) -> str:
    return str(step.details.get("tool_call_id", step.id))


def _arguments(text: str) -> dict[str, Any]:
    try:
        arguments = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


def said_in(messages: list[AnyMessage], task_id: UUID) -> list[AnyMessage]:
    """The messages that the turn of `task_id` has added."""
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], HumanMessage) and messages[index].id == str(task_id):
            return messages[index + 1 :]
    return []


def usage_of(messages: list[AnyMessage], task_id: UUID) -> dict[str, int]:
    """Tokens of a turn, added up over its calls of the model."""
    total = {"input_tokens": 0, "output_tokens": 0}
    for message in said_in(messages, task_id):
        if isinstance(message, AIMessage) and message.usage_metadata:
            total["input_tokens"] += message.usage_metadata["input_tokens"]
            total["output_tokens"] += message.usage_metadata["output_tokens"]
    return total
