"""Streams cut anywhere, and what servers get wrong, read from bytes alone."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.orchestrator.deltas import Answer
from app.orchestrator.failures import Failure


def events(text: str, calls: list[tuple[str, dict[str, Any]]], newline: str) -> bytes:
    """A whole stream: text, then tool calls in pieces of three characters, then its end."""
    deltas: list[dict[str, Any]] = [{"content": text}]
    for index, (name, arguments) in enumerate(calls):
        told = json.dumps(arguments, ensure_ascii=False)
        deltas.append(
            {"tool_calls": [{"index": index, "id": f"call_{index}", "function": {"name": name}}]}
        )
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": told[i : i + 3]}}]}
            for i in range(0, len(told), 3)
        ]
    chunks: list[dict[str, Any]] = [{"choices": [{"delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    chunks.append({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    lines = [f"data: {json.dumps(chunk, ensure_ascii=False)}" for chunk in chunks]
    return ("".join(line + newline * 2 for line in [*lines, "data: [DONE]"])).encode()


_ARGUMENTS = st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=3)


@settings(deadline=None)
@given(
    text=st.text(max_size=30),
    calls=st.lists(st.tuples(st.sampled_from(["clock", "calculator"]), _ARGUMENTS), max_size=3),
    newline=st.sampled_from(["\n", "\r\n"]),
    cuts=st.lists(st.integers(0, 2000), max_size=40),
)
def test_a_stream_cut_at_any_byte_reads_the_same(
    text: str, calls: list[tuple[str, dict[str, Any]]], newline: str, cuts: list[int]
) -> None:
    data = events(text, calls, newline)
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    answer = Answer()
    shown = "".join(answer.feed(data[a:b]) for a, b in zip(places[:-1], places[1:], strict=True))
    assert shown == answer.text == text
    assert [(call.name, call.decoded()) for call in answer.calls] == calls
    assert answer.is_done
    assert answer.usage is not None and answer.usage.completion_tokens == 4


def feed(*deltas: dict[str, Any]) -> Answer:
    answer = Answer()
    for delta in deltas:
        chunk = {"choices": [{"delta": delta}]}
        answer.feed(f"data: {json.dumps(chunk)}\n\n".encode())
    answer.feed(b"data: [DONE]\n\n")
    return answer


def test_calls_that_a_server_all_numbers_zero_are_told_apart_by_their_ids() -> None:
    answer = feed(
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "x", "arguments": "{}"}}]},
        {"tool_calls": [{"index": 0, "id": "b", "function": {"name": "y", "arguments": "{}"}}]},
    )
    assert [(call.id, call.name) for call in answer.calls] == [("a", "x"), ("b", "y")]


def test_calls_without_any_index_are_read() -> None:
    answer = feed(
        {"tool_calls": [{"id": "a", "function": {"name": "x", "arguments": '{"a'}}]},
        {"tool_calls": [{"function": {"arguments": '": 1}'}}]},
        {"tool_calls": [{"id": "b", "function": {"name": "y"}}]},
    )
    assert [call.decoded() for call in answer.calls] == [{"a": 1}, {}]


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", "nonsense"])
def test_arguments_that_are_no_json_object_are_a_failure_of_the_model(arguments: str) -> None:
    answer = feed({"tool_calls": [{"index": 0, "function": {"name": "x", "arguments": arguments}}]})
    verdict = answer.verdict()
    assert verdict is not None and verdict.code is Failure.MODEL_ERROR


def test_an_answer_with_nothing_in_it_is_a_failure_of_the_model() -> None:
    verdict = feed({"content": ""}).verdict()
    assert verdict is not None and verdict.code is Failure.MODEL_ERROR


def test_content_in_typed_parts_is_read() -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "hi"}]
    assert feed({"content": parts}).text == "hi"
