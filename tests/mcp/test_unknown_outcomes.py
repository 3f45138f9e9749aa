import asyncio
from asyncio import gather
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.resources import Resources
from app.mcp.calls import Settlement, UnknownOutcome
from app.mcp.executor import execute
from app.mcp.models import ExecutionStatus
from app.mcp.sessions import ToolOutcome, ToolServers
from app.tasks.models import Task
from tests.fakes.tools import until
from tests.mcp.calls import append, call_of, claim_again, interrupted, lines, row


async def test_a_call_whose_end_nobody_saw_becomes_a_question(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    call = append(task, file, delay=30)
    await interrupted(resources, call, tool_servers)
    again = await claim_again(resources, call)

    with pytest.raises(UnknownOutcome, match="not known whether “append_line” was carried out"):
        await execute(resources, again, tool_servers)
    assert lines(file) == ["done"]


async def test_a_person_who_wants_it_repeated_gets_it_repeated_once(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    call = append(task, file, delay=0.5)
    await interrupted(resources, call, tool_servers)
    again = await claim_again(resources, call)

    outcome = await execute(resources, again, tool_servers, settled=[Settlement.REPEAT])
    later = await execute(
        resources, await claim_again(resources, again), tool_servers, settled=[Settlement.REPEAT]
    )

    assert outcome == later == ToolOutcome("Appended done.", failed=False)
    assert lines(file) == ["done", "done"]


async def test_one_answer_allows_one_more_call_and_not_two(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    call = append(task, file, delay=30)
    await interrupted(resources, call, tool_servers)
    again = await claim_again(resources, call)
    running = asyncio.create_task(
        execute(resources, again, tool_servers, settled=[Settlement.REPEAT])
    )
    await until(lambda: len(lines(file)) == 2)
    running.cancel()
    third = await claim_again(resources, again)

    with pytest.raises(UnknownOutcome):
        await execute(resources, third, tool_servers, settled=[Settlement.REPEAT])
    assert lines(file) == ["done", "done"]
    ended = await execute(
        resources, third, tool_servers, settled=[Settlement.REPEAT, Settlement.HAPPENED]
    )
    assert not ended.failed
    assert lines(file) == ["done", "done"]


@pytest.mark.parametrize(
    ("answer", "failed", "words"),
    [
        (Settlement.HAPPENED, False, "says that this was carried out"),
        (Settlement.SKIP, True, "does not want this to be tried again"),
    ],
)
async def test_other_answers_end_the_call_with_a_text_for_the_model(
    resources: Resources,
    tool_servers: ToolServers,
    task: Task,
    file: Path,
    answer: Settlement,
    failed: bool,
    words: str,
) -> None:
    call = append(task, file, delay=30)
    await interrupted(resources, call, tool_servers)
    again = await claim_again(resources, call)

    outcome = await execute(resources, again, tool_servers, settled=[answer])

    assert outcome.failed is failed
    assert words in outcome.text
    assert await execute(resources, again, tool_servers) == outcome
    assert lines(file) == ["done"]


async def test_of_many_who_repeat_a_call_at_once_one_calls(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    call = append(task, file, delay=30)
    await interrupted(resources, call, tool_servers)
    again = replace(await claim_again(resources, call))

    running = [
        asyncio.create_task(execute(resources, again, tool_servers, settled=[Settlement.REPEAT]))
        for _ in range(5)
    ]
    done, pending = await asyncio.wait(running, timeout=2)

    assert len(pending) == 1
    assert all(isinstance(each.exception(), UnknownOutcome) for each in done)
    assert lines(file) == ["done", "done"]
    pending.pop().cancel()
    await gather(*running, return_exceptions=True)


async def test_a_server_that_dies_in_a_call_makes_its_outcome_unknown(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    with pytest.raises(UnknownOutcome):
        await execute(resources, call_of(task, "die", {"path": str(file)}), tool_servers)

    assert lines(file) == ["died"]
    assert (await row(resources)).status is ExecutionStatus.STARTED


async def test_a_call_that_takes_too_long_is_unknown_unless_it_only_reads(
    resources: Resources, tool_servers: ToolServers, task: Task, file: Path
) -> None:
    hasty = replace(
        resources,
        settings=resources.settings.model_copy(update={"tool_timeout_seconds": 0.5}),
    )

    with pytest.raises(UnknownOutcome):
        await execute(hasty, append(task, file, delay=30), tool_servers)
    reading = await execute(hasty, call_of(task, "slow", {"seconds": 30}, "call-2"), tool_servers)

    assert reading == ToolOutcome("“slow” did not answer within 0.5 seconds.", failed=True)
