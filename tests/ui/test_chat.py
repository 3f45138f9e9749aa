"""The chat through its socket: what a page is told, and what it cannot do."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.chats.models import Step, StepKind
from app.core.bus import publish_hint, read_hint
from app.core.clock import derived_id
from app.core.redis import HINTS, parts_key
from app.core.resources import Resources
from app.tasks.models import Task, TaskStatus
from app.turns.service import delete_thread, withdraw_task
from app.ui import live, wire
from app.users.models import User
from tests.factories import MakeUser
from tests.ui.client import ChatClient
from tests.ui.conftest import Web, Worker, eventually

OpenTab = Callable[..., Awaitable[ChatClient]]


async def count(resources: Resources, model: type[Task] | type[Step]) -> int:
    async with resources.db.transaction() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def accepted(tab: ChatClient, text: str = "Hello") -> str:
    message_id = await tab.send(text)
    await tab.accepted(message_id)
    return message_id


def answer_of(tab: ChatClient, message_id: str) -> str:
    step = tab.shown.answer_of(message_id)
    return step["output"] if step else ""


async def test_a_message_is_acknowledged_once_it_is_stored(
    open_tab: OpenTab, resources: Resources
) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    async with resources.db.transaction() as session:
        message = await session.get_one(Step, UUID(message_id))
        task = await session.get_one(Task, derived_id(message.id, "task"))
    assert (message.kind, message.output) == (StepKind.USER_MESSAGE, "Hello")
    assert (task.status, task.message_id) == (TaskStatus.QUEUED, message.id)


async def test_a_new_chat_is_named_by_its_page(open_tab: OpenTab) -> None:
    tab = await open_tab()
    await accepted(tab)
    await tab.until(lambda: tab.shown.thread_id)
    assert tab.shown.thread_id == tab.session_id
    assert tab.named("first_interaction") == [{"interaction": "Hello", "thread_id": tab.session_id}]


async def test_the_first_interaction_comes_before_the_stop_button(open_tab: OpenTab) -> None:
    tab = await open_tab()
    await accepted(tab)
    await tab.until(lambda: tab.shown.busy)
    order = [event.name for event in tab.events]
    assert order.index("first_interaction") < order.index("task_start")


async def test_an_answer_streams_and_ends(open_tab: OpenTab, worker: Worker) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.say(task, "It ", "is ", "42.")
    await tab.until(lambda: answer_of(tab, message_id) == "It is 42.")
    step = tab.shown.answer_of(message_id)
    assert step
    assert step["streaming"]
    assert tab.shown.busy
    await worker.end(task, "It is 42.")
    answer = await tab.answer(message_id)
    assert answer.text == "It is 42."
    assert not step["streaming"]
    await tab.until(lambda: not tab.shown.busy)


async def test_a_tool_call_is_a_step_before_the_answer(open_tab: OpenTab, worker: Worker) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.call_tool(task, "noon")
    await worker.say(task, "It is noon.")
    await worker.end(task, "It is noon.")
    answer = await tab.answer(message_id)
    (tool,) = answer.tools
    assert (tool["name"], tool["output"], tool["showInput"]) == ("clock", "noon", "json")
    kinds = [step["type"] for step in tab.shown.children(str(task.id))]
    assert kinds == ["tool", "assistant_message"]


async def test_a_message_sent_twice_is_one_task(open_tab: OpenTab, resources: Resources) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    for _ in range(3):
        await tab.send("Hello", message_id=message_id)
        await tab.accepted(message_id)
    assert len(tab.named("message_accepted")) == 4
    assert await count(resources, Task) == 1
    assert await count(resources, Step) == 1


async def test_a_reload_shows_the_text_so_far_and_then_the_rest(
    open_tab: OpenTab, worker: Worker
) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.say(task, "Half")
    await tab.until(lambda: answer_of(tab, message_id) == "Half")
    await tab.close()
    again = await open_tab(tab.session_id)
    await again.until(lambda: answer_of(again, message_id) == "Half")
    assert again.shown.busy
    await worker.say(task, " and half")
    await worker.end(task, "Half and half")
    assert (await again.answer(message_id)).text == "Half and half"


async def test_two_tabs_show_the_same(open_tab: OpenTab, worker: Worker) -> None:
    one = await open_tab()
    message_id = await accepted(one)
    two = await open_tab(one.session_id)
    await two.until(lambda: message_id in two.shown.steps)
    await worker.answer(message_id, "It ", "is ", "42.")
    await asyncio.gather(one.answer(message_id), two.answer(message_id))
    assert list(one.shown.steps.values()) == list(two.shown.steps.values())


async def test_a_message_shows_in_the_other_tab(open_tab: OpenTab) -> None:
    one = await open_tab()
    await accepted(one, "first")
    two = await open_tab(one.session_id)
    message_id = await accepted(two, "second")
    await one.until(lambda: message_id in one.shown.steps)
    assert one.shown.steps[message_id]["output"] == "second"


async def test_a_page_that_lost_its_socket_is_shown_what_it_missed(
    open_tab: OpenTab, worker: Worker
) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.say(task, "Half")
    await tab.until(lambda: answer_of(tab, message_id))
    await tab.cut()
    await worker.say(task, " and half")
    await worker.end(task, "Half and half")
    await tab.reconnect()
    assert (await tab.answer(message_id)).text == "Half and half"
    await tab.until(lambda: not tab.shown.busy)


async def test_a_new_chat_that_lost_its_socket_delivers_its_first_message(
    open_tab: OpenTab,
) -> None:
    tab = await open_tab()
    await tab.cut()
    message_id = str(uuid4())
    with pytest.raises(Exception, match="not a connected|connected"):
        await tab.send("Hello", message_id=message_id)
    await tab.reconnect()
    await tab.accepted(message_id)
    await tab.until(lambda: tab.shown.run_of(message_id))
    assert tab.shown.thread_id == tab.session_id


async def test_an_answer_that_nobody_watched_is_there_later(
    open_tab: OpenTab, worker: Worker
) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    await tab.close()
    await worker.answer(message_id, "It is 42.")
    again = await open_tab(tab.session_id)
    assert (await again.answer(message_id)).text == "It is 42."
    assert not again.shown.busy


async def test_stop_ends_what_runs(open_tab: OpenTab, worker: Worker, web: Web) -> None:
    hints: list[tuple[str, UUID]] = []
    web.runtime.bus.subscribe(HINTS, lambda data: hints.append(read_hint(data)))
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.say(task, "Half an ans")
    await tab.until(lambda: answer_of(tab, message_id))
    await tab.stop()
    await eventually(lambda: ("stop", task.id) in hints)
    await worker.end(task, "Half an ans", TaskStatus.CANCELLED)
    answer = await tab.answer(message_id)
    assert answer.text == "Half an ans"
    assert not answer.is_error


async def test_stop_before_a_worker_came_ends_the_turn(open_tab: OpenTab) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    await tab.stop()
    await tab.answer(message_id)
    await tab.until(lambda: not tab.shown.busy)


async def test_stop_in_an_empty_chat_does_nothing(open_tab: OpenTab) -> None:
    tab = await open_tab()
    await tab.stop()
    await accepted(tab)
    assert tab.named("toast") == []


async def test_a_failed_turn_says_why_and_offers_another_try(
    open_tab: OpenTab, worker: Worker
) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.say(task, "Half")
    await worker.end(task, "Half", TaskStatus.FAILED, "The model does not answer.")
    await tab.until(lambda: tab.shown.elements)
    (card,) = tab.shown.elements.values()
    assert card["props"] == {"task": str(task.id), "state": "failed"}
    answer = await tab.answer(message_id)
    assert answer.is_error
    assert answer.text == "Half\n\nThe model does not answer."


async def test_a_second_message_waits_and_can_be_withdrawn(
    open_tab: OpenTab, worker: Worker, resources: Resources, user: User
) -> None:
    tab = await open_tab()
    first = await accepted(tab, "first")
    await worker.claim(first)
    second = await accepted(tab, "second")
    await tab.until(lambda: tab.shown.elements)
    (card,) = tab.shown.elements.values()
    assert card["props"]["state"] == "queued"
    await withdraw_task(resources, user.id, UUID(card["props"]["task"]))
    await tab.until(lambda: second not in tab.shown.steps and not tab.shown.elements)
    assert first in tab.shown.steps


async def test_a_waiting_message_gets_its_turn(open_tab: OpenTab, worker: Worker) -> None:
    tab = await open_tab()
    first, second = await accepted(tab, "first"), await accepted(tab, "second")
    await worker.answer(first, "One.")
    await worker.answer(second, "Two.")
    assert (await tab.answer(first)).text == "One."
    assert (await tab.answer(second)).text == "Two."
    assert tab.shown.elements == {}


async def test_an_edited_message_is_answered_anew_and_what_came_after_it_is_gone(
    open_tab: OpenTab, worker: Worker
) -> None:
    tab = await open_tab()
    first = await accepted(tab, "frist")
    await worker.answer(first, "What?")
    await tab.answer(first)
    second = await accepted(tab, "second")
    await worker.answer(second, "Two.")
    await tab.answer(second)
    await tab.edit(first, "first")
    await tab.until(lambda: second not in tab.shown.steps and tab.shown.busy)
    assert tab.shown.steps[first]["output"] == "first"
    assert answer_of(tab, first) == ""


async def test_a_message_of_another_account_is_refused_for_good(
    open_tab: OpenTab, make_user: MakeUser, resources: Resources
) -> None:
    tab = await open_tab(language="de-DE,de;q=0.9")
    tab.identifier = str((await make_user("bob")).id)
    refusal = await tab.refusal(await tab.send("Hello"))
    assert refusal["final"]
    assert refusal["why"] == "Diese Nachricht wurde unter einem anderen Konto geschrieben."
    assert await count(resources, Task) == 0


async def test_a_message_into_anothers_thread_is_refused_for_good(
    open_tab: OpenTab, make_user: MakeUser, resources: Resources
) -> None:
    ada = await open_tab()
    await accepted(ada)
    bob = await open_tab(of=await make_user("bob"))
    refusal = await bob.refusal(await bob.send("Hello", thread_id=ada.session_id))
    assert (refusal["final"], refusal["why"]) == (True, "There is no such conversation.")
    assert await count(resources, Task) == 1


async def test_another_users_thread_is_not_found(open_tab: OpenTab, make_user: MakeUser) -> None:
    ada = await open_tab()
    await accepted(ada, "secret")
    bob = await open_tab(ada.session_id, of=await make_user("bob"))
    await bob.until(lambda: bob.named("resume_thread_error"))
    await accepted(ada, "more secrets")
    assert bob.named("resume_thread") == []
    assert "secret" not in json.dumps([e.data for e in bob.events])


async def test_another_users_session_cannot_be_taken_over(
    open_tab: OpenTab, make_user: MakeUser
) -> None:
    ada = await open_tab()
    bob = await open_tab(of=await make_user("bob"))
    bob.session_id = ada.session_id
    with pytest.raises(ConnectionError):
        await bob.connect()


async def test_who_waits_at_anothers_new_thread_sees_nothing_of_it(
    open_tab: OpenTab, make_user: MakeUser
) -> None:
    ada = await open_tab()
    bob = await open_tab(ada.session_id, of=await make_user("bob"))
    message_id = await accepted(ada, "secret")
    await ada.until(lambda: ada.shown.busy)
    await bob.stop()
    assert (await bob.refusal(await bob.send("Hello")))["final"]
    assert "secret" not in json.dumps([e.data for e in bob.events])
    assert ada.shown.run_of(message_id)
    assert ada.shown.busy


@pytest.mark.parametrize("thread_id", ["6f1c2ab4-7d1e-4c52-9a43-0d6f4a1c8e55", "nothing", "0" * 36])
async def test_a_thread_that_does_not_exist_is_not_found(open_tab: OpenTab, thread_id: str) -> None:
    tab = await open_tab(thread_id)
    await tab.until(lambda: tab.named("resume_thread_error"))
    assert tab.named("resume_thread") == []


@pytest.mark.asvs("2.2.2")
@pytest.mark.parametrize("event", ["client_message", "edit_message"])
@pytest.mark.parametrize(
    "payload",
    [
        (),
        (None,),
        (7,),
        ([],),
        ({},),
        ({"message": None},),
        ({"message": {}},),
        ({"message": {"id": 7, "output": "Hello"}},),
        ({"message": {"id": "x", "name": "?", "output": "Hello"}},),
        ({"message": {"id": str(UUID(int=1)), "output": ["Hello"]}},),
        ({"message": {"id": str(UUID(int=1)), "output": "Hello", "threadId": 7}},),
        ({}, {}, {}),
    ],
)
async def test_a_bad_payload_is_refused_with_a_sentence(
    open_tab: OpenTab, resources: Resources, event: str, payload: tuple[Any, ...]
) -> None:
    tab = await open_tab()
    await tab.emit(event, *payload)
    said = "message_refused" if event == "client_message" else "toast"
    await tab.until(lambda: tab.named(said))
    (refusal,) = tab.named(said)
    assert refusal.get("why") or refusal["message"]
    assert await count(resources, Task) == 0


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 100_001, "a\x00b"])
async def test_a_text_that_is_no_message_is_refused_for_good(open_tab: OpenTab, text: str) -> None:
    tab = await open_tab()
    refusal = await tab.refusal(await tab.send(text))
    assert refusal["final"]


async def test_half_a_character_is_replaced_and_the_message_is_stored(open_tab: OpenTab) -> None:
    tab = await open_tab()
    message_id = await accepted(tab, "cut \ud83d off \U0001f40b")
    await tab.until(lambda: tab.shown.run_of(message_id))
    assert tab.shown.steps[message_id]["output"] == "cut \ufffd off \U0001f40b"


async def test_an_id_that_cannot_be_one_is_refused(open_tab: OpenTab) -> None:
    tab = await open_tab()
    for id in ("\ud800", "x" * 1000, 7, None):
        message = {"id": id, "name": tab.identifier, "output": "Hello"}
        await tab.emit("client_message", {"message": message})
    await tab.until(lambda: len(tab.named("message_refused")) == 4)
    assert all(refusal["final"] for refusal in tab.named("message_refused"))


@pytest.mark.parametrize("modes", [7, {"model": 7}, {"model": "x" * 201}, {"model": "a\x00b"}])
async def test_a_model_that_is_no_name_is_never_stored(
    open_tab: OpenTab, resources: Resources, modes: Any
) -> None:
    tab = await open_tab()
    message = {"id": str(uuid4()), "name": tab.identifier, "output": "Hi", "modes": modes}
    await tab.emit("client_message", {"message": message})
    await tab.until(lambda: tab.named("message_refused") or tab.named("message_accepted"))
    async with resources.db.transaction() as session:
        assert all(task.parameters["model"] is None for task in await session.scalars(select(Task)))


async def test_the_choice_of_a_model_and_a_language_reaches_the_task(
    open_tab: OpenTab, resources: Resources
) -> None:
    tab = await open_tab(language="de")
    message_id = await tab.send("Hallo", model="big")
    await tab.accepted(message_id)
    async with resources.db.transaction() as session:
        task = await session.get_one(Task, derived_id(UUID(message_id), "task"))
    assert task.parameters == {"language": "de", "model": "big"}


@pytest.mark.parametrize(
    "event",
    ["audio_start", "audio_end", "window_message", "chat_settings_change", "fetch_favorites"],
)
async def test_events_that_nothing_of_ours_answers_change_nothing(
    open_tab: OpenTab, event: str
) -> None:
    tab = await open_tab()
    await tab.emit(event, {"message": {}})
    await accepted(tab)
    assert "error" not in {e.name for e in tab.events}


async def test_a_flushed_redis_does_not_hide_the_answer(
    open_tab: OpenTab, worker: Worker, resources: Resources
) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.say(task, "Half")
    await tab.until(lambda: answer_of(tab, message_id))
    await resources.redis.flushall()
    await worker.say(task, " and half")
    await worker.end(task, "Half and half")
    assert (await tab.answer(message_id)).text == "Half and half"


async def test_a_page_opened_after_a_flush_shows_the_answer_in_the_end(
    open_tab: OpenTab, worker: Worker, resources: Resources
) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.say(task, "Half")
    await resources.redis.delete(parts_key(task.id))
    again = await open_tab(tab.session_id)
    await again.until(lambda: again.shown.busy)
    await worker.say(task, " and half")
    await worker.end(task, "Half and half")
    assert (await again.answer(message_id)).text == "Half and half"


async def test_an_end_that_nobody_said_is_found_in_the_rows(
    open_tab: OpenTab, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SILENT_SECONDS", 0.2)
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.say(task, "Half")
    await worker.write_end(task, "Half and half", TaskStatus.COMPLETED)
    assert (await tab.answer(message_id)).text == "Half and half"


async def test_a_change_by_another_process_is_shown_after_its_hint(
    open_tab: OpenTab, worker: Worker, resources: Resources
) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.write_end(task, "Done elsewhere.", TaskStatus.COMPLETED)
    await publish_hint(resources.redis, "thread", UUID(tab.session_id))
    await publish_hint(resources.redis, "thread", UUID(tab.session_id))
    assert (await tab.answer(message_id)).text == "Done elsewhere."


async def test_a_removed_thread_disappears_from_its_pages(
    open_tab: OpenTab, resources: Resources, user: User
) -> None:
    tab = await open_tab()
    await accepted(tab)
    await delete_thread(resources, user.id, UUID(tab.session_id))
    await tab.until(lambda: not tab.shown.steps and not tab.shown.busy)


async def test_a_page_that_is_too_slow_is_shown_everything_once_it_has_caught_up(
    open_tab: OpenTab, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.say(task, "Half")
    await tab.until(lambda: answer_of(tab, message_id))
    monkeypatch.setattr(wire, "MOST_UNSENT", 0)
    await worker.say(task, " and")
    await asyncio.sleep(0.2)
    monkeypatch.setattr(wire, "MOST_UNSENT", 1000)
    await worker.say(task, " half")
    await worker.end(task, "Half and half")
    assert (await tab.answer(message_id)).text == "Half and half"


async def test_views_that_nobody_looks_at_are_closed(
    open_tab: OpenTab, web: Web, worker: Worker
) -> None:
    tab = await open_tab()
    message_id = await accepted(tab)
    task = await worker.claim(message_id)
    await worker.say(task, "Half")
    await tab.close()
    await eventually(lambda: len(web.runtime.views) == 0)
    assert web.runtime.live._watches == {}


async def test_an_accepted_message_is_drawn_without_reading_it_back(
    open_tab: OpenTab, worker: Worker, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = await open_tab()
    view = web.runtime.views.find(UUID(tab.identifier), UUID(tab.session_id))
    assert view
    reads: list[None] = []
    read = view._read

    async def counted() -> None:
        reads.append(None)
        await read()

    monkeypatch.setattr(view, "_read", counted)
    message_id = await accepted(tab)
    await worker.answer(message_id, "It ", "is ", "42.")
    await tab.answer(message_id)
    await asyncio.sleep(0.1)
    assert reads == []
