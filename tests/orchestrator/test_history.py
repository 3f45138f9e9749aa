"""What a model is told of a thread."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from app.chats.models import Step, StepKind
from app.orchestrator.history import MOST_TURNS, build_history

START = datetime(2026, 1, 1, tzinfo=UTC)


def step(task_id: UUID, kind: StepKind, output: str, second: int, **more: object) -> Step:
    at = START + timedelta(seconds=second)
    values = {"details": {}, "input": "", "is_error": False, "name": "n", **more}
    return Step(
        id=uuid4(), thread_id=uuid4(), task_id=task_id, kind=kind, output=output, created_at=at,
        ended_at=at, **values,
    )  # fmt: skip


def test_an_answer_stands_after_its_own_question_even_if_the_next_was_asked_before_it() -> None:
    first, second = uuid4(), uuid4()
    steps = [
        step(first, StepKind.USER_MESSAGE, "one?", 1),
        step(second, StepKind.USER_MESSAGE, "two?", 2),
        step(first, StepKind.ASSISTANT_MESSAGE, "one!", 3),
    ]
    history = build_history(steps, second)
    assert [(type(m), m.content) for m in history] == [
        (HumanMessage, "one?"),
        (AIMessage, "one!"),
        (HumanMessage, "two?"),
    ]
    assert history[-1].id == str(second)


def test_messages_that_wait_are_not_told_yet() -> None:
    first, second = uuid4(), uuid4()
    steps = [
        step(first, StepKind.USER_MESSAGE, "one?", 1),
        step(second, StepKind.USER_MESSAGE, "two?", 2),
    ]
    assert [m.content for m in build_history(steps, first)] == ["one?"]


def test_every_tool_call_has_a_result_even_one_that_never_came() -> None:
    first, second = uuid4(), uuid4()
    called = {"name": "clock", "input": '{"timezone": "UTC"}'}
    steps = [
        step(first, StepKind.USER_MESSAGE, "time?", 1),
        step(first, StepKind.TOOL, "12:00", 2, details={"tool_call_id": "a"}, **called),
        step(first, StepKind.TOOL, "", 3, details={"tool_call_id": "b"}, **called),
        step(second, StepKind.USER_MESSAGE, "again?", 4),
    ]
    history = build_history(steps, second)
    calls = [call["id"] for m in history if isinstance(m, AIMessage) for call in m.tool_calls]
    results = {m.tool_call_id: m.content for m in history if isinstance(m, ToolMessage)}
    assert calls == ["a", "b"]
    assert results["a"] == "12:00"
    assert "not known" in str(results["b"])


def test_our_own_error_sentences_are_not_told_as_the_models_words() -> None:
    first, second = uuid4(), uuid4()
    steps = [
        step(first, StepKind.USER_MESSAGE, "one?", 1),
        step(
            first,
            StepKind.ASSISTANT_MESSAGE,
            "half\n\nThe model does not answer.",
            2,
            details={"said": "half"},
        ),
        step(second, StepKind.USER_MESSAGE, "two?", 3),
    ]
    assert build_history(steps, second)[1].content == "half"


def test_a_very_long_thread_is_told_from_its_end() -> None:
    tasks = [uuid4() for _ in range(MOST_TURNS + 5)]
    steps = [
        step(t, kind, str(n), n)
        for n, t in enumerate(tasks)
        for kind in (StepKind.USER_MESSAGE, StepKind.ASSISTANT_MESSAGE)
    ]
    history = build_history(steps, tasks[-1])
    assert len([m for m in history if isinstance(m, HumanMessage)]) == MOST_TURNS
    assert history[-1].content == str(MOST_TURNS + 4)


def test_a_message_that_is_still_worked_on_in_the_background_is_not_answered_again() -> None:
    first, second = uuid4(), uuid4()
    steps = [
        step(first, StepKind.USER_MESSAGE, "Write a book.", 1),
        step(first, StepKind.TOOL, "a page", 2, name="search", input="{}"),
        step(second, StepKind.USER_MESSAGE, "What is 6 times 7?", 3),
    ]
    history = build_history(steps, second)
    question, _, _, note, newest = history
    assert question.content == "Write a book."
    assert isinstance(note, AIMessage) and "in the background" in str(note.content)
    assert newest.content == "What is 6 times 7?"


def test_a_run_that_begins_afresh_is_told_of_no_run_before() -> None:
    first, second = uuid4(), uuid4()
    steps = [
        step(first, StepKind.USER_MESSAGE, "The news", 1),
        step(first, StepKind.ASSISTANT_MESSAGE, "Old news", 2),
        step(second, StepKind.USER_MESSAGE, "The news", 3),
    ]
    assert [m.text for m in build_history(steps, second, alone=True)] == ["The news"]
    assert len(build_history(steps, second)) == 3
