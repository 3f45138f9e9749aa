"""Pictures and their differences: no IO, one thread, many moments."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.chats.models import Feedback, Step, StepKind, Thread
from app.core.clock import derived_id
from app.tasks.models import Question, QuestionKind, Task, TaskStatus
from app.tasks.parts import (
    Ended,
    LiveState,
    Started,
    Text,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    tool_step_id,
)
from app.turns.service import ThreadRows
from app.ui.picture import Picture, difference, draw, thread_shape
from app.ui.shapes import answer_id
from tests.ui.client import Shown

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
USER, THREAD = uuid4(), uuid4()


class Story:
    """The rows of a thread, told turn by turn."""

    def __init__(self) -> None:
        thread = Thread(id=THREAD, user_id=USER, name="Sums", created_at=START, updated_at=START)
        self.rows = ThreadRows(thread=thread, steps=[], tasks=[], questions=[], feedbacks=[])
        self.states: dict[UUID, LiveState] = {}
        self._at = START

    def now(self) -> datetime:
        self._at += timedelta(seconds=1)
        return self._at

    def turn(self, text: str = "Hello", status: TaskStatus = TaskStatus.RUNNING) -> Task:
        """A message, and the task that answers it."""
        at, message_id = self.now(), uuid4()
        task = Task(
            id=derived_id(message_id, "task"),
            thread_id=THREAD,
            message_id=message_id,
            status=status,
            parameters={},
            created_at=at,
            fence=0 if status is TaskStatus.QUEUED else 1,
            started_at=None if status is TaskStatus.QUEUED else at,
        )
        self._step(message_id, StepKind.USER_MESSAGE, str(USER), output=text, task_id=None)
        self.rows.tasks.append(task)
        return task

    def answer(self, task: Task, text: str, *, is_error: bool = False) -> Step:
        """The row of an answer."""
        return self._step(
            derived_id(task.id, "answer"),
            StepKind.ASSISTANT_MESSAGE,
            "Keiko",
            output=text,
            task_id=task.id,
            is_error=is_error,
        )

    def tool(self, task: Task, call: str, output: str = "42") -> Step:
        """The row of a tool call."""
        return self._step(
            derived_id(task.id, f"tool:{call}"),
            StepKind.TOOL,
            "calculator",
            input='{"expression": "6*7"}',
            output=output,
            task_id=task.id,
        )

    def ask(self, task: Task) -> Question:
        """The row of a question."""
        question = Question(
            id=uuid4(),
            task_id=task.id,
            user_id=USER,
            kind=QuestionKind.UNKNOWN_OUTCOME,
            content={"tool": "send"},
            created_at=self.now(),
        )
        self.rows.questions.append(question)
        return question

    def say(self, task: Task, *parts: Any) -> LiveState:
        """What a worker says of a task."""
        state = self.states.setdefault(task.id, LiveState())
        for part in parts:
            state.apply(part)
        return state

    def draw(self) -> Picture:
        return draw(self.rows, self.states)

    def _step(self, id: UUID, kind: StepKind, name: str, **more: Any) -> Step:
        at = self.now()
        row = Step(
            **{"input": "", "output": "", "is_error": False, "details": {}, **more},
            id=id,
            thread_id=THREAD,
            kind=kind,
            name=name,
            created_at=at,
            ended_at=at,
        )
        self.rows.steps.append(row)
        return row


@pytest.fixture
def story() -> Story:
    return Story()


def kinds(picture: Picture) -> list[str]:
    return [step["type"] for step in picture.steps.values()]


def names(old: Picture, new: Picture) -> list[str]:
    return [event for event, _ in difference(old, new)]


def page_after(*pictures: Picture) -> Shown:
    """A page that was shown the first picture, and then only differences."""
    page = Shown()
    thread = Thread(id=THREAD, user_id=USER, name="Sums", created_at=START)
    page.take("resume_thread", thread_shape(thread, pictures[0]))
    page.busy = pictures[0].busy
    for old, new in zip(pictures, pictures[1:], strict=False):
        for event, data in difference(old, new):
            page.take(event, data)
    return page


def tree(page: Shown, parent: str | None = None) -> list[Any]:
    """The steps as a reader sees them: in order, below each other."""
    steps = [s for s in page.steps.values() if s["parentId"] == parent]
    return [(step["id"], tree(page, step["id"])) for step in steps]


def test_no_thread_is_an_empty_picture() -> None:
    assert draw(None, {}) == Picture()


def test_a_task_is_the_run_below_its_message_and_bears_the_answer(story: Story) -> None:
    task = story.turn(status=TaskStatus.COMPLETED)
    story.answer(task, "Hi.")
    message, run, answer = story.draw().steps.values()
    assert message["parentId"] is None
    assert (run["type"], run["name"], run["id"]) == ("run", "on_message", str(task.id))
    assert run["parentId"] == message["id"] == str(task.message_id)
    assert answer["parentId"] == run["id"]
    assert answer["output"] == "Hi."


def test_parents_come_before_their_children(story: Story) -> None:
    for status in (TaskStatus.COMPLETED, TaskStatus.WAITING, TaskStatus.QUEUED):
        task = story.turn(status=status)
        story.tool(task, "1")
        story.ask(task)
    seen: set[str | None] = {None}
    for step in story.draw().steps.values():
        assert step["parentId"] in seen
        seen.add(step["id"])


def test_a_run_without_an_end_and_a_busy_page_show_that_it_works(story: Story) -> None:
    story.turn()
    picture = story.draw()
    assert picture.busy
    assert kinds(picture) == ["user_message", "run"]
    assert list(picture.steps.values())[1]["end"] is None


def test_an_ended_run_has_an_end_and_the_page_is_idle(story: Story) -> None:
    story.turn(status=TaskStatus.COMPLETED)
    picture = story.draw()
    assert not picture.busy
    assert list(picture.steps.values())[1]["end"] is not None


def test_live_text_is_a_streaming_answer(story: Story) -> None:
    task = story.turn()
    story.say(task, Started(1), Text("Hel"), Text("lo"))
    answer = story.draw().steps[answer_id(task.id)]
    assert (answer["output"], answer["streaming"]) == ("Hello", True)


def test_a_first_text_begins_a_stream(story: Story) -> None:
    task = story.turn()
    before = story.draw()
    story.say(task, Started(1), Text("Hel"))
    assert names(before, story.draw()) == ["stream_start"]


def test_a_completed_stream_looks_as_its_rows_will(story: Story) -> None:
    task = story.turn()
    tool = str(derived_id(task.id, "tool:1"))
    story.say(
        task,
        Started(1),
        ToolStarted(tool, "calculator", '{"expression": "6*7"}'),
        ToolFinished(tool, "42", failed=False),
        Text("It is 42."),
        Ended("completed"),
    )
    from_parts = story.draw()
    task.status, task.completed_at = TaskStatus.COMPLETED, story.now()
    story.tool(task, "1")
    story.answer(task, "It is 42.")
    from_rows = draw(story.rows, {})
    assert from_parts.busy == from_rows.busy
    assert [_timeless(s) for s in from_parts.steps.values()] == [
        _timeless(s) for s in from_rows.steps.values()
    ]


def _timeless(step: dict[str, Any]) -> dict[str, Any]:
    times = ("createdAt", "start", "end")
    return {**{k: v for k, v in step.items() if k not in times}, "ended": bool(step["end"])}


def test_the_end_of_a_stream_ends_cursor_run_and_stop_button(story: Story) -> None:
    task = story.turn()
    story.say(task, Started(1), Text("Hello"))
    before = story.draw()
    story.say(task, Ended("completed"))
    events = dict(difference(before, story.draw()))
    assert list(events) == ["update_message", "task_end"]
    assert not story.draw().steps[answer_id(task.id)]["streaming"]
    assert story.draw().steps[str(task.id)]["end"]


def test_a_running_tool_has_no_end_and_shows_its_input_as_json(story: Story) -> None:
    task = story.turn()
    story.say(task, Started(1), ToolStarted("t", "clock", "{}"))
    tool = story.draw().steps["t"]
    assert (tool["type"], tool["showInput"], tool["input"]) == ("tool", "json", "{}")
    assert tool["end"] is None


def test_a_failed_tool_is_an_error(story: Story) -> None:
    task = story.turn()
    story.say(task, Started(1), ToolStarted("t", "clock", "{}"), ToolFinished("t", "No.", True))
    tool = story.draw().steps["t"]
    assert tool["isError"]
    assert tool["end"]
    assert tool["output"] == "No."


def test_the_row_of_a_tool_call_wins_over_its_parts(story: Story) -> None:
    task = story.turn()
    row = story.tool(task, "1", output="from the row")
    story.say(task, Started(1), ToolStarted(str(row.id), "calculator", "{}"))
    assert story.draw().steps[str(row.id)]["output"] == "from the row"


def brought(*audiences: str, links: int = 0) -> dict[str, Any]:
    """What a tool call brought: an image for each audience, and links."""
    files = [
        {"id": f"f{n}", "name": "a.png", "kind": "image/png", "size": 7, "sha256": "0" * 64,
         "audience": audience}
        for n, audience in enumerate(audiences)
    ]  # fmt: skip
    return {
        "files": files,
        "links": [{"uri": None, "name": "n", "description": ""}] * links,
    }


def test_what_a_tool_brought_stands_below_it_from_parts_as_from_rows(story: Story) -> None:
    task = story.turn()
    tool = str(derived_id(task.id, "tool:1"))
    story.say(
        task,
        Started(1),
        ToolStarted(tool, "calculator", '{"expression": "6*7"}'),
        ToolFinished(tool, "42", False, brought("all", "user", "model")),
        Text("It is 42."),
        Ended("completed"),
    )
    from_parts = story.draw()
    bearer = list(from_parts.steps)[list(from_parts.steps).index(tool) + 1]
    (card,) = from_parts.elements.values()
    assert (card["name"], card["forId"]) == ("Files", bearer)
    assert [file["id"] for file in card["props"]["files"]] == ["f0", "f1"]
    assert "sha256" not in str(card)
    task.status, task.completed_at = TaskStatus.COMPLETED, story.now()
    story.tool(task, "1").details = brought("all", "user", "model")
    story.answer(task, "It is 42.")
    from_rows = draw(story.rows, {})
    assert list(from_rows.steps) == list(from_parts.steps)
    assert from_rows.elements == from_parts.elements


@pytest.mark.parametrize("details", [{}, brought(), brought("model")])
def test_a_tool_that_brought_nothing_for_people_bears_no_card(
    story: Story, details: dict[str, Any]
) -> None:
    task = story.turn()
    story.tool(task, "1").details = details
    assert draw(story.rows, {}).elements == {}


def test_links_alone_bear_a_card_too(story: Story) -> None:
    task = story.turn()
    story.tool(task, "1").details = brought(links=2)
    (card,) = draw(story.rows, {}).elements.values()
    assert len(card["props"]["links"]) == 2


def test_a_tool_that_begins_after_text_stands_before_the_answer_on_every_page(
    story: Story,
) -> None:
    task = story.turn()
    story.say(task, Started(1), Text("Let me see."))
    before = story.draw()
    story.say(task, ToolStarted("t", "clock", "{}"))
    after = story.draw()
    assert [s["type"] for s in page_after(before, after).children(str(task.id))] == [
        "tool",
        "assistant_message",
    ]
    assert [s["type"] for s in page_after(after).children(str(task.id))] == [
        "tool",
        "assistant_message",
    ]


def test_a_new_attempt_voids_the_text_of_the_one_before(story: Story) -> None:
    task = story.turn()
    story.say(task, Started(1), Text("Half an ans"))
    before = story.draw()
    story.say(task, Started(2))
    middle = story.draw()
    story.say(task, Text("A whole answer"))
    page = page_after(before, middle, story.draw())
    assert page.steps[answer_id(task.id)]["output"] == "A whole answer"
    assert len(page.children(str(task.id))) == 1


def test_a_second_message_waits_visibly_and_can_be_withdrawn(story: Story) -> None:
    story.turn("first")
    second = story.turn("second", TaskStatus.QUEUED)
    picture = story.draw()
    card = picture.elements[str(derived_id(second.id, "card"))]
    assert card["name"] == "Turn"
    assert card["props"] == {"task": str(second.id), "state": "queued"}
    assert picture.steps[card["forId"]]["output"] == ""
    assert picture.busy


def test_the_only_message_does_not_wait_for_itself(story: Story) -> None:
    story.turn(status=TaskStatus.QUEUED)
    assert story.draw().elements == {}
    assert story.draw().busy


def test_a_waiting_message_begins_when_its_worker_does(story: Story) -> None:
    first = story.turn("first")
    second = story.turn("second", TaskStatus.QUEUED)
    before = story.draw()
    story.say(first, Started(1), Text("One."), Ended("completed"))
    story.say(second, Started(1), Text("Two"))
    page = page_after(before, story.draw())
    assert page.elements == {}
    assert page.steps[answer_id(second.id)]["output"] == "Two"
    assert page.busy


def test_a_withdrawn_message_is_gone_with_everything_below_it(story: Story) -> None:
    story.turn("first")
    second = story.turn("second", TaskStatus.QUEUED)
    before = story.draw()
    story.rows.tasks.remove(second)
    story.rows.steps[:] = [s for s in story.rows.steps if s.id != second.message_id]
    page = page_after(before, story.draw())
    assert [s["output"] for s in page.steps.values() if s["type"] == "user_message"] == ["first"]
    assert page.elements == {}


@pytest.mark.parametrize("status", [TaskStatus.FAILED, TaskStatus.TIMEOUT])
def test_a_failed_turn_keeps_its_text_and_offers_another_try(
    story: Story, status: TaskStatus
) -> None:
    task = story.turn(status=status)
    story.answer(task, "Half.\n\nThe model does not answer.", is_error=True)
    picture = story.draw()
    answer = picture.steps[answer_id(task.id)]
    assert answer["isError"]
    (card,) = picture.elements.values()
    assert (card["props"]["state"], card["forId"]) == ("failed", answer["id"])
    assert not picture.busy


def test_a_failed_turn_without_an_answer_shows_its_error(story: Story) -> None:
    task = story.turn(status=TaskStatus.FAILED)
    task.error = "The model does not answer."
    answer = story.draw().steps[answer_id(task.id)]
    assert (answer["output"], answer["isError"]) == ("The model does not answer.", True)


def test_a_stopped_turn_keeps_its_text_and_offers_nothing(story: Story) -> None:
    task = story.turn(status=TaskStatus.CANCELLED)
    story.answer(task, "Half an ans")
    picture = story.draw()
    assert picture.steps[answer_id(task.id)]["output"] == "Half an ans"
    assert picture.elements == {}
    assert not picture.busy


def test_how_far_a_call_is_stands_below_it_until_it_ends(story: Story) -> None:
    task = story.turn()
    story.say(task, Started(1), ToolStarted("t", "count", "{}"))
    before = story.draw()
    story.say(task, ToolProgress("t", "25 % · reading", 25))
    page = page_after(before, middle := story.draw())
    (card,) = page.elements.values()
    assert card["name"] == "Progress"
    assert card["props"] == {"tool": "count", "line": "25 % · reading", "percent": 25}
    assert [step["id"] for step in page.children(str(task.id))] == ["t", card["forId"]]
    story.say(task, ToolFinished("t", "done", False))
    page = page_after(before, middle, story.draw())
    assert page.elements == {}
    assert [step["id"] for step in page.children(str(task.id))] == ["t"]


def test_a_stopped_stream_keeps_its_text_until_the_rows_are_read(story: Story) -> None:
    task = story.turn()
    story.say(task, Started(1), Text("Half an ans"), Ended("cancelled"))
    assert story.draw().steps[answer_id(task.id)]["output"] == "Half an ans"


def test_a_stopped_stream_keeps_its_text_where_the_rows_do_not_know_of_its_start(
    story: Story,
) -> None:
    task = story.turn(status=TaskStatus.QUEUED)
    story.say(task, Started(1), Text("Half an ans"))
    before = story.draw()
    story.say(task, Ended("cancelled"))
    page = page_after(before, story.draw())
    assert page.steps[answer_id(task.id)]["output"] == "Half an ans"


def test_a_retry_begins_with_nothing_of_the_failed_try(story: Story) -> None:
    task = story.turn(status=TaskStatus.FAILED)
    story.answer(task, "It failed.", is_error=True)
    before = story.draw()
    story.rows.steps[:] = [s for s in story.rows.steps if s.task_id != task.id]
    task.status = TaskStatus.QUEUED
    story.say(task, Started(1), Text("Half an ans"), Ended("failed"))
    page = page_after(before, story.draw())
    assert page.children(str(task.id)) == []
    assert page.elements == {}
    assert page.busy


def test_a_question_is_a_card_of_its_own_and_the_page_is_not_busy(story: Story) -> None:
    task = story.turn(status=TaskStatus.WAITING)
    story.tool(task, "1")
    question = story.ask(task)
    picture = story.draw()
    card = picture.elements[str(question.id)]
    assert card["name"] == "Question"
    assert card["props"]["open"]
    assert card["props"]["content"] == {"tool": "send"}
    assert picture.steps[card["forId"]]["parentId"] == str(task.id)
    assert not picture.busy


def test_a_question_in_the_midst_of_a_call_stands_below_the_call(story: Story) -> None:
    task = story.turn()
    call = str(tool_step_id(task.id, "c1"))
    story.say(task, Started(1), ToolStarted(call, "book", "{}"))
    before = story.draw()
    question = story.ask(task)
    question.content = {"tool": "book", "tool_call_id": "c1"}
    page = page_after(before, story.draw())
    assert page.children(str(task.id))[0]["id"] == call
    page = page_after(story.draw())
    assert page.children(str(task.id))[0]["id"] == call


def test_an_answered_question_shows_its_answer_on_every_page(story: Story) -> None:
    task = story.turn(status=TaskStatus.WAITING)
    question = story.ask(task)
    before = story.draw()
    question.answer, question.answered_at = {"decision": "repeat"}, story.now()
    task.status = TaskStatus.QUEUED
    page = page_after(before, story.draw())
    assert page.elements[str(question.id)]["props"]["answer"] == {"decision": "repeat"}
    assert not page.elements[str(question.id)]["props"]["open"]
    assert page.busy


def test_a_message_behind_a_question_waits_and_the_page_stays_free(story: Story) -> None:
    story.ask(story.turn(status=TaskStatus.WAITING))
    second = story.turn(status=TaskStatus.QUEUED)
    picture = story.draw()
    assert str(derived_id(second.id, "card")) in picture.elements
    assert not picture.busy


def test_thumbs_hang_on_the_run_and_bear_its_id(story: Story) -> None:
    task = story.turn(status=TaskStatus.COMPLETED)
    story.rows.feedbacks.append(
        Feedback(id=uuid4(), thread_id=THREAD, task_id=task.id, user_id=USER, value=1, comment="!")
    )
    assert story.draw().steps[str(task.id)]["feedback"] == {
        "id": str(task.id),
        "forId": str(task.id),
        "value": 1,
        "comment": "!",
    }


def test_rows_that_tell_the_end_are_newer_than_any_part(story: Story) -> None:
    task = story.turn(status=TaskStatus.COMPLETED)
    story.answer(task, "The whole answer.")
    story.say(task, Started(1), Text("The who"))
    answer = story.draw().steps[answer_id(task.id)]
    assert (answer["output"], answer["streaming"]) == ("The whole answer.", False)


def test_an_edit_takes_away_what_came_after_it(story: Story) -> None:
    first = story.turn("frist", TaskStatus.COMPLETED)
    story.answer(first, "What?")
    story.answer(story.turn("second", TaskStatus.COMPLETED), "Two.")
    before = story.draw()
    message = story.rows.steps[0]
    message.output = "first"
    again = Task(
        id=derived_id(message.id, "task:1"),
        thread_id=THREAD,
        message_id=message.id,
        status=TaskStatus.QUEUED,
        parameters={},
        created_at=story.now(),
    )
    story.rows.steps[:] = [message]
    story.rows.tasks[:] = [again]
    page = page_after(before, story.draw())
    assert [s["output"] for s in page.steps.values() if s["type"] == "user_message"] == ["first"]
    assert [s["id"] for s in page.steps.values() if s["type"] == "run"] == [str(again.id)]


def test_equal_pictures_differ_in_nothing(story: Story) -> None:
    story.answer(story.turn(status=TaskStatus.COMPLETED), "Hi.")
    story.turn()
    assert names(story.draw(), story.draw()) == []


def test_differences_bring_a_page_to_where_a_fresh_one_is(story: Story) -> None:
    """Whatever happens in whatever order: old pages and new pages show the same."""
    pictures = [story.draw()]

    def look() -> None:
        pictures.append(story.draw())
        old, fresh = page_after(*pictures), page_after(pictures[-1])
        assert tree(old) == tree(fresh)
        assert old.steps == fresh.steps
        assert old.elements == fresh.elements
        assert old.busy == pictures[-1].busy

    first = story.turn("first", TaskStatus.QUEUED)
    look()
    second = story.turn("second", TaskStatus.QUEUED)
    look()
    for part in (
        Started(1),
        Text("Let me"),
        ToolStarted("a", "clock", "{}"),
        ToolStarted("b", "calculator", "{}"),
        ToolFinished("b", "42", False),
        Text(" see."),
        Started(2),
        Text("It is 42."),
        Ended("completed"),
    ):
        story.say(first, part)
        look()
    story.say(second, Started(1))
    look()
    story.say(second, Text("Tw"), Ended("failed"))
    look()
    second.status, second.error = TaskStatus.FAILED, "It failed."
    story.answer(second, "Tw\n\nIt failed.", is_error=True)
    look()
    story.ask(story.turn("third", TaskStatus.WAITING))
    look()


def test_a_background_turn_leaves_the_composer_free_and_says_where_it_is(story: Story) -> None:
    task = story.turn("Write a book.")
    before = story.draw()
    assert before.busy
    task.in_background = True
    story.say(task, Started(1), Text("Once upon"))
    picture = story.draw()
    card = picture.elements[str(derived_id(task.id, "card"))]
    assert card["props"] == {"task": str(task.id), "state": "background"}
    answer = picture.steps[answer_id(task.id)]
    assert (answer["output"], answer["streaming"]) == ("Once upon", True)
    assert picture.steps[str(task.id)]["metadata"] == {"background": True}
    assert not picture.busy
    assert ("task_end", {}) in list(difference(before, picture))


def test_a_question_asked_after_a_background_turn_does_not_wait_for_it(story: Story) -> None:
    story.turn("Write a book.").in_background = True
    second = story.turn("What is 6 times 7?", TaskStatus.QUEUED)
    picture = story.draw()
    assert str(derived_id(second.id, "card")) not in picture.elements
    assert picture.busy


def test_the_answer_of_a_background_turn_stands_where_its_question_stands(story: Story) -> None:
    first = story.turn("Write a book.")
    first.in_background = True
    second = story.turn("What is 6 times 7?", TaskStatus.COMPLETED)
    story.answer(second, "42")
    before = story.draw()
    first.status = TaskStatus.COMPLETED
    story.answer(first, "Once upon a time.")
    page = page_after(before, story.draw())
    outputs = [page.steps[id]["output"] for id in (answer_id(first.id), answer_id(second.id))]
    assert outputs == ["Once upon a time.", "42"]
    assert page.steps[answer_id(first.id)]["parentId"] == str(first.id)
    assert page.elements == {}
    assert tree(page) == tree(page_after(story.draw()))


@pytest.mark.parametrize(
    ("status", "state", "busy"),
    [
        (TaskStatus.SUSPENDED, "paused", False),
        (TaskStatus.RETRYING, "retrying", True),
        (TaskStatus.PENDING, "later", True),
    ],
)
def test_a_turn_that_rests_says_so_and_when_it_goes_on(
    story: Story, status: TaskStatus, state: str, busy: bool
) -> None:
    task = story.turn("Write a book.", status)
    task.not_before = START
    picture = story.draw()
    card = picture.elements[str(derived_id(task.id, "card"))]
    props = {"task": str(task.id), "state": state}
    if state != "paused":
        props["at"] = "2026-11-22T12:00:00.000Z"
    assert card["props"] == props
    assert not picture.steps[answer_id(task.id)]["streaming"]
    assert picture.busy is busy
