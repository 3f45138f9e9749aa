"""What a program may do inside: its user's own rows, within the leave it was given."""

import base64
from typing import Any

import httpx
import jsonschema
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from sqlalchemy import update

from app.core.clock import new_id
from app.core.resources import Resources
from app.mcp_server.offered import LONGEST_PART
from app.mcp_server.server import OFFERED
from app.oauth.models import Scope
from app.tasks.rest import note_progress
from app.users.models import Role, User
from tests.api.acting import Person, Web, Worker
from tests.files.keeping import PNG, bring, make_task
from tests.mcp_server.visiting import Program

NOBODYS = str(new_id())


async def tools_of(program: Program) -> dict[str, Any]:
    answer = await program.request("tools/list")
    return {tool["name"]: tool for tool in answer.json()["result"]["tools"]}


async def test_tools_say_what_they_do_to_things(guest: Program) -> None:
    tools = await tools_of(guest)
    assert tools.keys() == OFFERED.keys()
    for name, tool in tools.items():
        notes = tool["annotations"]
        assert notes["readOnlyHint"] is (OFFERED[name].scope is Scope.READ)
        assert notes.get("destructiveHint", False) is (name in ("cancel_task", "forget_memory"))
        assert tool["title"] and tool["description"]
        assert notes["openWorldHint"] is (tool["name"] == "start_task")
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            jsonschema.Draft202012Validator.check_schema(schema)
        assert tool["inputSchema"]["additionalProperties"] is False


async def test_a_task_is_started_followed_and_its_answer_read(
    guest: Program, ada: Person, worker: Worker
) -> None:
    started = await guest.call("start_task", text="What is 6 * 7?", name="Sums", key="one")
    again = await guest.call("start_task", text="What is 6 * 7?", name="Sums", key="one")
    assert again["id"] == started["id"]
    assert (await guest.call("get_task", task_id=started["id"]))["answer"] is None
    task = await worker.claim(started["id"])
    listed = await guest.call("list_tasks", state="running")
    assert [each["id"] for each in listed["tasks"]] == [started["id"]]
    await worker.say(task, "x" * LONGEST_PART + "It is 42.")
    await worker.end(task)
    first = await guest.call("get_task", task_id=started["id"])
    assert (first["status"], first["next_offset"]) == ("completed", LONGEST_PART)
    rest = await guest.call("get_task", task_id=started["id"], offset=first["next_offset"])
    assert (rest["answer"], rest["next_offset"]) == ("It is 42.", None)
    assert first["url"] == f"{guest.url}/thread/{task.thread_id}"


async def test_one_may_wait_for_a_task_and_is_told_how_far_it_is(
    guest: Program, ada: Person, worker: Worker, resources: Resources
) -> None:
    started = await guest.call("start_task", text="What is 6 * 7?")
    task = await worker.claim(started["id"])
    async with resources.db.transaction() as session:
        await note_progress(session, task, progress=40, step="Multiplying")
    told: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))
        if len(told) == 1:
            await worker.say(task, "It is 42.")
            await worker.end(task)

    headers = {"Authorization": f"Bearer {guest.tokens['access_token']}"}
    async with (
        httpx.AsyncClient(headers=headers, timeout=20) as http,
        streamable_http_client(f"{guest.url}/mcp", http_client=http) as (reading, writing, _),
        ClientSession(reading, writing) as client,
    ):
        await client.initialize()
        result = await client.call_tool(
            "get_task", {"task_id": started["id"], "wait_seconds": 50}, progress_callback=hear
        )
    assert told[0] == (40, "Multiplying")
    assert result.structuredContent is not None
    assert (result.structuredContent["status"], result.structuredContent["answer"]) == (
        "completed",
        "It is 42.",
    )


async def test_waiting_ends_when_the_task_needs_its_user(
    guest: Program, ada: Person, worker: Worker
) -> None:
    said = await ada.say("What is 6 * 7?")
    await worker.ask(await worker.claim(said["task_id"]))
    waited = await guest.call("get_task", task_id=said["task_id"], wait_seconds=50)
    assert waited["status"] == "waiting"


async def test_a_task_is_cancelled(guest: Program, ada: Person) -> None:
    said = await ada.say("What is 6 * 7?")
    assert (await guest.call("cancel_task", task_id=said["task_id"]))["status"] == "cancelled"
    assert (await ada.done("GET", f"/tasks/{said['task_id']}"))["status"] == "cancelled"


