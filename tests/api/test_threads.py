"""Conversations: found, named, stopped and removed by their owner."""

from tests.api.acting import Person, Worker


async def test_conversations_are_listed_latest_first_page_by_page(ada: Person) -> None:
    said = [await ada.say(f"Number {n}") for n in range(5)]
    newest_first = [one["thread_id"] for one in reversed(said)]
    found, after = [], ""
    while True:
        page = await ada.done("GET", f"/threads?limit=2{after}")
        found += [thread["id"] for thread in page["items"]]
        if page["next_cursor"] is None:
            break
        after = f"&after={page['next_cursor']}"
    assert found == newest_first


async def test_a_cursor_that_is_none_is_refused(ada: Person) -> None:
    for cursor in ("nonsense", "WzEsMl0=", "%00"):
        status, error = await ada.refused("GET", f"/threads?after={cursor}")
        assert (status, error["field"]) == (422, "after")


async def test_search_finds_words_of_titles_messages_and_answers(
    ada: Person, bob: Person, worker: Worker
) -> None:
    said = await ada.say("Where do elephants live?")
    task = await worker.claim(said["task_id"])
    await worker.say(task, "In the savannah.")
    await worker.end(task)
    await ada.say("Something else")
    await bob.say("Elephants of the savannah")
    for words in ("elephants", "savann", "live+elephants"):
        page = await ada.done("GET", f"/threads?search={words}")
        assert [thread["id"] for thread in page["items"]] == [said["thread_id"]], words


async def test_a_conversation_shows_messages_tools_and_turns(ada: Person, worker: Worker) -> None:
    said = await ada.say()
    task = await worker.claim(said["task_id"])
    await worker.use_tool(task, "1", None)
    tool = await worker.use_tool(task, "1", "42")
    await worker.say(task, "It is 42.")
    await worker.end(task)
    thread = await ada.done("GET", f"/threads/{said['thread_id']}")
    assert [(m["role"], m["text"]) for m in thread["messages"]] == [
        ("user", "What is 6 * 7?"),
        ("assistant", "It is 42."),
    ]
    assert [(t["id"], t["name"], t["output"]) for t in thread["tool_calls"]] == [
        (tool, "calculator", "42")
    ]
    assert [t["status"] for t in thread["tasks"]] == ["completed"]


async def test_a_conversation_is_renamed(ada: Person) -> None:
    said = await ada.say()
    path = f"/threads/{said['thread_id']}"
    assert (await ada.done("PATCH", path, {"name": " Six  sevens "}))["name"] == "Six sevens"
    assert (await ada.done("GET", path))["name"] == "Six sevens"


async def test_a_removed_conversation_is_gone_with_its_tasks(ada: Person) -> None:
    said = await ada.say()
    path = f"/threads/{said['thread_id']}"
    await ada.done("DELETE", path)
    assert (await ada.refused("GET", path))[0] == 404
    assert (await ada.refused("GET", f"/tasks/{said['task_id']}"))[0] == 404
    assert (await ada.refused("DELETE", path))[0] == 404


async def test_stop_ends_what_waits_in_a_conversation(ada: Person) -> None:
    said = await ada.say()
    await ada.done("POST", f"/threads/{said['thread_id']}/stop")
    assert (await ada.done("GET", f"/tasks/{said['task_id']}"))["status"] == "cancelled"
