from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool, ToolException, tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import SecretStr

from graphs import GRAPHS
from graphs.middleware import MOST_MODEL_CALLS, NO_RESULT, TooManyModelCalls
from graphs.prompts import ASSISTANT, LAST_CALL
from tests.fakes.model import FakeModel


@tool
async def double(number: int) -> str:
    """Double a number."""
    return str(2 * number)


@tool
async def refuse() -> str:
    """Say no."""
    raise ToolException("Not on a Sunday.")


@tool
async def break_down() -> str:
    """Have a bug."""
    raise ZeroDivisionError("a bug")


@pytest.fixture
async def fake() -> AsyncIterator[FakeModel]:
    async with FakeModel() as fake:
        yield fake


def _graph(fake: FakeModel, *tools: BaseTool, checkpointer: InMemorySaver | None = None) -> Any:
    model = ChatOpenAI(base_url=fake.url, api_key=SecretStr("x"), model="fake-model")
    return GRAPHS["conversation"](model, list(tools), checkpointer=checkpointer)


async def _ask(graph: Any, *messages: AnyMessage | str) -> list[AnyMessage]:
    result = await graph.ainvoke({"messages": list(messages)}, {"recursion_limit": 200})
    answer: list[AnyMessage] = result["messages"]
    return answer


async def test_the_assistant_knows_who_it_is_and_answers(fake: FakeModel) -> None:
    messages = await _ask(_graph(fake, double), "!say Good morning")

    assert messages[-1].text == "Good morning"
    first = fake.chats[0].body["messages"][0]
    assert (first["role"], first["content"]) == ("system", ASSISTANT)
    assert "Keiko" in ASSISTANT


async def test_it_calls_tools_until_it_has_an_answer(fake: FakeModel) -> None:
    script = (
        '!tool double {"number": 2} !tool double {"number": 3} !then !tool double {"number": 4}'
    )
    messages = await _ask(_graph(fake, double), script)

    assert [m.text for m in messages if isinstance(m, ToolMessage)] == ["4", "6", "8"]
    assert messages[-1].text == "ok: 4 | 6 | 8"


async def test_a_tool_that_fails_tells_the_model_why(fake: FakeModel) -> None:
    messages = await _ask(_graph(fake, refuse), "!tool refuse")

    [result] = [m for m in messages if isinstance(m, ToolMessage)]
    assert (result.text, result.status) == ("Not on a Sunday.", "error")
    assert messages[-1].text == "ok: Not on a Sunday."


async def test_a_bug_in_a_tool_ends_the_run(fake: FakeModel) -> None:
    with pytest.raises(ZeroDivisionError):
        await _ask(_graph(fake, break_down), "!tool break_down")


async def test_a_tool_that_does_not_exist_is_an_error_for_the_model(fake: FakeModel) -> None:
    messages = await _ask(_graph(fake, double), "!tool juggle")

    [result] = [m for m in messages if isinstance(m, ToolMessage)]
    assert result.status == "error"
    assert "juggle is not a valid tool" in result.text


async def test_a_history_with_an_unanswered_call_is_repaired_for_the_model(
    fake: FakeModel,
) -> None:
    history: list[AnyMessage] = [
        HumanMessage("before"),
        AIMessage("", tool_calls=[ToolCall(name="double", args={"number": 1}, id="lost")]),
        HumanMessage("!say fine"),
    ]
    messages = await _ask(_graph(fake, double), *history)

    assert messages[-1].text == "fine"
    told = [m for m in fake.chats[0].body["messages"] if m["role"] == "tool"]
    assert [(m["tool_call_id"], m["content"]) for m in told] == [("lost", NO_RESULT)]


async def test_the_last_model_call_of_a_turn_gets_no_tools_and_answers(fake: FakeModel) -> None:
    round_about = ['!tool double {"number": 1}'] * (MOST_MODEL_CALLS - 1)
    messages = await _ask(_graph(fake, double), " !then ".join([*round_about, "!say enough"]))

    assert messages[-1].text == "enough"
    assert len(fake.chats) == MOST_MODEL_CALLS
    assert "tools" in fake.chats[-2].body
    assert "tools" not in fake.chats[-1].body
    assert fake.chats[-1].body["messages"][0]["content"] == f"{ASSISTANT}\n\n{LAST_CALL}"


async def test_a_turn_that_leads_nowhere_is_ended(fake: FakeModel) -> None:
    round_about = ['!tool double {"number": 1}'] * (MOST_MODEL_CALLS + 5)

    with pytest.raises(TooManyModelCalls):
        await _ask(_graph(fake, double), " !then ".join(round_about))
    assert len(fake.chats) == MOST_MODEL_CALLS


async def test_each_turn_may_use_all_its_calls_anew(fake: FakeModel) -> None:
    earlier: list[AnyMessage] = [HumanMessage("before")]
    earlier += [AIMessage("said")] * MOST_MODEL_CALLS
    messages = await _ask(_graph(fake, double), *earlier, '!tool double {"number": 5}')

    assert messages[-1].text == "ok: 10"


async def test_nothing_beside_model_and_tools_costs_a_step(fake: FakeModel) -> None:
    graph = _graph(fake, double, checkpointer=InMemorySaver())

    assert set(graph.nodes) == {"__start__", "model", "tools"}
