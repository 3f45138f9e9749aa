"""A turn as server-sent events: whole from wherever one begins to read."""

import asyncio
from uuid import UUID

from app.core.bus import publish_hint
from app.core.redis import parts_key
from app.core.resources import Resources
from app.tasks.models import TaskStatus
from app.users.service import disable_user
from tests.api.acting import Happening, Person, Web, Worker


def names(happenings: list[Happening]) -> list[str]:
    return [one.name for one in happenings]


def text_of(happenings: list[Happening]) -> str:
    """What a reader shows who obeys the events."""
    text = ""
    for one in happenings:
        if one.name == "started":
            text = ""
        elif one.name == "state":
            text = one.data["text"]
        elif one.name == "text":
            text += one.data["text"]
    return text


async def test_a_turn_is_followed_from_its_queue_to_its_end(ada: Person, worker: Worker) -> None:
    said = await ada.say()
    async with ada.follow(said["task_id"]) as following:
        first = await following.next()
        assert (first.name, first.data) == ("state", {"status": "queued", "text": "", "tools": []})
        task = await worker.claim(said["task_id"])
        started = await following.next()
        assert (started.name, started.data) == ("started", {"attempt": 1})
        tool = await worker.use_tool(task, "1", None)
        begun = await following.next()
        assert (begun.name, begun.data["id"]) == ("tool_started", tool)
        await worker.use_tool(task, "1", "42")
        finished = await following.next()
        assert finished.data == {"id": tool, "output": "42", "failed": False, "files": []}
        await worker.say(task, "It is ")
        assert (await following.next()).data == {"text": "It is "}
        await worker.say(task, "42.")
        assert (await following.next()).data == {"text": "42."}
        await worker.end(task)
        rest = await following.rest()
    assert names(rest) == ["ended"]
    assert rest[0].data == {"status": "completed", "error_code": None, "error": None}


async def test_who_comes_in_the_middle_sees_the_text_so_far_and_then_the_rest(
    ada: Person, worker: Worker
) -> None:
    said = await ada.say()
    task = await worker.claim(said["task_id"])
    await worker.use_tool(task, "1", None)
    await worker.say(task, "It is ")
    async with ada.follow(said["task_id"]) as one, ada.follow(said["task_id"]) as two:
        states = [await one.next(), await two.next()]
        await worker.say(task, "42.")
        await worker.end(task)
        for state, following in zip(states, (one, two), strict=True):
            assert state.data["status"] == "running"
            assert state.data["text"] == "It is "
            assert [t["name"] for t in state.data["tools"]] == ["calculator"]
            assert text_of([state, *await following.rest()]) == "It is 42."


async def test_who_comes_back_is_given_what_is_missing_and_nothing_twice(
    ada: Person, worker: Worker
) -> None:
    said = await ada.say()
    task = await worker.claim(said["task_id"])
    await worker.say(task, "It is ")
    async with ada.follow(said["task_id"]) as following:
        seen = await following.next()
    await worker.say(task, "42")
    async with ada.follow(said["task_id"], seen.id) as following:
        missed = await following.next()
        assert (missed.name, missed.data) == ("text", {"text": "42"})
        await worker.say(task, ".")
        assert (await following.next()).data == {"text": "."}


async def test_who_comes_back_too_late_for_that_sees_all_again(ada: Person, worker: Worker) -> None:
    said = await ada.say()
    task = await worker.claim(said["task_id"])
    async with ada.follow(said["task_id"]) as following:
        seen = await following.next()
    await worker.use_tool(task, "1", None)
    for stale in (seen.id, "7-0-0", "1-99-0", "nonsense", "1--"):
        async with ada.follow(said["task_id"], stale) as following:
            assert (await following.next()).name == "state", stale


async def test_an_ended_turn_is_told_from_its_rows(
    ada: Person, worker: Worker, resources: Resources
) -> None:
    said = await ada.say()
    task = await worker.claim(said["task_id"])
    await worker.use_tool(task, "1", None)
    await worker.use_tool(task, "1", "42")
    await worker.say(task, "It is 42.")
    await worker.end(task)
    await resources.redis.delete(parts_key(task.id))
    async with ada.follow(said["task_id"]) as following:
        state, end = await following.rest()
    assert state.data["text"] == "It is 42."
    assert [t["output"] for t in state.data["tools"]] == ["42"]
    assert end.data["status"] == "completed"


