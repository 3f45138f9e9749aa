import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_openai import ChatOpenAI
from langgraph.types import Command, Interrupt
from pydantic import SecretStr
from sqlalchemy import update

from app.core.errors import LeaseLost
from app.core.resources import Resources
from app.mcp.calls import Settlement, ToolCall
from app.mcp.executor import execute
from app.mcp.sessions import RemoteTool, ToolOutcome, ToolServers
from app.orchestrator.checkpoints import TurnSaver
from app.orchestrator.toolbox import CALLS, CallRequest, absent_tool, toolbox
from app.tasks.models import Task, TaskStatus
from graphs import GRAPHS
from tests.factories import MakeUser
from tests.fakes.model import FakeModel
from tests.fakes.tools import open_fake_tools, until


@pytest.fixture(scope="module")
async def tool_servers() -> AsyncIterator[ToolServers]:
    async with open_fake_tools() as opened:
        yield opened


class Turn:
    """One turn of a task, run as a worker runs it: claimed, called, killed, claimed again."""

    def __init__(self, resources: Resources, servers: ToolServers, fake: FakeModel) -> None:
        self.resources = resources
        self.servers = servers
        model = ChatOpenAI(base_url=fake.url, api_key=SecretStr("x"), model="fake-model")
        self.model = model
        self.build(servers.list_tools())
        self.task = Task()
        self.asked: dict[str, str] = {}  # question → call
        self.answers: dict[str, Settlement] = {}  # question → answer

    def build(self, tools: Sequence[RemoteTool]) -> None:
        """The graph, as a worker compiles it that knows these tools."""
        self.graph = GRAPHS["conversation"](
            self.model,
            toolbox(tools),
            absent=absent_tool,
            checkpointer=TurnSaver(self.resources.db),
        )

    async def begin(self, user_id: object) -> None:
        async with self.resources.db.transaction() as session:
            self.task = Task(user_id=user_id, status=TaskStatus.RUNNING, fence=0)
            session.add(self.task)

    async def run(self, message: str | None = None, resume: dict[str, Any] | None = None) -> Any:
        """Claim the task and run its graph to the next stop."""
        fence = await self.claim()
        CALLS.set(lambda request: self._call(request, fence))
        start: Any = {"messages": [message]} if message else None
        if resume is not None:
            start = Command(resume=resume)
            self.answers |= {id: Settlement(said["outcome"]) for id, said in resume.items()}
        config = {
            "configurable": {
                "thread_id": str(self.task.id),
                "fence": fence,
                "fresh": fence == 1,
            }
        }
        state = await self.graph.ainvoke(start, config, durability="sync")
        self.asked |= {asked.id: asked.value["tool_call_id"] for asked in questions(state)}
        return state

    async def killed_in_a_call(self, file: Path, message: str | None = None, **how: Any) -> None:
        """The same, but the worker dies while a tool that has written to `file` still works."""
        before = len(lines(file))
        running = asyncio.create_task(self.run(message, **how))
        await until(lambda: len(lines(file)) > before or running.done())
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    async def claim(self) -> int:
        """What a worker does that takes the task: the next fencing number."""
        async with self.resources.db.transaction() as session:
            fence = await session.scalar(
                update(Task)
                .where(Task.id == self.task.id)
                .values(fence=Task.fence + 1)
                .returning(Task.fence)
            )
        assert fence is not None
        return int(fence)

    async def _call(self, request: CallRequest, fence: int) -> ToolOutcome:
        call = ToolCall(
            task_id=self.task.id,
            fence=fence,
            tool_call_id=request.tool_call_id,
            name=request.name,
            arguments=request.arguments,
        )
        settled = [
            answer
            for question, answer in self.answers.items()
            if self.asked[question] == request.tool_call_id
        ]
        return await execute(self.resources, call, self.servers, settled=settled)


@pytest.fixture
async def turn(
    resources: Resources, tool_servers: ToolServers, make_user: MakeUser
) -> AsyncIterator[Turn]:
    async with FakeModel() as fake:
        turn = Turn(resources, tool_servers, fake)
        await turn.begin((await make_user()).id)
        yield turn


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lines"


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def append(file: Path, text: str = "done", delay: float = 30) -> str:
    return f'!tool append_line {{"path": "{file}", "text": "{text}", "delay_seconds": {delay}}}'


def results(state: Any) -> list[tuple[str, str]]:
    return [(m.text, m.status) for m in state["messages"] if isinstance(m, ToolMessage)]


def questions(state: Any) -> list[Interrupt]:
    return list(state.get("__interrupt__", ()))


@contextmanager
def calls(answer: Any) -> Iterator[None]:
    token = CALLS.set(answer)
    try:
        yield
    finally:
        CALLS.reset(token)


async def test_several_tools_in_one_turn_run_at_once(turn: Turn) -> None:
    state = await turn.run(
        '!tool calculator {"expression": "12*7+3"} !tool clock {"timezone": "Berlin"}'
        ' !tool slow {"seconds": 0.1}'
    )

    (sum, _), (time, _), (wait, _) = results(state)
    assert sum == "12*7+3 = 87"
    assert "Europe/Berlin" in time
    assert wait == "Waited 0.1 seconds."
    assert state["messages"][-1].text.startswith("ok: 12*7+3 = 87 | ")


async def test_a_failing_tool_is_a_message_and_the_run_goes_on(turn: Turn) -> None:
    state = await turn.run('!tool crash !tool calculator {"expression": "1/0"} !tool clock {}')

    assert [status for _, status in results(state)] == ["error", "error", "success"]
    assert "Division by zero has no result." in state["messages"][-1].text