async def test_what_was_said_is_found_and_read(guest: Program, ada: Person, worker: Worker) -> None:
    said = await ada.say("Where does the crane breed?")
    task = await worker.claim(said["task_id"])
    await worker.say(task, "In moors, far from people.")
    await worker.end(task)
    found = await guest.call("search", query="moor")
    (hit,) = found["results"]
    assert (hit["id"], hit["by"]) == (said["thread_id"], "assistant")
    assert "**moors**, far from people" in hit["text"] and found["next_cursor"] is None
    document = await guest.call("fetch", id=hit["id"])
    assert "Where does the crane breed?" in document["text"]
    assert document["text"].endswith("In moors, far from people.")


async def test_lists_go_on_where_the_page_before_ended(guest: Program, ada: Person) -> None:
    for number in range(3):
        await ada.say(f"Tell me about storks, part {number}")
        await guest.call("remember", text=f"Stork number {number}.")
    for tool, name, more in (
        ("search", "results", {"query": "storks"}),
        ("list_memories", "memories", {}),
        ("list_tasks", "tasks", {}),
    ):
        first = await guest.call(tool, limit=2, **more)
        second = await guest.call(tool, limit=2, cursor=first["next_cursor"], **more)
        assert len({str(each) for each in first[name] + second[name]}) == 3, tool
        assert second["next_cursor"] is None


async def test_what_is_remembered_is_recalled_seen_and_forgotten(
    guest: Program, ada: Person
) -> None:
    kept = await guest.call("remember", text="Ada isst am liebsten Äpfel.")
    assert (kept["source"], kept["source_name"]) == ("app", "Other")
    (found,) = (await guest.call("recall_memories", query="Welchen Apfel isst sie?"))["memories"]
    assert found == kept
    (seen,) = (await ada.done("GET", "/memories"))["items"]
    assert (seen["id"], seen["text"]) == (kept["id"], kept["text"])
    await guest.call("forget_memory", memory_id=kept["id"])
    assert (await guest.call("list_memories"))["memories"] == []


async def test_files_are_listed_and_read(guest: Program, ada: Person, resources: Resources) -> None:
    task_id = await make_task(resources, ada.user_id)
    text = await bring(resources, ada.user_id, task_id, b"a,b\n1,2\n", name="sums.csv")
    image = await bring(resources, ada.user_id, task_id, PNG, name="dot.png", kind="image/png")
    other = await bring(resources, ada.user_id, task_id, b"PK", kind="application/zip")
    listed = await guest.call("list_files", task_id=str(task_id))
    assert {each["id"] for each in listed["files"]} == {str(text), str(image), str(other)}
    assert (await guest.call("read_file", file_id=str(text)))["text"] == "a,b\n1,2\n"
    shown = await guest.try_call("read_file", file_id=str(image))
    assert base64.b64decode(shown["content"][1]["data"]) == PNG
    assert (await guest.try_call("read_file", file_id=str(other)))["isError"]


@pytest.mark.asvs("10.3.3")
async def test_what_is_another_users_is_not_there(
    program: Program, ada: Person, bob: Person, resources: Resources
) -> None:
    said = await ada.say("A secret")
    memory = await ada.done("POST", "/memories", {"text": "A secret"})
    task_id = await make_task(resources, ada.user_id)
    file_id = str(await bring(resources, ada.user_id, task_id, b"A secret"))
    await program.come_in(bob)
    own = {
        "get_task": {"task_id": said["task_id"]},
        "cancel_task": {"task_id": said["task_id"]},
        "fetch": {"id": said["thread_id"]},
        "forget_memory": {"memory_id": memory["id"]},
        "read_file": {"file_id": file_id},
    }
    for tool, arguments in own.items():
        found = await program.try_call(tool, **arguments)
        unknown = await program.try_call(tool, **dict.fromkeys(arguments, NOBODYS))
        assert found["isError"] and found == unknown, tool
    for tool, more in (
        ("list_tasks", {}), ("search", {"query": "secret"}), ("list_memories", {}),
        ("recall_memories", {"query": "secret"}), ("list_files", {"task_id": str(task_id)}),
    ):  # fmt: skip
        assert "secret" not in str(await program.call(tool, **more)), tool
    assert (await ada.done("GET", f"/tasks/{said['task_id']}"))["status"] == "queued"


