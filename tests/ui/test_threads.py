"""The history's routes: shapes that Chainlit's page expects, and nothing of anybody else."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.chats.models import Feedback, Thread
from app.core.resources import Resources
from tests.factories import MakeUser
from tests.ui.client import ChatClient
from tests.ui.conftest import Web, Worker

OpenTab = Callable[..., Awaitable[ChatClient]]


async def thread_of(tab: ChatClient, *texts: str) -> str:
    """A new thread with these messages."""
    await tab.close()
    tab.session_id, tab.shown.thread_id = str(uuid4()), None
    await tab.connect()
    for text in texts or ("Hello",):
        await tab.accepted(await tab.send(text))
    return tab.session_id


async def listing(tab: ChatClient, search: str | None = None, **page: Any) -> dict[str, Any]:
    body = {"pagination": {"first": 20, **page}, "filter": {"search": search}}
    status, answer = await tab.http("POST", "/project/threads", json=body)
    assert status == 200
    assert isinstance(answer, dict)
    return answer


async def names(tab: ChatClient, search: str | None = None) -> list[str]:
    return [thread["name"] for thread in (await listing(tab, search))["data"]]


async def test_the_history_lists_threads_latest_first(open_tab: OpenTab) -> None:
    tab = await open_tab()
    first = await thread_of(tab, "first")
    await thread_of(tab, "second")
    assert await names(tab) == ["second", "first"]
    again = await open_tab(first)
    await again.accepted(await again.send("once more"))
    found = (await listing(tab))["data"]
    assert [thread["name"] for thread in found] == ["first", "second"]
    dates = [thread["createdAt"] for thread in found]
    assert dates == sorted(dates, reverse=True)


async def test_the_history_has_the_shape_that_the_page_expects(open_tab: OpenTab) -> None:
    tab = await open_tab()
    thread_id = await thread_of(tab, "Hello")
    answer = await listing(tab)
    (thread,) = answer["data"]
    assert thread["id"] == thread_id
    assert thread["userIdentifier"] == thread["userId"] == tab.identifier
    assert thread["createdAt"].endswith("Z")
    assert answer["pageInfo"] == {"hasNextPage": False, "startCursor": None, "endCursor": None}


async def test_the_history_comes_in_pages(open_tab: OpenTab) -> None:
    tab = await open_tab()
    for name in "abc":
        await thread_of(tab, name)
    first = await listing(tab, first=2)
    assert first["pageInfo"]["hasNextPage"]
    second = await listing(tab, first=2, cursor=first["pageInfo"]["endCursor"])
    assert not second["pageInfo"]["hasNextPage"]
    assert [t["name"] for t in first["data"] + second["data"]] == ["c", "b", "a"]


async def test_search_finds_titles_and_contents(open_tab: OpenTab, worker: Worker) -> None:
    tab = await open_tab()
    await thread_of(tab, "About whales")
    await thread_of(tab, "About birds")
    message_id = await tab.send("How big is an albatross?")
    await tab.accepted(message_id)
    assert await names(tab, "whal") == ["About whales"]
    assert await names(tab, "albatross") == ["About birds"]
    assert await names(tab, "about") == ["About birds", "About whales"]
    assert await names(tab, "dinosaur") == []


async def test_a_thread_can_be_read_whole(open_tab: OpenTab, worker: Worker) -> None:
    tab = await open_tab()
    message_id = await tab.send("Hello")
    await tab.accepted(message_id)
    await worker.answer(message_id, "Hi.")
    await tab.answer(message_id)
    status, thread = await tab.http("GET", f"/project/thread/{tab.session_id}")
    assert status == 200
    assert [step["type"] for step in thread["steps"]] == [
        "user_message",
        "run",
        "assistant_message",
    ]


async def test_a_thread_can_be_renamed(open_tab: OpenTab) -> None:
    tab = await open_tab()
    thread_id = await thread_of(tab, "Hello")
    status, answer = await tab.http(
        "PUT", "/project/thread", json={"threadId": thread_id, "name": "Greetings"}
    )
    assert (status, answer) == (200, {"success": True})
    assert await names(tab) == ["Greetings"]


async def test_a_thread_can_be_removed(open_tab: OpenTab) -> None:
    tab = await open_tab()
    thread_id = await thread_of(tab, "Hello")
    status, answer = await tab.http("DELETE", "/project/thread", json={"threadId": thread_id})
    assert (status, answer) == (200, {"success": True})
    assert await names(tab) == []
    await tab.until(lambda: not tab.shown.steps)


async def test_an_answer_can_be_judged_anew_and_no_more(
    open_tab: OpenTab, worker: Worker, resources: Resources
) -> None:
    tab = await open_tab()
    message_id = await tab.send("Hello")
    await tab.accepted(message_id)
    task = await worker.answer(message_id, "Hi.")
    for value, comment in ((1, None), (0, "Too short.")):
        feedback = {"forId": str(task.id), "value": value, "comment": comment}
        status, answer = await tab.http("PUT", "/feedback", json={"feedback": feedback})
        assert (status, answer) == (200, {"success": True, "feedbackId": str(task.id)})
    again = await open_tab(tab.session_id)
    assert again.shown.steps[str(task.id)]["feedback"]["comment"] == "Too short."
    status, _ = await tab.http("DELETE", "/feedback", json={"feedbackId": str(task.id)})
    assert status == 200
    async with resources.db.transaction() as session:
        assert (await session.scalars(select(Feedback))).all() == []


def requests(thread_id: str, task_id: str) -> list[tuple[str, str, Any]]:
    """Everything that the page can ask about one thread."""
    judgement = {"forId": task_id, "threadId": thread_id, "value": 1}
    return [
        ("GET", f"/project/thread/{thread_id}", None),
        ("PUT", "/project/thread", {"threadId": thread_id, "name": "Mine"}),
        ("DELETE", "/project/thread", {"threadId": thread_id}),
        ("PUT", "/feedback", {"feedback": judgement, "sessionId": str(uuid4())}),
        ("DELETE", "/feedback", {"feedbackId": task_id}),
        ("GET", f"/project/thread/{thread_id}/element/{task_id}", None),
        ("GET", f"/project/share/{thread_id}", None),
        ("PUT", "/project/thread/share", {"threadId": thread_id, "isShared": True}),
        ("PUT", "/project/element", {"element": {"type": "custom"}, "sessionId": str(uuid4())}),
        ("POST", "/project/action", {"action": {"name": "x"}, "sessionId": str(uuid4())}),
    ]


@pytest.mark.asvs("8.2.2")
async def test_another_users_things_are_not_found_and_stay_as_they_are(
    open_tab: OpenTab, worker: Worker, make_user: MakeUser, resources: Resources
) -> None:
    ada, bob = await open_tab(), await open_tab(of=await make_user("bob"))
    message_id = await ada.send("secret")
    await ada.accepted(message_id)
    task = await worker.answer(message_id, "Hush.")
    mine = {"forId": str(task.id), "value": 0}
    await ada.http("PUT", "/feedback", json={"feedback": mine})
    for method, path, body in requests(ada.session_id, str(task.id)):
        status, answer = await bob.http(method, path, json=body)
        assert status == 404, (method, path)
        assert "secret" not in str(answer)
    assert await names(bob) == []
    assert await names(bob, "secret") == []
    async with resources.db.transaction() as session:
        thread = await session.get_one(Thread, UUID(ada.session_id))
        (feedback,) = await session.scalars(select(Feedback))
    assert (thread.name, feedback.value) == ("secret", 0)


async def test_what_does_not_exist_is_not_found(open_tab: OpenTab) -> None:
    tab = await open_tab()
    for method, path, body in requests(str(uuid4()), str(uuid4())):
        status, _ = await tab.http(method, path, json=body)
        assert status == 404, (method, path)


async def test_nobody_is_asked_to_sign_in_first(web: Web) -> None:
    async with ChatClient(web.url) as stranger:
        for method, path, body in requests(str(uuid4()), str(uuid4())):
            status, _ = await stranger.http(method, path, json=body)
            assert status in (401, 404), (method, path)
        status, _ = await stranger.http(
            "POST", "/project/threads", json={"pagination": {"first": 20}, "filter": {}}
        )
        assert status == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/project/threads", {}),
        ("POST", "/project/threads", {"pagination": {"first": 0}, "filter": {}}),
        ("POST", "/project/threads", {"pagination": {"first": 5, "cursor": "x"}, "filter": {}}),
        ("PUT", "/project/thread", {"threadId": "x", "name": "y"}),
        ("PUT", "/project/thread", {"threadId": str(uuid4()), "name": "a\x00b"}),
        ("DELETE", "/project/thread", []),
        ("PUT", "/feedback", {"feedback": {"forId": str(uuid4()), "value": 7}}),
        ("GET", "/project/thread/nothing", None),
    ],
)
async def test_a_senseless_request_is_refused(
    open_tab: OpenTab, method: str, path: str, body: Any
) -> None:
    tab = await open_tab()
    status, answer = await tab.http(method, path, json=body)
    assert status == 422
    assert answer["error"]["code"] == "invalid"
