"""Servers of tools over REST: registered, looked at, changed, tried, imported, exported."""

import asyncio
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from app.core.clock import new_id, now
from app.core.redis import server_health_key
from app.core.resources import Resources
from app.core.settings import Settings, python
from app.mcp.models import ExecutionStatus, ServerState, ToolExecution
from app.mcp.sayings import MOST_LINES, Sayings
from app.mcp.specs import note_state
from tests.api.acting import Person
from tests.consumers.acting import rows

ADDRESS = {
    "name": "tracker",
    "url": "https://example.com/mcp",
    "headers": {"Authorization": "Bearer hunter2"},
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"mcp_commands": [python()]})


@pytest.fixture
async def admin(bob: Person, resources: Resources) -> Person:
    async with resources.db.transaction() as session:
        await session.execute(text("update users set role = 'admin' where username = 'bob'"))
    return bob


async def called(resources: Resources, person: Person, server_id: str, *took: int | None) -> None:
    """Write calls at a server as a worker does; None is one that failed."""
    said = await person.say()
    async with resources.db.transaction() as session:
        for milliseconds in took:
            session.add(
                ToolExecution(
                    user_id=person.user_id,
                    task_id=UUID(said["task_id"]),
                    tool_call_id=str(new_id()),
                    server="tracker",
                    server_id=UUID(server_id),
                    tool="search",
                    arguments={"q": "a secret"},
                    read_only=True,
                    status=ExecutionStatus.FAILED if milliseconds is None else "completed",
                    output="x" * 5000,
                    completed_at=now(),
                    milliseconds=milliseconds,
                    fence=1,
                )
            )


async def test_a_server_is_registered_looked_at_changed_and_removed(
    ada: Person, resources: Resources
) -> None:
    made = await ada.done("POST", "/mcp/servers", ADDRESS)
    path = f"/mcp/servers/{made['id']}"
    assert (made["headers"], made["state"]) == ({"Authorization": "set"}, "unknown")
    changed = await ada.done(
        "PATCH",
        path,
        {"headers": {"Authorization": None, "X-Key": "hunter3"}, "description": "Ours"},
    )
    assert (changed["headers"], changed["description"]) == ({"X-Key": "set"}, "Ours")
    assert (await ada.done("POST", f"{path}/disable"))["enabled"] is False
    assert (await ada.done("POST", f"{path}/enable"))["enabled"] is True
    answer = await ada.ask("GET", "/mcp/servers")
    assert "hunter" not in answer.text
    assert [one["id"] for one in answer.json()["data"]["items"]] == [made["id"]]
    assert await ada.done("DELETE", path) == {"removed": True}
    assert (await ada.refused("GET", path))[0] == 404
    assert await rows(resources, "select count(*) from mcp_servers") == [0]


async def test_workers_are_told_of_a_change_once_it_stands(
    ada: Person, resources: Resources
) -> None:
    async with resources.redis.pubsub(ignore_subscribe_messages=True) as hints:
        await hints.subscribe("hints")
        made = await ada.done("POST", "/mcp/servers", ADDRESS)
        async with asyncio.timeout(20):
            while (heard := await hints.get_message(timeout=1)) is None:
                continue
    assert heard["data"].decode() == f"mcp:{made['id']}"


@pytest.mark.asvs("8.2.3", "15.3.1")
async def test_a_shared_server_is_seen_by_all_and_told_in_full_to_admins_alone(
    ada: Person, admin: Person
) -> None:
    status, error = await ada.refused("POST", "/mcp/servers", {**ADDRESS, "shared": True})
    assert (status, error["code"]) == (403, "forbidden")
    made = await admin.done("POST", "/mcp/servers", {**ADDRESS, "shared": True})
    path = f"/mcp/servers/{made['id']}"
    assert (made["may_change"], made["url"]) == (True, ADDRESS["url"])
    seen = await ada.done("GET", path)
    assert (seen["shared"], seen["may_change"]) == (True, False)
    assert (seen["url"], seen["command"], seen["headers"]) == (None, None, {})
    for method, more, body in (
        ("PATCH", "", {"description": "mine"}), ("DELETE", "", None), ("POST", "/enable", None),
        ("POST", "/disable", None), ("POST", "/test", None), ("POST", "/reset", None),
    ):  # fmt: skip
        assert (await ada.refused(method, path + more, body))[0] == 403


