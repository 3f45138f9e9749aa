"""What the offline model says once the tools have answered, and how it streams."""

import re
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.tools import tool

from app.orchestrator.offline import OfflineModel
from app.orchestrator.offline.model import answer
from tests.orchestrator.offline_turn import TOOLS, turn
from tools.calculator import calculate as calculate_exactly
from tools.clock import tell_time


def after(request: str, *results: tuple[str, dict[str, Any], str], failed: bool = False) -> str:
    """What the model says once the tools have answered."""
    asked = [ToolCall(name=n, args=a, id=f"c{i}") for i, (n, a, _) in enumerate(results)]
    told: list[BaseMessage] = [
        ToolMessage(text, tool_call_id=f"c{i}", name=n, status="error" if failed else "success")
        for i, (n, _, text) in enumerate(results)
    ]
    messages = [HumanMessage(request), AIMessage("", tool_calls=asked), *told]
    return answer(messages, TOOLS).text


def test_the_real_tools_answers_are_phrased() -> None:
    zone, written = "Asia/Tokyo", "15/100*80"
    told = ("clock", {"timezone": zone}, tell_time(zone))
    counted = ("calculator", {"expression": written}, calculate_exactly(written))
    text = after("What time is it in Tokyo and what is 15% of 80?", told, counted)
    assert re.match(r"- In Tokyo it is \*\*\d\d:\d\d\*\* on \w+day, .* \(UTC\+09:00\)\.\n", text)
    assert text.endswith("- 15 % of 80 is **12**.")


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("What time is it in Tokyo?",
         "In Tokyo it is **18:13** on Sunday, 22 November 2026 (UTC+09:00)."),
        ("Wie spät ist es in Osaka?",
         "In Osaka ist es **18:13 Uhr** am Sonntag, dem 22. November 2026 (UTC+09:00)."),
    ],
)  # fmt: skip
def test_the_clocks_answer_becomes_a_sentence(request_text: str, expected: str) -> None:
    text = (
        "Sunday, 22 November 2026, 18:13:05 in Asia/Tokyo (UTC+09:00). "
        "ISO 8601: 2026-11-22T18:13:05+09:00, week 47."
    )
    assert after(request_text, ("clock", {"timezone": "Asia/Tokyo"}, text)) == expected


@pytest.mark.parametrize(
    ("request_text", "expression", "result", "expected"),
    [
        ("What is 12*7+3?", "12*7+3", "12*7+3 = 87", "12 × 7 + 3 is **87**."),
        ("Was ist 17 % von 230?", "17/100*230", "17/100*230 = 39.1",
         "17 % von 230 ergibt **39,1**."),
        ("sqrt 2 please", "sqrt(2)", "sqrt(2) ≈ 1.414", "√2 is about **1.414**."),
        ("Was ist 1/3?", "1/3", "1/3 = 0.333… (exactly 1/3)",
         "1 ÷ 3 ergibt **0,333… (genau 1/3)**."),
        ("What is 5!", "factorial(5)", "factorial(5) = 120", "5! is **120**."),
    ],
)  # fmt: skip
def test_the_calculators_answer_becomes_a_sentence(
    request_text: str, expression: str, result: str, expected: str
) -> None:
    assert after(request_text, ("calculator", {"expression": expression}, result)) == expected


def test_several_answers_become_a_list_in_the_order_of_the_request() -> None:
    text = after(
        "Wie spät ist es in Berlin und was ist 2+2?",
        ("clock", {"timezone": "Europe/Berlin"}, "ISO 8601: 2026-11-22T10:13:05+01:00"),
        ("calculator", {"expression": "2+2"}, "2+2 = 4"),
    )
    first, second = text.splitlines()
    assert first.startswith("- In Berlin ist es **10:13 Uhr**")
    assert second == "- 2 + 2 ergibt **4**."


def test_a_tool_that_failed_is_said_to_have_failed() -> None:
    sum_of_nothing = ("calculator", {"expression": "1/0"}, "Division by zero.")
    assert after("What is 1/0?", sum_of_nothing, failed=True) == (
        "The tool `calculator` did not manage it: Division by zero."
    )
    assert "hat es nicht geschafft" in after("Was ist 1/0?", sum_of_nothing, failed=True)


def test_any_other_tools_answer_is_passed_on_by_name() -> None:
    assert after("use tool note with {}", ("note", {}, "kept")) == "`note` answered: kept"


def test_the_same_conversation_gets_the_same_calls_with_the_same_ids() -> None:
    first, again = (answer([HumanMessage("1+1 and 2+2?")], TOOLS) for _ in range(2))
    assert first.tool_calls == again.tool_calls
    later = answer([HumanMessage("1+1?"), AIMessage("2"), HumanMessage("1+1 and 2+2?")], TOOLS)
    ids = {call["id"] for call in (*first.tool_calls, *later.tool_calls)}
    assert len(ids) == 4


@pytest.mark.parametrize("request_text", ["Write something long", "Schreib etwas Langes"])
def test_a_long_text_shows_what_a_chat_can_show(request_text: str) -> None:
    text = answer([HumanMessage(request_text)], TOOLS).text
    assert len(text.split()) >= 140
    assert "|---|" in text and "```python" in text and "$$" in text and "{{" not in text


async def test_text_goes_to_the_sink_word_by_word() -> None:
    shown: list[str] = []
    with turn("en", shown.append):
        result = await OfflineModel(seconds_per_word=0).ainvoke("Hello")
    assert "".join(shown) == result.text
    assert len(shown) == len(result.text.split())


async def test_langchain_can_stream_it_too() -> None:
    model = OfflineModel(seconds_per_word=0).bind_tools([{"name": "clock", "description": "t"}])
    chunks = [chunk async for chunk in model.astream("Wie spät ist es in Rom?")]
    asked = [call for chunk in chunks for call in chunk.tool_calls]
    assert [call["args"] for call in asked] == [{"timezone": "Europe/Rome"}]
    words = [chunk async for chunk in OfflineModel(seconds_per_word=0).astream("hello")]
    assert len(words) > 10


async def test_an_agent_calls_its_tools_and_phrases_the_answer() -> None:
    @tool
    def calculator(expression: str) -> str:
        """Calculate."""
        return f"{expression} = 87"

    shown: list[str] = []
    agent = create_agent(OfflineModel(seconds_per_word=0), [calculator])
    with turn("en", shown.append):
        state = await agent.ainvoke({"messages": [HumanMessage("What is 12*7+3?")]})
    assert state["messages"][-1].text == "".join(shown) == "12 × 7 + 3 is **87**."
