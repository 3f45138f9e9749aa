"""Turns and questions: stopped, tried again, withdrawn, judged and decided by their owner."""

from app.tasks.models import TaskStatus
from tests.api.acting import Person, Worker


async def test_a_running_turn_is_asked_to_stop(ada: Person, worker: Worker) -> None:
    said = await ada.say()
    await worker.claim(said["task_id"])
    assert (await ada.done("POST", f"/tasks/{said['task_id']}/stop"))["status"] == "running"


async def test_a_failed_turn_is_tried_again_and_a_good_one_is_not(
    ada: Person, worker: Worker
) -> None:
    said = await ada.say()
    path = f"/tasks/{said['task_id']}"
    task = await worker.claim(said["task_id"])
    await worker.end(task, TaskStatus.FAILED, "The model does not answer.")
    failed = await ada.done("GET", path)
    assert (failed["status"], failed["error"]) == ("failed", "The model does not answer.")
    assert (await ada.done("POST", f"{path}/retry"))["status"] == "queued"
    task = await worker.claim(said["task_id"])
    await worker.say(task, "42")
    await worker.end(task)
    status, error = await ada.refused("POST", f"{path}/retry")
    assert (status, error["code"]) == (409, "conflict")


async def test_a_waiting_message_is_withdrawn_and_a_running_one_is_not(
    ada: Person, worker: Worker
) -> None:
    first = await ada.say("One")
    await worker.claim(first["task_id"])
    thread = f"/threads/{first['thread_id']}"
    second = await ada.done("POST", f"{thread}/messages", {"text": "Two"})
    await ada.done("POST", f"/tasks/{second['task_id']}/withdraw")
    assert [m["text"] for m in (await ada.done("GET", thread))["messages"]] == ["One"]
    assert (await ada.refused("POST", f"/tasks/{first['task_id']}/withdraw"))[0] == 409


async def test_an_answer_is_judged_once_and_the_judgement_taken_back(ada: Person) -> None:
    said = await ada.say()
    path = f"/tasks/{said['task_id']}/feedback"
    first = await ada.done("PUT", path, {"value": 1})
    again = await ada.done("PUT", path, {"value": 0, "comment": "It is 42."})
    assert again == {**first, "value": 0, "comment": "It is 42."}
    thread = await ada.done("GET", f"/threads/{said['thread_id']}")
    assert thread["feedbacks"] == [again]
    assert (await ada.done("DELETE", path)) == {"removed": True}
    assert (await ada.done("DELETE", path)) == {"removed": False}


async def test_a_judgement_is_one_or_nought(ada: Person) -> None:
    said = await ada.say()
    for value in (2, -1, True, "1", 1.0, None):
        path = f"/tasks/{said['task_id']}/feedback"
        status, error = await ada.refused("PUT", path, {"value": value})
        assert (status, error["field"]) == (422, "value"), value


async def test_a_question_is_listed_until_it_is_decided_once(ada: Person, worker: Worker) -> None:
    said = await ada.say()
    await worker.ask(await worker.claim(said["task_id"]))
    (question,) = await ada.done("GET", "/questions")
    assert question["task_id"] == said["task_id"]
    path = f"/questions/{question['id']}/answer"
    assert (await ada.refused("POST", path, {"outcome": "perhaps"}))[0] == 422
    await ada.done("POST", path, {"outcome": "happened"})
    assert (await ada.refused("POST", path, {"outcome": "repeat"}))[0] == 409
    assert await ada.done("GET", "/questions") == []
    assert (await ada.done("GET", f"/tasks/{said['task_id']}"))["status"] == "queued"