async def test_a_breaker_is_seen_and_reset(ada: Person, resources: Resources) -> None:
    made = await ada.done("POST", "/mcp/servers", ADDRESS)
    assert made["health"] is None
    word = {"breaker": "open", "failures": 5, "again_in_seconds": 42, "at": now(), "tools": 3}
    await resources.redis.set(server_health_key(made["id"]), orjson.dumps(word))
    seen = await ada.done("GET", f"/mcp/servers/{made['id']}")
    assert (seen["health"]["breaker"], seen["health"]["again_in_seconds"]) == ("open", 42)
    async with resources.redis.pubsub(ignore_subscribe_messages=True) as hints:
        await hints.subscribe("hints")
        await ada.done("POST", f"/mcp/servers/{made['id']}/reset")
        async with asyncio.timeout(20):
            while (heard := await hints.get_message(timeout=1)) is None:
                continue
    assert heard["data"].decode() == f"mcp-reset:{made['id']}"


async def test_pages_follow_one_another(ada: Person) -> None:
    names = ["one", "two", "three"]
    for name in names:
        await ada.done("POST", "/mcp/servers", {**ADDRESS, "name": name})
    first = await ada.done("GET", "/mcp/servers?limit=2")
    rest = await ada.done("GET", f"/mcp/servers?limit=2&after={first['next_cursor']}")
    assert [one["name"] for one in first["items"] + rest["items"]] == names[::-1]
    assert rest["next_cursor"] is None


async def test_calls_are_counted_for_who_made_them_and_all_of_a_shared_one_for_admins(
    ada: Person, admin: Person, resources: Resources
) -> None:
    made = await admin.done("POST", "/mcp/servers", {**ADDRESS, "shared": True})
    path = f"/mcp/servers/{made['id']}"
    await called(resources, ada, made["id"], 10, 20, 30, None)
    await called(resources, admin, made["id"], 1000)
    await rows(
        resources,
        "update tool_executions set created_at = now() - interval '8 days'"
        " where milliseconds = 30 returning 1",
    )
    numbers = (await ada.done("GET", path))["numbers"]
    assert numbers == {
        "calls": 3, "errors": 1, "mean_milliseconds": 15, "p95_milliseconds": 20,
    }  # fmt: skip
    assert (await admin.done("GET", path))["numbers"]["calls"] == 4


async def test_executions_are_ones_own_and_can_be_narrowed(
    ada: Person, bob: Person, resources: Resources
) -> None:
    made = await ada.done("POST", "/mcp/servers", ADDRESS)
    await called(resources, ada, made["id"], 10, None)
    await called(resources, bob, made["id"], 10)
    page = await ada.done("GET", "/mcp/executions")
    assert len(page["items"]) == 2
    assert all(len(one["output"]) == 1000 for one in page["items"])
    for narrow, count in (
        ("status=failed", 1), ("tool=search", 2), ("tool=other", 0),
        (f"server_id={made['id']}", 2), (f"server_id={new_id()}", 0), ("limit=1", 1),
    ):  # fmt: skip
        found = await ada.done("GET", f"/mcp/executions?{narrow}")
        assert len(found["items"]) == count, narrow
    first = await ada.done("GET", "/mcp/executions?limit=1")
    second = await ada.done("GET", f"/mcp/executions?limit=1&after={first['next_cursor']}")
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [o["id"] for o in page["items"]]


async def test_what_a_server_offers_is_told_with_its_input_and_what_becomes_of_a_call(
    ada: Person, bob: Person, resources: Resources
) -> None:
    made = await ada.done("POST", "/mcp/servers", ADDRESS)
    path = f"/mcp/servers/{made['id']}/tools"
    schema = {"type": "object", "properties": {"q": {"type": "string"}}}
    tools = [
        {"name": "search", "inputSchema": schema, "annotations": {"readOnlyHint": True}},
        {"name": "write", "description": "Writes.", "inputSchema": {"type": "object"}},
        {"name": "drop", "inputSchema": {"type": "object"}},
    ]
    async with resources.db.transaction() as session:
        await note_state(session, UUID(made["id"]), ServerState.CONNECTED, "", tools=tools)
    await ada.done("POST", "/mcp/rules", {"pattern": "*/drop", "decision": "deny"})
    found = await ada.done("GET", path)
    assert [(one["name"], one["decision"]) for one in found] == [
        ("search", "allow"), ("write", "ask"), ("drop", "deny"),
    ]  # fmt: skip
    assert found[0]["input_schema"] == schema
    assert (await bob.refused("GET", path))[0] == 404


