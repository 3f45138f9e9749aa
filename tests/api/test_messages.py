"""Messages: said once, said in order, said differently."""

from uuid import uuid4

from sqlalchemy import select

from app.core.resources import Resources
from app.tasks.models import Task
from tests.api.acting import Person, Worker


async def test_a_message_begins_a_conversation_and_a_task(ada: Person) -> None:
    accepted = await ada.say("What is 6 * 7?")
    assert accepted["is_new"]
    thread = await ada.done("GET", f"/threads/{accepted['thread_id']}")
    assert thread["name"] == "What is 6 * 7?"
    (message,) = thread["messages"]
    assert (message["role"], message["author"], message["text"]) == (
        "user", "ada", "What is 6 * 7?",
    )  # fmt: skip
    (task,) = thread["tasks"]
    assert (task["id"], task["status"]) == (accepted["task_id"], "queued")
    assert await ada.done("GET", f"/tasks/{accepted['task_id']}") == task


async def test_a_message_sent_twice_is_one_task(ada: Person) -> None:
    message_id = str(uuid4())
    first = await ada.say(message_id=message_id)
    again = await ada.say(message_id=message_id)
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert {**first, "is_new": False} == again
    assert len((await ada.done("GET", "/threads"))["items"]) == 1


async def test_an_idempotency_key_names_a_message_of_its_sender(ada: Person, bob: Person) -> None:
    send = ("POST", "/messages", {"text": "Hello"})
    first = await ada.done(*send, Idempotency_Key="order 7")
    again = await ada.done(*send, Idempotency_Key="order 7")
    other = await ada.done(*send, Idempotency_Key="order 8")
    foreign = await bob.done(*send, Idempotency_Key="order 7")
    assert again == {**first, "is_new": False}
    assert other["is_new"]
    assert foreign["is_new"]


async def test_a_second_message_joins_the_conversation(ada: Person) -> None:
    first = await ada.say("One")
    path = f"/threads/{first['thread_id']}/messages"
    second = await ada.done("POST", path, {"text": "Two"})
    assert second["thread_id"] == first["thread_id"]
    thread = await ada.done("GET", f"/threads/{first['thread_id']}")
    assert [m["text"] for m in thread["messages"]] == ["One", "Two"]


async def test_a_conversation_that_does_not_exist_is_not_begun_by_mistake(ada: Person) -> None:
    status, _ = await ada.refused("POST", f"/threads/{uuid4()}/messages", {"text": "Hello"})
    assert status == 404


async def test_a_client_may_choose_the_id_of_a_new_conversation(ada: Person) -> None:
    thread_id = str(uuid4())
    assert (await ada.say(thread_id=thread_id))["thread_id"] == thread_id


async def test_language_and_model_reach_the_task(ada: Person, resources: Resources) -> None:
    body = {"text": "Hallo", "model": "local"}
    await ada.done("POST", "/messages", body, Accept_Language="fr, de-AT;q=0.8, en;q=0.5")
    async with resources.db.transaction() as session:
        (task,) = await session.scalars(select(Task))
    assert task.parameters == {"language": "de", "model": "local"}


async def test_an_edited_message_is_answered_anew(ada: Person, worker: Worker) -> None:
    said = await ada.say("What is 6 * 8?")
    task = await worker.claim(said["task_id"])
    await worker.say(task, "48")
    await worker.end(task)
    edited = await ada.done("PUT", f"/messages/{said['message_id']}", {"text": "And 6 * 7?"})
    assert edited["task_id"] != said["task_id"]
    thread = await ada.done("GET", f"/threads/{said['thread_id']}")
    assert [m["text"] for m in thread["messages"]] == ["And 6 * 7?"]
    assert [t["id"] for t in thread["tasks"]] == [edited["task_id"]]


async def test_nothing_can_be_said_with_nothing(ada: Person) -> None:
    for text in ("", "  \n"):
        status, error = await ada.refused("POST", "/messages", {"text": text})
        assert (status, error["field"]) == (422, "text")


async def test_a_message_may_say_on_which_clock_its_times_are_read(
    ada: Person, resources: Resources
) -> None:
    nowhere = {"text": "Hello", "time_zone": "Mars/Base"}
    status, error = await ada.refused("POST", "/messages", nowhere)
    assert (status, error["field"]) == (422, "time_zone")
    await ada.done("POST", "/messages", {"text": "/task Think", "time_zone": "Asia/Tokyo"})
    async with resources.db.transaction() as session:
        (task,) = await session.scalars(select(Task))
    assert (task.parameters["time_zone"], task.parameters["command"]) == ("Asia/Tokyo", "task")
