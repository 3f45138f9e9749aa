from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage

from graphs.middleware import NO_RESULT, count_model_calls, repair


def _asks(*ids: str) -> AIMessage:
    return AIMessage("", tool_calls=[ToolCall(name="clock", args={}, id=id) for id in ids])


def _result(id: str, text: str = "noon") -> ToolMessage:
    return ToolMessage(text, tool_call_id=id, name="clock")


def _shape(messages: list[AnyMessage]) -> list[tuple[str, str]]:
    return [(m.tool_call_id, m.text) for m in messages if isinstance(m, ToolMessage)]


def test_a_sound_history_is_left_as_it_is() -> None:
    history: list[AnyMessage] = [
        HumanMessage("hello"),
        _asks("a", "b"),
        _result("a"),
        _result("b"),
        AIMessage("It is noon."),
    ]

    assert repair(history) == history


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    repaired = repair([_asks("a", "b"), _result("b"), HumanMessage("and now?")])

    assert _shape(repaired) == [("a", NO_RESULT), ("b", "noon")]
    assert isinstance(repaired[-1], HumanMessage)
    assert isinstance(repaired[1], ToolMessage)
    assert (repaired[1].status, repaired[1].name) == ("error", "clock")


def test_a_result_without_its_call_is_left_out() -> None:
    assert repair([HumanMessage("hello"), _result("lost")]) == [HumanMessage("hello")]


def test_a_result_that_came_late_moves_to_its_call() -> None:
    repaired = repair([_asks("a"), HumanMessage("hurry"), _result("a")])

    assert [type(m) for m in repaired] == [AIMessage, ToolMessage, HumanMessage]
    assert _shape(repaired) == [("a", "noon")]


def test_ids_may_come_back_in_a_later_round() -> None:
    history: list[AnyMessage] = [_asks("a"), _result("a", "one"), _asks("a"), _result("a", "two")]

    assert repair(history) == history


def test_a_call_with_unreadable_arguments_is_answered_too() -> None:
    invalid = AIMessage(
        "",
        invalid_tool_calls=[
            {"type": "invalid_tool_call", "name": "f", "args": "{", "id": "a", "error": None}
        ],
    )

    assert _shape(repair([invalid, HumanMessage("well?")])) == [("a", NO_RESULT)]


def test_model_calls_are_counted_since_a_person_last_spoke() -> None:
    history: list[AnyMessage] = [AIMessage("old"), HumanMessage("new"), _asks("a"), _result("a")]
    history.append(_asks("b"))

    assert count_model_calls(history) == 2
    assert count_model_calls([]) == 0