async def test_what_a_server_wrote_into_its_log_is_for_those_who_may_change_it(
    ada: Person, admin: Person, resources: Resources
) -> None:
    own = await ada.done("POST", "/mcp/servers", ADDRESS)
    shared = await admin.done(
        "POST", "/mcp/servers", {**ADDRESS, "name": "everybody", "shared": True}
    )
    sayings = Sayings(resources.redis)
    for id in (own["id"], shared["id"]):
        for number in range(MOST_LINES + 5):
            sayings.hear(UUID(id), "info", f"line {number}")
    await sayings.write()
    lines = await ada.done("GET", f"/mcp/servers/{own['id']}/log")
    assert len(lines) == MOST_LINES
    assert (lines[0]["text"], lines[0]["level"]) == (f"line {MOST_LINES + 4}", "info")
    assert (await ada.refused("GET", f"/mcp/servers/{shared['id']}/log"))[0] == 403
    assert (await admin.refused("GET", f"/mcp/servers/{own['id']}/log"))[0] == 404
    assert len(await admin.done("GET", f"/mcp/servers/{shared['id']}/log")) == MOST_LINES


FILE: dict[str, Any] = {
    "mcpServers": {
        "fake": {"command": python(), "args": ["-m", "x", "${FOLDER}"], "env": {"TOKEN": "${KEY}"}},
        "tracker": {"type": "sse", "url": "https://example.com/sse", "headers": {"X-Key": "${KEY}"},
                    "timeout": 60, "description": "Ours", "disabled": True},
    }
}  # fmt: skip
VALUES = {"FOLDER": "/srv", "KEY": "hunter2"}


async def test_a_file_is_imported_once_its_values_are_known(ada: Person) -> None:
    asked = await ada.done("POST", "/mcp/import", {"file": FILE})
    assert (asked["servers"], asked["missing_values"]) == ([], ["FOLDER", "KEY"])
    done = await ada.done("POST", "/mcp/import", {"file": FILE, "values": VALUES})
    fake, tracker = done["servers"]
    assert (fake["args"][-1], fake["env"], fake["enabled"]) == ("/srv", {"TOKEN": "set"}, True)
    assert (tracker["transport"], tracker["timeout_seconds"]) == ("sse", 60)
    assert tracker["enabled"] is False
    again = await ada.done("POST", "/mcp/import", {"file": FILE, "values": VALUES})
    assert (again["servers"], again["existing"]) == ([], ["fake", "tracker"])


async def test_a_preview_says_what_an_import_would_add_and_what_not_and_why(
    ada: Person, bob: Person
) -> None:
    await ada.done("POST", "/mcp/servers", {**ADDRESS, "name": "known"})
    file = {
        "inputs": [],
        "mcpServers": {
            **FILE["mcpServers"],
            "known": {"url": "https://example.com/"},
            "inside": {"url": "http://10.0.0.1/"},
            "unread": {"command": python(), "args": [1]},
            "friendly": {"command": python(), "autoApprove": ["*"], "cwd": "/"},
            "keiko": {"command": python()},
            "no": "server",
        },
    }
    found = await ada.done("POST", "/mcp/import/preview", {"file": file})
    assert [one["name"] for one in found] == list(file["mcpServers"])
    seen = {one["name"]: one for one in found}
    assert seen["fake"]["wants"] == ["FOLDER", "KEY"] and seen["fake"]["problem"] is None
    assert seen["fake"]["reached_by"].endswith("-m x '${FOLDER}'")
    assert seen["tracker"]["disabled"] is True
    assert seen["friendly"]["problem"] is None
    assert seen["friendly"]["unknown"] == ["autoApprove", "cwd"]
    problems = {name: one["problem"] for name, one in seen.items() if one["problem"]}
    assert list(problems) == ["known", "inside", "unread", "keiko", "no"]
    assert problems["known"] == "There is a server named “known” already."
    assert "args.0" in problems["unread"]
    filled = await ada.done("POST", "/mcp/import/preview", {"file": file, "values": VALUES})
    assert {one["name"] for one in filled if one["wants"]} == set()
    others = await bob.done("POST", "/mcp/import/preview", {"file": file}, accept_language="de")
    assert others[2]["problem"] is None
    assert others[4]["problem"].startswith("Was die Datei von ihm sagt, passt bei „args.0“ nicht")
    assert [one["name"] for one in (await ada.done("GET", "/mcp/servers"))["items"]] == ["known"]
    others_form: list[dict[str, Any]] = [{}, {"mcpServers": []}, {"servers": {"a": {}}}]
    for nothing in others_form:
        status, _ = await ada.refused("POST", "/mcp/import/preview", {"file": nothing})
        assert status == 422


