"""What a page shows of a thread, and what has to be said to a page that shows something older.

Pure: rows and live states go in, a picture in Chainlit's shapes comes out. A page is never told
what happened, only what differs from the picture it has; everything is an upsert by id.

Below each user message stands the task that answers it, as Chainlit's "run": the run carries the
loader and the thumbs. Below the run stand tool calls, questions and the answer.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from app.chats.models import Step, StepKind, Thread
from app.core.db import JSON
from app.tasks.models import Question, TaskStatus
from app.tasks.parts import LiveState, LiveTool, tool_step_id
from app.turns.service import ThreadRows
from app.ui.attached import attached_card
from app.ui.shapes import (
    OVER,
    RESTING,
    WRONG,
    CardState,
    Shape,
    Turn,
    answer_id,
    answer_step,
    head_shape,
    question_card,
    question_step,
    question_step_id,
    row_step,
    run_step,
    turn_card,
)
from app.ui.tool_shapes import (
    brought_card,
    brought_step,
    progress_card,
    progress_step,
    tool_step,
)

_CARDS: dict[TaskStatus, CardState] = {
    TaskStatus.PENDING: "later",
    TaskStatus.RETRYING: "retrying",
    TaskStatus.SUSPENDED: "paused",
}


@dataclass
class Picture:
    """Steps and elements by id, in the order of display; `busy` shows Stop instead of Send."""

    steps: dict[str, Shape] = field(default_factory=dict)
    elements: dict[str, Shape] = field(default_factory=dict)
    busy: bool = False


def draw(rows: ThreadRows | None, states: Mapping[UUID, LiveState]) -> Picture:
    """The picture of a thread; an empty one for a thread that does not exist."""
    picture = Picture()
    if rows is None:
        return picture
    turns = _turns(rows, states)
    before: TaskStatus | None = None
    for step in rows.steps:
        if step.kind is not StepKind.USER_MESSAGE:
            continue
        _add(picture, row_step(step, parent=None))
        if brought := rows.previews.get(step.id):
            _add_element(picture, attached_card(step, brought))
        for turn in turns.get(step.id, ()):
            _draw_turn(picture, turn, waits=before is not None)
            if turn.status not in OVER and before is None and not turn.task.in_background:
                before = turn.status
    picture.busy = before is not None and before not in RESTING
    return picture


def difference(old: Picture, new: Picture) -> Iterator[tuple[str, Shape]]:
    """The events that turn a page which shows `old` into one that shows `new`."""
    yield from _removed(old, new)
    yield from _changed(old, new)
    if new.busy != old.busy:
        yield ("task_start" if new.busy else "task_end"), {}


def _removed(old: Picture, new: Picture) -> Iterator[tuple[str, Shape]]:
    moved = _moved(old, new)
    for id in old.steps:
        if id not in new.steps or id in moved:
            yield "delete_message", {"id": id}
    for id in old.elements.keys() - new.elements.keys():
        yield "remove_element", {"id": id}


def _changed(old: Picture, new: Picture) -> Iterator[tuple[str, Shape]]:
    """What is new or other; the end of a run comes last, for programs wait for it."""
    moved = _moved(old, new)
    last: list[Shape] = []
    for id, step in new.steps.items():
        if id not in old.steps or id in moved:
            yield ("stream_start" if step["streaming"] else "new_message"), step
        elif step != old.steps[id]:
            if step["type"] == "run":
                last.append(step)
            else:
                yield "update_message", step
    for id, element in new.elements.items():
        if element != old.elements.get(id):
            yield "element", element
    for step in last:
        yield "update_message", step


def _moved(old: Picture, new: Picture) -> set[str]:
    """Known steps that now stand behind a new sibling: pages can only append below a parent."""
    grown: set[str | None] = set()
    moved: set[str] = set()
    for id, step in new.steps.items():
        parent = step["parentId"]
        if id not in old.steps:
            grown.add(parent)
        elif parent in grown or parent in moved:
            moved.add(id)
    return moved


def _turns(rows: ThreadRows, states: Mapping[UUID, LiveState]) -> dict[UUID | None, list[Turn]]:
    steps: defaultdict[UUID | None, list[Step]] = defaultdict(list)
    for step in rows.steps:
        if step.kind is not StepKind.USER_MESSAGE:
            steps[step.task_id].append(step)
    questions: defaultdict[UUID, list[Question]] = defaultdict(list)
    for question in rows.questions:
        questions[question.task_id].append(question)
    feedbacks = {feedback.task_id: feedback for feedback in rows.feedbacks}
    turns: defaultdict[UUID | None, list[Turn]] = defaultdict(list)
    for task in rows.tasks:
        turns[task.message_id].append(
            Turn(
                task=task,
                state=states.get(task.id),
                steps=steps[task.id],
                questions=questions[task.id],
                feedback=feedbacks.get(task.id),
            )
        )
    return turns


def _draw_turn(picture: Picture, turn: Turn, *, waits: bool) -> None:
    _add(picture, run_step(turn))
    brought = _brought(turn)
    for step in _below(turn):
        _add(picture, step)
        if step["id"] in brought:
            _draw_brought(picture, turn, step, brought[step["id"]])
        if tool := _under_way(turn, step):
            _add(picture, progress_step(turn, tool))
            _add_element(picture, progress_card(turn, tool))
    for question in turn.questions:
        _add_element(picture, question_card(turn, question))
    if answer := _answer(turn):
        _add(picture, answer)
    if card := _card(turn, waits=waits):
        _draw_card(picture, turn, card)


def _card(turn: Turn, *, waits: bool) -> CardState | None:
    """What a reader must be told of a turn, beyond what it says itself."""
    if turn.status in WRONG:
        return "failed"
    if turn.status in _CARDS:
        return _CARDS[turn.status]
    if turn.task.in_background and turn.status not in (*OVER, TaskStatus.WAITING):
        return "background"
    return "queued" if waits and turn.status is TaskStatus.QUEUED else None


def _draw_card(picture: Picture, turn: Turn, state: CardState) -> None:
    """Say how a turn stands where its answer is, or would be."""
    if answer_id(turn.task.id) not in picture.steps:
        failed = state == "failed"
        text = (turn.task.error or "") if failed else ""
        _add(picture, {**answer_step(turn, text), "isError": failed})
    _add_element(picture, turn_card(turn, state))


def _below(turn: Turn) -> list[Shape]:
    """Tool calls and questions of a turn, in the order in which they came up."""
    run = str(turn.task.id)
    told = [(s.created_at, row_step(s, parent=run)) for s in turn.steps if s.kind is StepKind.TOOL]
    told += [(q.created_at, question_step(turn, q)) for q in turn.questions]
    calls = {question_step_id(q): _call_of(turn, q) for q in turn.questions}
    live = turn.live.tools if turn.live is not None else {}
    shapes: dict[str, Shape] = {}
    for _, shape in sorted(told, key=lambda t: (t[0], t[1]["id"])):
        call = live.get(calls.get(shape["id"], ""))
        if call is not None and all(call.id != step["id"] for _, step in told):
            shapes.setdefault(call.id, tool_step(turn, call))
        shapes[shape["id"]] = shape
    for tool in live.values():
        shapes.setdefault(tool.id, tool_step(turn, tool))
    return list(shapes.values())


def _call_of(turn: Turn, question: Question) -> str:
    """The id of the step of the call that a question is about."""
    return str(tool_step_id(turn.task.id, question.content.get("tool_call_id", "")))


def _brought(turn: Turn) -> dict[str, JSON]:
    """What tool calls brought beside text, by the ids of their steps."""
    live = turn.live.tools.values() if turn.live is not None else ()
    return {tool.id: tool.brought for tool in live} | {
        str(step.id): step.details for step in turn.steps if step.kind is StepKind.TOOL
    }


def _under_way(turn: Turn, step: Shape) -> LiveTool | None:
    """The call of a step, if it goes on and its server says how far it is."""
    tool = turn.live.tools.get(step["id"]) if turn.live is not None else None
    return tool if tool is not None and tool.progress and step["end"] is None else None


def _draw_brought(picture: Picture, turn: Turn, step: Shape, brought: JSON) -> None:
    card = brought_card(turn, step, brought)
    if card["props"]["files"] or card["props"]["links"]:
        _add(picture, brought_step(turn, step))
        _add_element(picture, card)


def _answer(turn: Turn) -> Shape | None:
    row = next((s for s in turn.steps if s.kind is StepKind.ASSISTANT_MESSAGE), None)
    if turn.live is not None and turn.live.text:
        return answer_step(turn, turn.live.text)
    return row_step(row, parent=str(turn.task.id)) if row is not None else None


def _add(picture: Picture, step: Shape) -> None:
    picture.steps[step["id"]] = step


def _add_element(picture: Picture, element: Shape) -> None:
    picture.elements[element["id"]] = element


def thread_shape(thread: Thread, picture: Picture) -> Shape:
    """A whole thread as a page resumes it."""
    return {
        **head_shape(thread),
        "steps": list(picture.steps.values()),
        "elements": list(picture.elements.values()),
    }
