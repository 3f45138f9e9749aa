import asyncio
from asyncio import gather
from pathlib import Path

import pytest
from sqlalchemy import update

from app.core.errors import LeaseLost
from app.core.resources import Resources
from app.mcp.calls import UnknownOutcome
from app.mcp.contact import Contact
from app.mcp.executor import execute
from app.mcp.keeping import LONGEST_OUTPUT
from app.mcp.models import ExecutionStatus
from app.mcp.sessions import ToolOutcome, ToolServers
from app.tasks.models import Task, TaskStatus
from tests.fakes.tools import until
from tests.mcp.calls import append, call_of, claim_again, lines, row


async def test_a_call_and_its_outcome_are_on_record(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    outcome = await execute(resources, append(task, file), tool_servers)

    assert outcome == ToolOutcome("Appended done.", failed=False)
    kept = await row(resources)
    assert (kept.task_id, kept.tool_call_id, kept.server, kept.tool) == (
        task.id,
        "call-1",
        "fake",
        "append_line",
    )
    assert kept.arguments == {"path": str(file), "text": "done", "delay_seconds": 0}
    assert (kept.status, kept.output) == (ExecutionStatus.COMPLETED, "Appended done.")
    assert kept.completed_at is not None


async def test_a_finished_call_is_answered_from_the_record(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    call = append(task, file)
    first = await execute(resources, call, tool_servers)
    again = await execute(resources, await claim_again(resources, call), tool_servers)

    assert again == first
    assert lines(file) == ["done"]


async def test_a_failed_call_is_not_tried_again_either(
    resources: Resources, tool_servers: ToolServers, task: Task
) -> None:
    call = call_of(task, "crash", {})
    first = await execute(resources, call, tool_servers)
    again = await execute(resources, await claim_again(resources, call), tool_servers)

    assert first.failed
    assert again == first
    assert (await row(resources)).status is ExecutionStatus.FAILED


async def test_a_call_that_only_reads_is_simply_made_again(
    resources: Resources, tool_servers: ToolServers, task: Task
) -> None:
    call = call_of(task, "slow", {"seconds": 0.4})
    running = asyncio.create_task(execute(resources, call, tool_servers))
    await asyncio.sleep(0.3)
    running.cancel()

    outcome = await execute(resources, await claim_again(resources, call), tool_servers)

    assert outcome == ToolOutcome("Waited 0.4 seconds.", failed=False)


async def test_a_run_that_lost_its_lease_calls_nothing(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    call = append(task, file)
    await claim_again(resources, call)

    with pytest.raises(LeaseLost):
        await execute(resources, call, tool_servers)
    assert lines(file) == []


async def test_a_run_that_loses_its_lease_during_a_call_writes_nothing(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    call = append(task, file, delay=0.5)
    running = asyncio.create_task(execute(resources, call, tool_servers))
    await until(lambda: bool(lines(file)))
    await claim_again(resources, call)

    with pytest.raises(LeaseLost):
        await running
    assert (await row(resources)).status is ExecutionStatus.STARTED


async def test_a_stopped_task_calls_nothing(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    async with resources.db.transaction() as session:
        await session.execute(update(Task).values(status=TaskStatus.CANCELLED))

    with pytest.raises(LeaseLost):
        await execute(resources, append(task, file), tool_servers)
    assert lines(file) == []


async def test_of_many_who_make_the_same_call_at_once_one_calls(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    call = append(task, file, delay=0.3)

    ends = await gather(
        *(execute(resources, call, tool_servers) for _ in range(5)), return_exceptions=True
    )

    assert lines(file) == ["done"]
    assert ToolOutcome("Appended done.", failed=False) in ends
    assert all(isinstance(end, ToolOutcome | UnknownOutcome) for end in ends)


async def test_a_call_with_the_id_of_another_is_refused(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    await execute(resources, append(task, file, "one"), tool_servers)
    other = await execute(resources, append(task, file, "two"), tool_servers)

    assert other.failed
    assert "Call the tool again." in other.text
    assert lines(file) == ["one"]


async def test_the_same_id_in_another_task_is_another_call(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    async with resources.db.transaction() as session:
        other = Task(user_id=task.user_id, status=TaskStatus.RUNNING, fence=1)
        session.add(other)

    await execute(resources, append(task, file, "one"), tool_servers)
    await execute(resources, append(other, file, "two"), tool_servers)

    assert lines(file) == ["one", "two"]


async def test_a_tool_that_nobody_offers_is_a_failed_outcome(
    resources: Resources, tool_servers: ToolServers, task: Task
) -> None:
    outcome = await execute(resources, call_of(task, "juggle", {}), tool_servers)

    assert outcome == ToolOutcome("There is no tool “juggle” at the moment.", failed=True)


async def test_a_long_answer_is_cut_and_says_so(
    resources: Resources, tool_servers: ToolServers, task: Task
) -> None:
    outcome = await execute(resources, call_of(task, "talk", {"characters": 150_000}), tool_servers)

    assert outcome.text.startswith("\ufffdxxx")
    assert outcome.text.endswith("\n[Cut here: the tool answered 150,000 characters.]")
    assert len(outcome.text) < LONGEST_OUTPUT + 100
    assert (await row(resources)).output == outcome.text


async def test_arguments_that_postgres_cannot_keep_reach_the_tool_all_the_same(
    resources: Resources, tool_servers: ToolServers, task: Task
) -> None:
    config = {"nul": "a\0b", "huge": 10**30, "list": [1, None]}
    call = call_of(task, "say", {"runtime": "x", "config": config})

    outcome = await execute(resources, call, tool_servers)

    assert outcome == ToolOutcome(f"x {config}".replace("\0", "\\x00"), failed=False)
    again = await execute(resources, await claim_again(resources, call), tool_servers)
    assert again == outcome
    kept = (await row(resources)).arguments["config"]
    assert kept == {"nul": "a\ufffdb", "huge": str(10**30), "list": [1, None]}


async def test_arguments_that_do_not_fit_the_schema_never_reach_the_server(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    call = call_of(task, "append_line", {"path": str(file), "text": 5})
    outcome = await execute(resources, call, tool_servers)

    assert outcome == ToolOutcome(
        "“append_line” was not called. The argument “text” is wrong: 5 is not of type 'string'.",
        failed=True,
    )
    assert lines(file) == []
    assert (await row(resources)).status is ExecutionStatus.FAILED


async def test_how_long_a_call_took_and_how_much_it_answered_is_on_record(
    resources: Resources, tool_servers: ToolServers, task: Task
) -> None:
    await execute(resources, call_of(task, "slow", {"seconds": 0.3}), tool_servers)
    kept = await row(resources)

    assert kept.size == len("Waited 0.3 seconds.")
    assert kept.milliseconds is not None and kept.milliseconds >= 300


async def test_the_size_of_a_long_answer_is_that_before_it_was_cut(
    resources: Resources, tool_servers: ToolServers, task: Task
) -> None:
    await execute(resources, call_of(task, "talk", {"characters": 150_000}), tool_servers)

    assert (await row(resources)).size == 150_002


async def test_progress_of_a_call_is_told_while_it_runs(
    resources: Resources, tool_servers: ToolServers, task: Task
) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    outcome = await execute(
        resources,
        call_of(task, "count", {"to": 3}),
        tool_servers,
        contact=Contact(progress=progress),
    )

    assert outcome.text == "done"
    assert [each[:2] for each in told] == [(1, 3), (2, 3), (3, 3)]