async def test_an_export_is_an_import_without_the_secrets(ada: Person, bob: Person) -> None:
    await ada.done("POST", "/mcp/import", {"file": FILE, "values": VALUES})
    answer = await ada.ask("GET", "/mcp/export")
    assert "hunter2" not in answer.text
    file = answer.json()["data"]
    assert file["mcpServers"]["fake"]["env"] == {"TOKEN": "${FAKE_TOKEN}"}
    values = {"FAKE_TOKEN": "hunter3", "TRACKER_X_KEY": "hunter4"}
    assert await bob.done("GET", "/mcp/export") == {"mcpServers": {}}
    asked = await bob.done("POST", "/mcp/import", {"file": file})
    assert asked["missing_values"] == list(values)
    await bob.done("POST", "/mcp/import", {"file": file, "values": values})
    assert await bob.done("GET", "/mcp/export") == file


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("mcpServers.wrong.command", {"command": "sh"}),
        ("mcpServers.wrong.url", {"url": "http://10.0.0.1/"}),
        ("mcpServers.wrong.url", {}),
        ("mcpServers.wrong.autoApprove", {"command": python(), "autoApprove": []}),
        ("mcpServers.wrong.type", {"type": "carrier-pigeon", "url": "https://example.com"}),
        ("mcpServers.wrong.args.0", {"command": python(), "args": [1]}),
    ],
)
async def test_a_file_with_one_error_imports_nothing_and_names_server_and_field(
    ada: Person, field: str, entry: dict[str, object]
) -> None:
    file = {"mcpServers": {"right": {"url": "https://example.com/"}, "wrong": entry}}
    status, error = await ada.refused("POST", "/mcp/import", {"file": file})
    assert (status, error["field"]) == (422, field)
    assert (await ada.done("GET", "/mcp/servers"))["items"] == []


async def test_only_an_admin_imports_for_everybody(ada: Person, admin: Person) -> None:
    body = {"file": FILE, "values": VALUES, "shared": True}
    assert (await ada.refused("POST", "/mcp/import", body))[0] == 403
    done = await admin.done("POST", "/mcp/import", body)
    assert {one["shared"] for one in done["servers"]} == {True}
    assert set((await admin.done("GET", "/mcp/export"))["mcpServers"]) == {"fake", "tracker"}
    assert await ada.done("GET", "/mcp/export") == {"mcpServers": {}}


async def test_the_catalogue_speaks_the_readers_language_and_says_what_is_allowed(
    ada: Person, resources: Resources
) -> None:
    resources.settings.mcp_commands.append("uvx mcp-server-time")
    german = await ada.done("GET", "/mcp/catalogue", accept_language="de")
    assert "Uhrzeit" in german[0]["does"]
    english = {one["name"]: one for one in await ada.done("GET", "/mcp/catalogue")}
    assert {name for name, one in english.items() if one["allowed"]} == {"time"}
    for one in english.values():
        whole = orjson.dumps([one["args"], one["env"]]).decode()
        assert all(f"${{{name}}}" in whole for name in one["asks"])
        assert whole.count("${") == len(one["asks"])
