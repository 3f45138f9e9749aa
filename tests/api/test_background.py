"""/tasks: begun once, listed by state, changed, paused, moved and read by their owner alone."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import now
from tests.api.acting import Person, Worker


async def names(ada: Person, query: str = "") -> list[str]:
    page = await ada.done("GET", f"/tasks{query}")
    return [task["name"] for task in page["items"]]


async def test_a_task_is_begun_and_its_result_is_read(ada: Person, worker: Worker) -> None:
    task = await ada.done(
        "POST", "/tasks", {"text": "Count to ten", "name": "Counting", "tags": ["a"]}
    )
    assert (task["status"], task["in_background"], task["tags"]) == ("queued", True, ["a"])
    assert (await ada.refused("GET", f"/tasks/{task['id']}/result"))[0] == 409
    held = await worker.claim(task["id"])
    await worker.say(held, "1 2 3")
    await worker.end(held)
    assert (await ada.done("GET", f"/tasks/{task['id']}/result"))["text"] == "1 2 3"
    file = await ada.ask("GET", f"/tasks/{task['id']}/result?download=true")
    assert file.text == "# Counting\n\n1 2 3\n"
    assert "attachment" in file.headers["content-disposition"]
    thread = await ada.done("GET", f"/threads/{task['thread_id']}")
    assert [m["text"] for m in thread["messages"]] == ["Count to ten", "1 2 3"]
    changes = await ada.done("GET", f"/tasks/{task['id']}/changes")
    assert [c["type"] for c in changes] == ["task.created", "task.started", "task.completed"]


async def test_the_same_key_is_the_same_task(ada: Person, bob: Person) -> None:
    first = await ada.done("POST", "/tasks", {"text": "Once"}, idempotency_key="k1")
    again = await ada.done("POST", "/tasks", {"text": "Once"}, idempotency_key="k1")
    assert (first["is_duplicate"], again["is_duplicate"]) == (False, True)
    assert again["id"] == first["id"]
    other = await ada.ask("POST", "/tasks", {"text": "Other"}, idempotency_key="k1")
    assert other.status_code == 409
    theirs = await bob.done("POST", "/tasks", {"text": "Once"}, idempotency_key="k1")
    assert theirs["id"] != first["id"]
    assert await names(ada) == ["Once"]


async def test_tasks_are_listed_by_where_they_stand(ada: Person, worker: Worker) -> None:
    ids = {}
    for name in ("runs", "waits", "done", "later"):
        body: dict[str, Any] = {"text": name, "name": name, "tags": [name]}
        if name == "later":
            body["not_before"] = (now() + timedelta(hours=1)).isoformat()
        ids[name] = (await ada.done("POST", "/tasks", body))["id"]
    await worker.claim(ids["runs"])
    await worker.end(await worker.claim(ids["done"]))
    assert await names(ada, "?state=running") == ["runs"]
    assert await names(ada, "?state=waiting") == ["waits"]
    assert await names(ada, "?state=scheduled") == ["later"]
    assert await names(ada, "?state=finished") == ["done"]
    assert await names(ada) == ["later", "done", "waits", "runs"]
    assert await names(ada, "?tag=done") == ["done"]
    assert await names(ada, "?search=AIT") == ["waits"]
    assert await names(ada, "?search=%25") == []


async def test_pages_follow_each_other_without_gap_or_repetition(ada: Person) -> None:
    for n in range(7):
        await ada.done("POST", "/tasks", {"text": f"t{n}"})
    seen: list[str] = []
    query = "?limit=3"
    while query:
        page = await ada.done("GET", f"/tasks{query}")
        seen += [task["name"] for task in page["items"]]
        query = f"?limit=3&after={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == [f"t{n}" for n in reversed(range(7))]


async def test_a_turn_goes_to_the_background_and_leaves_its_chat_free(
    ada: Person, worker: Worker
) -> None:
    said = await ada.say("Something long")
    held = await worker.claim(said["task_id"])
    moved = await ada.done("POST", f"/tasks/{said['task_id']}/background")
    assert (moved["in_background"], moved["status"]) == (True, "running")
    path = f"/threads/{said['thread_id']}/messages"
    second = await ada.done("POST", path, {"text": "Meanwhile"})
    await worker.claim(second["task_id"])
    status, error = await ada.refused("POST", f"/tasks/{said['task_id']}/foreground")
    assert (status, error["code"]) == (409, "conflict")
    await worker.say(held, "Here it is")
    await worker.end(held)
    thread = await ada.done("GET", f"/threads/{said['thread_id']}")
    assert "Here it is" in [m["text"] for m in thread["messages"]]
    assert (await ada.refused("POST", f"/tasks/{said['task_id']}/background"))[0] == 409


async def test_a_background_turn_is_brought_to_front_again(ada: Person, worker: Worker) -> None:
    said = await ada.say("Something long")
    await worker.claim(said["task_id"])
    await ada.done("POST", f"/tasks/{said['task_id']}/background")
    front = await ada.done("POST", f"/tasks/{said['task_id']}/foreground")
    assert front["in_background"] is False


async def test_a_task_is_paused_resumed_and_run_again(ada: Person, worker: Worker) -> None:
    task = await ada.done("POST", "/tasks", {"text": "Rest a while"})
    path = f"/tasks/{task['id']}"
    assert (await ada.done("POST", f"{path}/pause"))["status"] == "suspended"
    assert (await ada.done("POST", f"{path}/resume"))["status"] == "queued"
    assert (await ada.refused("POST", f"{path}/run-again"))[0] == 409
    await worker.end(await worker.claim(task["id"]))
    again = await ada.done("POST", f"{path}/run-again")
    assert again["id"] != task["id"] and again["thread_id"] == task["thread_id"]
    assert again["status"] == "queued"


async def test_a_task_is_renamed_and_made_urgent(ada: Person) -> None:
    task = await ada.done("POST", "/tasks", {"text": "Rest a while"})
    changed = await ada.done(
        "PATCH", f"/tasks/{task['id']}", {"name": "Rest", "priority": "urgent", "tags": ["x"]}
    )
    assert (changed["name"], changed["priority"], changed["tags"]) == ("Rest", "urgent", ["x"])


def nested(levels: int) -> Any:
    return {"a": nested(levels - 1)} if levels else 1


@pytest.mark.asvs("2.2.3")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", " "),
        ("name", "x" * 256),
        ("description", "x" * 2001),
        ("kind", "nonsense"),
        ("priority", "later"),
        ("tags", ["t"] * 21),
        ("tags", [""]),
        ("labels", {str(n): "x" for n in range(51)}),
        ("details", {str(n): "x" for n in range(21)}),
        ("parameters", nested(6)),
        ("not_before", "2020-01-01T00:00:00Z"),
        ("not_before", "2099-01-01T00:00:00"),
        ("start_until", "2020-01-01T00:00:00Z"),
        ("timeout_seconds", 0),
        ("timeout_seconds", 3601),
        ("max_retries", 11),
        ("depends_on", ["0190c0de-0000-7000-8000-000000000000"]),
        ("parent_id", "0190c0de-0000-7000-8000-000000000000"),
        ("delay_seconds", -1),
    ],
)
async def test_bad_input_is_named_and_stores_nothing(ada: Person, field: str, value: Any) -> None:
    status, error = await ada.refused("POST", "/tasks", {"text": "Do it", field: value})
    assert (status, error["field"]) == (422, field), error
    assert error["message"]
    assert await names(ada) == []


async def test_parameters_may_be_five_levels_deep(ada: Person) -> None:
    await ada.done("POST", "/tasks", {"text": "Do it", "parameters": nested(5)})


async def test_a_body_of_more_than_a_megabyte_is_refused(ada: Person) -> None:
    status, error = await ada.refused("POST", "/tasks", {"text": "x" * 1_000_001})
    assert (status, error["code"]) == (413, "too_large")
    assert await names(ada) == []


async def test_tasks_beget_tasks_ten_levels_deep_and_no_deeper(ada: Person) -> None:
    parent = None
    for _ in range(10):
        body = {"text": "More"} | ({"parent_id": parent} if parent else {})
        parent = (await ada.done("POST", "/tasks", body))["id"]
    status, error = await ada.refused("POST", "/tasks", {"text": "More", "parent_id": parent})
    assert (status, error["field"]) == (422, "parent_id")


async def test_nobody_waits_for_another_users_task(ada: Person, bob: Person) -> None:
    theirs = await bob.done("POST", "/tasks", {"text": "Mine"})
    body = {"text": "Do it", "depends_on": [theirs["id"]]}
    assert (await ada.refused("POST", "/tasks", body))[1]["field"] == "depends_on"
    assert await names(ada) == []
