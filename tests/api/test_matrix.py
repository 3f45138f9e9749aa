"""Every route of the OpenAPI document: for its owner only, and for nobody without a session."""

import re
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.api.router import build_api
from app.core.resources import Resources
from tests.api.acting import Person, Web, Worker
from tests.api.test_notifications import told
from tests.files.keeping import bring
from tests.mcp_server.visiting import Program
from tests.users.grouping import make_group
from tests.users.linking import link_account

DOCUMENT = build_api().openapi()
EVERY_OPERATION = [
    (method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
FOR_VISITORS = {
    *("create_ticket", "begin_visit", "get_visit", "end_visit", "continue_visit"),
    *("list_page_calls", "claim_page_call", "end_page_call"),
}
"""How visitors of sites come in and go on, without an account: see `tests/sites`."""

OPERATIONS = [each for each in EVERY_OPERATION if each[2]["operationId"] not in FOR_VISITORS]
WEBHOOK = {"name": "secret", "url": "https://example.com/hook"}
SERVER = {"name": "secret", "url": "https://example.com/mcp"}
RULE = {"pattern": "git/*", "decision": "deny"}
MEMORY = {"text": "The secret is green"}
BODIES: dict[str, Any] = {
    "start_thread": {"text": "Hello"},
    "send_message": {"text": "Hello"},
    "edit_message": {"text": "Hello"},
    "rename_thread": {"name": "Mine"},
    "set_feedback": {"value": 1},
    "answer_question": {"outcome": "skip"},
    "start_task": {"text": "Hello"},
    "change_task": {"name": "Mine"},
    "mark_notifications_read": {},
    "mark_notifications_unread": {"ids": []},
    "put_notification_settings": {"channels": {}, "time_zone": "UTC"},
    "subscribe_to_push": {
        "endpoint": "https://example.org/a",
        "keys": {"p256dh": "a", "auth": "a"},
    },
    "test_notifications": {"channel": "email"},
    "create_webhook": WEBHOOK,
    "change_webhook": {"name": "Mine"},
    "create_mcp_server": SERVER,
    "test_new_mcp_server": SERVER,
    "change_mcp_server": {"description": "Mine"},
    "sign_in_to_mcp_server": {},
    "import_mcp_servers": {"file": {"mcpServers": {"secret": {"url": "https://example.com"}}}},
    "preview_mcp_import": {"file": {"mcpServers": {"secret": {"url": "https://example.com"}}}},
    "create_schedule": {"text": "Hello", "when": "every day at 8"},
    "preview_schedule": {"when": "every day at 8"},
    "change_schedule": {"name": "Mine"},
    "add_tool_rule": RULE,
    "create_api_key": {"name": "Mine", "scopes": ["tasks:read"]},
    "create_group": {"name": "Mine"},
    "create_site": {"name": "Mine", "origins": ["https://example.com"]},
    "sign_in_to_site": {"site_key": "kw_" + "x" * 22},
    "change_site": {"name": "Mine"},
    "change_role": {"role": "admin"},
    "invite_user": {"role": "admin"},
    "rename_group": {"name": "Mine"},
    "set_group_members": {"usernames": []},
    "add_memory": MEMORY,
    "change_memory": MEMORY,
}
OF_ADMINS = ("/api/v1/groups", "/api/v1/users", "/api/v1/sites")
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]


@pytest.mark.asvs("8.2.1", "8.3.1")
async def test_without_a_session_there_is_nothing(web: Web) -> None:
    async with httpx.AsyncClient(base_url=web.url) as http:
        for method, path, operation in OPERATIONS:
            body = BODIES.get(operation["operationId"])
            answer = await http.request(method, re.sub(r"{\w+}", str(uuid4()), path), json=body)
            assert answer.status_code == 401, (method, path)
            assert answer.json()["error"]["code"] == "unauthenticated"
            assert answer.headers["www-authenticate"]


@pytest.mark.asvs("8.2.2")
async def test_what_is_another_users_does_not_exist(
    ada: Person, bob: Person, worker: Worker, resources: Resources
) -> None:
    said = await ada.say("A secret")
    await worker.ask(await worker.claim(said["task_id"]))
    (question,) = await ada.done("GET", "/questions")
    schedule = await ada.done("POST", "/schedules", BODIES["create_schedule"])
    before = await ada.done("GET", f"/threads/{said['thread_id']}")
    said |= await told(resources, ada)
    said["webhook_id"] = (await ada.done("POST", "/webhooks", WEBHOOK))["id"]
    said["server_id"] = (await ada.done("POST", "/mcp/servers", SERVER))["id"]
    said["memory_id"] = (await ada.done("POST", "/memories", MEMORY))["id"]
    async with Program(str(ada.http.base_url).rstrip("/")) as program:
        await program.register()
        await program.come_in(ada)
    said["app_id"] = (await ada.done("GET", "/connected-apps"))[0]["id"]
    said["session_id"] = (await ada.done("GET", "/sessions"))[0]["id"]
    said["account_id"] = await link_account(resources, ada.user_id)
    said["group_id"] = await make_group(resources, "secret")
    said["user_id"] = ada.user_id
    said["site_id"] = str(uuid4())
    new_key = {"name": "secret", "scopes": ["tasks:read"]}
    said["key_id"] = (await ada.done("POST", "/api-keys", new_key))["id"]
    said["rule_id"] = (await ada.done("POST", "/mcp/rules", RULE))["id"]
    task_id = UUID(said["task_id"])
    said["file_id"] = await bring(resources, ada.user_id, task_id, b"secret", name="secret")
    ids = {**said, "question_id": question["id"], "schedule_id": schedule["id"]}
    for method, path, operation in OPERATIONS:
        if "{" not in path:
            continue
        own_path = path.removeprefix("/api/v1").format(**ids)
        status, error = await bob.refused(method, own_path, BODIES.get(operation["operationId"]))
        if path.startswith(OF_ADMINS):  # an admin's, and nobody's own
            assert status == 403, (method, path)
            continue
        assert (status, error["code"]) == (404, "not_found"), (method, path)
        assert "secret" not in str(error)
        assert await ada.done("GET", f"/threads/{said['thread_id']}") == before, (method, path)
    assert (await ada.done("GET", f"/mcp/servers/{said['server_id']}"))["description"] == ""


@pytest.mark.asvs("8.4.1")
async def test_lists_hold_nothing_of_another_user(ada: Person, bob: Person, worker: Worker) -> None:
    said = await ada.say("A secret")
    await worker.ask(await worker.claim(said["task_id"]))
    await ada.done("POST", "/mcp/servers", SERVER)
    assert (await bob.done("GET", "/mcp/servers"))["items"] == []
    assert (await bob.done("GET", "/mcp/executions"))["items"] == []
    assert (await bob.done("GET", "/threads"))["items"] == []
    assert (await bob.done("GET", "/threads?search=secret"))["items"] == []
    assert await bob.done("GET", "/questions") == []
    await ada.done("POST", "/memories", MEMORY)
    assert (await bob.done("GET", "/memories"))["items"] == []
    assert (await bob.done("GET", "/memories?search=secret"))["items"] == []
    assert await bob.done("GET", "/memories/recall?question=secret") == []
    assert await bob.done("GET", "/connected-apps") == []
    assert (await bob.done("GET", "/linked-accounts"))["accounts"] == []
    assert (await bob.done("GET", "/files"))["items"] == []


@pytest.mark.asvs("8.4.1")
async def test_a_message_cannot_be_put_into_another_users_conversation(
    ada: Person, bob: Person
) -> None:
    said = await ada.say("A secret")
    stolen = {"text": "Hello", "thread_id": said["thread_id"]}
    assert (await bob.refused("POST", "/messages", stolen))[0] == 404
    taken = {"text": "Hello", "message_id": said["message_id"]}
    assert (await bob.refused("POST", "/messages", taken))[0] == 404
    thread = await ada.done("GET", f"/threads/{said['thread_id']}")
    assert [m["text"] for m in thread["messages"]] == ["A secret"]


async def test_the_document_is_public_and_complete(web: Web) -> None:
    async with httpx.AsyncClient(base_url=web.url) as http:
        document = (await http.get("/api/openapi.json")).json()
    assert document == DOCUMENT
    assert document["openapi"].startswith("3.1")
    assert set(document["components"]["securitySchemes"]) == {
        "session_over_https",
        "session_over_http",
        "api_key",
        "site_secret",
    }
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_every_operation_is_described(method: str, path: str, operation: Any) -> None:
    assert path.startswith("/api/v1/")
    assert operation["tags"]
    assert operation["description"]
    assert {list(one)[0] for one in operation["security"]} == {
        "session_over_https",
        "session_over_http",
        "api_key",
    }
    wanted = {"401", "403", "422", "429", "500", "503"} | ({"404"} if "{" in path else set())
    assert wanted <= set(operation["responses"])
    for status, response in operation["responses"].items():
        if status == "204":
            continue
        (content,) = response["content"].values()
        assert content["schema"], status
    if "requestBody" in operation:
        name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = DOCUMENT["components"]["schemas"][name.rpartition("/")[2]]
        assert schema["additionalProperties"] is False