@pytest.mark.asvs("10.3.2")
async def test_who_may_read_neither_sees_nor_calls_what_writes(
    program: Program, ada: Person
) -> None:
    for way in ({"scope": "read"}, {"scope": None}, {"write": ""}):
        await program.come_in(ada, **way)
        assert program.tokens["scope"] == "read"
        names = (await tools_of(program)).keys()
        assert names == {name for name, tool in OFFERED.items() if tool.scope is Scope.READ}
        for name in OFFERED.keys() - names:
            answer = await program.request("tools/call", name=name, arguments={})
            assert answer.status_code == 403
            challenge = answer.headers["www-authenticate"]
            assert 'error="insufficient_scope"' in challenge and 'scope="read write"' in challenge
            assert "/.well-known/oauth-protected-resource/mcp" in challenge


@pytest.mark.asvs("8.3.2")
async def test_what_was_granted_counts_no_more_once_the_user_only_reads(
    guest: Program, resources: Resources
) -> None:
    async with resources.db.transaction() as session:
        await session.execute(update(User).values(role=Role.VIEWER))
    names = (await tools_of(guest)).keys()
    assert names == {name for name, tool in OFFERED.items() if tool.scope is Scope.READ}
    for name in OFFERED.keys() - names:
        answer = await guest.request("tools/call", name=name, arguments={})
        assert answer.status_code == 403, name


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("get_task", {"task_id": NOBODYS}, "Diese Aufgabe gibt es nicht."),
        ("forget_memory", {"memory_id": NOBODYS}, "Diese Erinnerung gibt es nicht."),
        ("start_task", {"text": " "}, "Die Nachricht ist leer."),
        ("list_tasks", {"cursor": "x"}, "Das ist kein"),
        ("list_tasks", {"limit": 51}, "limit: "),
        ("list_tasks", {"more": 1}, "more: "),
        ("search", {}, "query: "),
        ("search", {"query": "\0"}, "query: "),
    ],
)
async def test_what_is_wrong_is_a_sentence_in_the_callers_language(
    guest: Program, tool: str, arguments: dict[str, Any], sentence: str
) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments}}  # fmt: skip
    answer = await guest.post(body, **{"Accept-Language": "de"})
    result = answer.json()["result"]
    assert result["isError"] and result["content"][0]["text"].startswith(sentence), result


async def test_a_tool_that_nobody_offers_is_an_error_of_the_protocol(guest: Program) -> None:
    answer = await guest.request("tools/call", name="fly", arguments={})
    assert answer.json()["error"]["code"] == -32602


async def test_what_is_no_message_is_refused_and_harms_nobody(guest: Program) -> None:
    token = {"Authorization": f"Bearer {guest.tokens['access_token']}"}
    told = {**token, "Content-Type": "application/json", "Accept": "application/json"}
    for body in (
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"method": "tools/call"}',
        b"[" * 100_000,
        b"\xff",
        b'"\\ud800"',
    ):
        answer = await guest.http.post("/mcp", content=body, headers=told)
        assert answer.status_code == 400, body[:20]
    large = await guest.http.post("/mcp", content=b"x" * 1_000_001, headers=told)
    assert large.status_code == 413
    for method in ("GET", "DELETE", "PUT"):
        answer = await guest.http.request(method, "/mcp", headers=told)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await guest.request("ping")).json()["result"] == {}


@pytest.mark.asvs("10.4.9")
async def test_whoever_ended_a_program_is_rid_of_it_at_once(
    guest: Program, ada: Person, web: Web
) -> None:
    (app,) = await ada.done("GET", "/connected-apps")
    assert (app["name"], app["host"], app["scopes"]) == ("Other", "127.0.0.1", ["read", "write"])
    await ada.done("DELETE", f"/connected-apps/{app['id']}")
    assert (await guest.request("ping")).status_code == 401
    assert (await guest.refresh()).json()["error"] == "invalid_grant"
    assert await ada.done("GET", "/connected-apps") == []
    assert (await ada.refused("DELETE", f"/connected-apps/{app['id']}"))[0] == 404
    async with httpx.AsyncClient(base_url=web.url) as http:
        assert (await http.get("/api/v1/connected-apps")).status_code == 401