async def test_who_has_read_the_end_need_not_come_back(ada: Person, worker: Worker) -> None:
    said = await ada.say()
    task = await worker.claim(said["task_id"])
    await worker.end(task)
    async with ada.follow(said["task_id"]) as following:
        end = (await following.rest())[-1]
    path = f"/tasks/{said['task_id']}/events"
    again = await ada.ask("GET", path, Last_Event_ID=str(end.id))
    assert again.status_code == 204


async def test_a_failed_turn_says_why_and_its_retry_begins_empty(
    ada: Person, worker: Worker
) -> None:
    said = await ada.say()
    task = await worker.claim(said["task_id"])
    await worker.say(task, "It is")
    async with ada.follow(said["task_id"]) as following:
        await following.next()
        await worker.end(task, TaskStatus.FAILED, "The model fell silent.")
        state, end = await following.rest()
    assert state.data["text"] == "It is\n\nThe model fell silent."
    assert end.data["error"] == "The model fell silent."
    await ada.done("POST", f"/tasks/{said['task_id']}/retry")
    async with ada.follow(said["task_id"], end.id) as following:
        state = await following.next()
        assert state.data == {"status": "queued", "text": "", "tools": []}
        again = await worker.claim(said["task_id"])
        await worker.say(again, "42")
        await worker.end(again)
        assert text_of([state, *await following.rest()]) == "42"


async def test_a_question_is_told_and_the_turn_goes_on_after_its_answer(
    ada: Person, worker: Worker
) -> None:
    said = await ada.say()
    async with ada.follow(said["task_id"]) as following:
        await following.next()
        await worker.ask(await worker.claim(said["task_id"]))
        assert (await following.next()).name == "started"
        question = await following.next()
        assert question.name == "question"
        await ada.done("POST", f"/questions/{question.data['id']}/answer", {"outcome": "skip"})
        task = await worker.claim(said["task_id"])
        await worker.say(task, "Skipped.")
        await worker.end(task)
        rest = await following.rest()
    assert text_of(rest) == "Skipped."
    assert rest[-1].data["status"] == "completed"


async def test_an_end_that_the_live_stream_lost_is_found_in_the_rows(
    ada: Person, worker: Worker, resources: Resources
) -> None:
    said = await ada.say()
    task = await worker.claim(said["task_id"])
    async with ada.follow(said["task_id"]) as following:
        await following.next()
        await worker.say(task, "42")
        await worker.end_silently(task)
        await publish_hint(resources.redis, "thread", UUID(said["thread_id"]))
        rest = await following.rest()
    assert text_of(rest) == "42"
    assert rest[-1].data["status"] == "completed"


async def test_a_turn_that_is_deleted_while_it_is_followed_ends(ada: Person) -> None:
    said = await ada.say()
    async with ada.follow(said["task_id"]) as following:
        await following.next()
        await ada.done("DELETE", f"/threads/{said['thread_id']}")
        (end,) = await following.rest()
    assert end.data["status"] == "cancelled"


async def test_a_turn_that_is_stopped_before_it_began_ends_at_once(ada: Person) -> None:
    said = await ada.say()
    async with ada.follow(said["task_id"]) as following:
        await following.next()
        await ada.done("POST", f"/tasks/{said['task_id']}/stop")
        async with asyncio.timeout(10):
            (end,) = await following.rest()
    assert end.data["status"] == "cancelled"


async def test_a_stream_closes_at_once_when_its_session_is_over(
    ada: Person, worker: Worker, resources: Resources
) -> None:
    said = await ada.say()
    await worker.claim(said["task_id"])
    async with ada.follow(said["task_id"]) as following:
        await following.next()
        async with resources.db.transaction() as session:
            await disable_user(session, resources, ada.user_id)
        async with asyncio.timeout(10):
            assert await following.rest() == []


async def test_a_reader_who_leaves_is_forgotten(ada: Person, web: Web) -> None:
    said = await ada.say()
    async with ada.follow(said["task_id"]) as following:
        await following.next()
        assert web.watched == 1
    async with asyncio.timeout(30):
        while web.watched:
            await ada.done("GET", "/me")