async def test_arguments_may_have_any_name(turn: Turn) -> None:
    state = await turn.run('!tool say {"runtime": "python", "config": {"a": 1}}')

    assert results(state) == [("python {'a': 1}", "success")]


async def test_a_lost_lease_ends_the_run(turn: Turn, file: Path) -> None:
    running = asyncio.create_task(turn.run(append(file, delay=1)))
    await until(lambda: bool(lines(file)))
    await turn.claim()

    with pytest.raises(LeaseLost):
        await running


async def test_a_tool_belongs_to_whichever_run_calls_it(tool_servers: ToolServers) -> None:
    [clock] = [tool for tool in toolbox(tool_servers.list_tools()) if tool.name == "clock"]

    async def used_by(name: str) -> str:
        async def answer(request: CallRequest) -> ToolOutcome:
            await asyncio.sleep(0)
            return ToolOutcome(f"{name} {request.tool_call_id}", failed=False)

        with calls(answer):
            call = {"name": "clock", "args": {}, "id": f"of-{name}", "type": "tool_call"}
            message: ToolMessage = await clock.ainvoke(call)
        return message.text

    answers = await asyncio.gather(*(used_by(name) for name in ("ada", "bob")))
    assert answers == ["ada of-ada", "bob of-bob"]


async def test_a_call_whose_end_nobody_saw_stops_the_run_with_a_question(
    turn: Turn, file: Path
) -> None:
    await turn.killed_in_a_call(file, append(file))

    [question] = questions(await turn.run())

    assert question.value["kind"] == "unknown_outcome"
    assert question.value["tool"] == "append_line"
    assert question.value["arguments"]["path"] == str(file)
    assert question.value["tool_call_id"]
    assert lines(file) == ["done"]


@pytest.mark.parametrize(
    ("outcome", "written", "words"),
    [
        (Settlement.REPEAT, ["done", "done"], "Appended done."),
        (Settlement.HAPPENED, ["done"], "says that this was carried out"),
        (Settlement.SKIP, ["done"], "does not want this to be tried again"),
    ],
)
async def test_the_answer_says_how_the_run_goes_on(
    turn: Turn, file: Path, outcome: Settlement, written: list[str], words: str
) -> None:
    await turn.killed_in_a_call(file, append(file, delay=1))
    [question] = questions(await turn.run())

    state = await turn.run(resume={question.id: {"outcome": outcome.value}})

    assert not questions(state)
    assert lines(file) == written
    assert words in state["messages"][-1].text


async def test_an_answer_counts_once_even_when_the_repeated_call_is_lost_too(
    turn: Turn, file: Path
) -> None:
    await turn.killed_in_a_call(file, append(file))
    [first] = questions(await turn.run())
    repeat = {first.id: {"outcome": "repeat"}}
    await turn.killed_in_a_call(file, resume=repeat)
    assert lines(file) == ["done", "done"]

    [second] = questions(await turn.run(resume=repeat))
    assert second.id != first.id
    assert lines(file) == ["done", "done"]

    state = await turn.run(resume={second.id: {"outcome": "happened"}})
    assert not questions(state)
    assert "says that this was carried out" in state["messages"][-1].text
    assert lines(file) == ["done", "done"]


async def test_calls_of_one_turn_are_asked_about_each_for_itself(
    turn: Turn, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    script = (
        f'{append(one, "one", 1)} {append(two, "two", 1)} !tool calculator {{"expression": "1+1"}}'
    )
    running = asyncio.create_task(turn.run(script))
    await until(lambda: bool(lines(one) and lines(two)))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    asked = {q.value["arguments"]["text"]: q.id for q in questions(await turn.run())}
    assert set(asked) == {"one", "two"}
    state = await turn.run(
        resume={asked["one"]: {"outcome": "repeat"}, asked["two"]: {"outcome": "skip"}}
    )

    assert (lines(one), lines(two)) == (["one", "one"], ["two"])
    assert [status for _, status in results(state)] == ["success", "error", "success"]


async def test_a_call_is_asked_about_even_if_its_server_is_away_by_then(
    turn: Turn, file: Path
) -> None:
    await turn.killed_in_a_call(file, append(file))
    turn.build([tool for tool in turn.servers.list_tools() if tool.name != "append_line"])

    [question] = questions(await turn.run())

    assert question.value["tool"] == "append_line"
    state = await turn.run(resume={question.id: {"outcome": "happened"}})
    assert not questions(state)
    assert lines(file) == ["done"]


async def test_a_finished_call_of_a_killed_turn_is_not_made_again(
    turn: Turn, tmp_path: Path
) -> None:
    quick, slow = tmp_path / "quick", tmp_path / "slow"
    script = f"{append(quick, 'quick', 0)} !then {append(slow, 'slow')} "
    await turn.killed_in_a_call(slow, script)

    [question] = questions(await turn.run())
    state = await turn.run(resume={question.id: {"outcome": "happened"}})

    assert (lines(quick), lines(slow)) == (["quick"], ["slow"])
    assert not questions(state)


def test_a_schema_that_no_model_can_be_told_costs_the_tool_its_schema_only() -> None:
    bad = {"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}}
    good = {"type": "object", "properties": {"a": {"type": "string"}}}
    tools = toolbox(
        [
            RemoteTool("bad", "Does it.", bad, read_only=True, server="x", remote_name="bad"),
            RemoteTool("good", "Does it.", good, read_only=True, server="x", remote_name="good"),
        ]
    )

    sent = [convert_to_openai_tool(tool)["function"]["parameters"] for tool in tools]
    assert [set(each["properties"]) for each in sent] == [set(), {"a"}]
