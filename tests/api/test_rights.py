"""Every route of the OpenAPI document, by role: who may use it, and what the others are told."""

import re
from uuid import uuid4

import pytest
from fastapi import APIRouter

from app.api import me
from app.api.router import build_api
from app.core.resources import Resources
from app.users.models import Role
from app.users.permissions import NOT_ALLOWED, READ_ONLY
from tests.api.acting import Person, Web, sign_in
from tests.api.test_matrix import OPERATIONS


def words(text: str) -> list[str]:
    """The names in a text."""
    return text.split()


FOR_ALL = words("""
get_me sign_in_to_site list_models list_threads get_thread list_tasks get_task get_task_result
list_task_changes
list_files get_file list_schedules get_schedule list_schedule_runs follow_task list_events
follow_events list_questions list_tool_rules get_notification_settings put_notification_settings
get_push subscribe_to_push unsubscribe_from_push test_notifications get_delivery
list_notifications count_unread_notifications mark_notifications_unread mark_notifications_read
mark_notification_read delete_notification list_webhooks get_webhook list_webhook_deliveries
list_mcp_servers get_mcp_server export_mcp_servers list_well_known_mcp_servers
list_mcp_server_tools read_mcp_server_log list_mcp_executions list_memories recall_memories
get_memory list_connected_apps end_connected_app list_mcp_prompts list_mcp_resources
list_sessions end_session end_other_sessions
list_linked_accounts unlink_account
list_own_audit list_api_keys create_api_key revoke_api_key
""")
FOR_ALL_BUT_VIEWERS = words("""
start_thread send_message edit_message rename_thread delete_thread stop_thread start_task
change_task move_task_to_background bring_task_to_front pause_task resume_task run_task_again
stop_task retry_task withdraw_task set_feedback delete_feedback create_schedule preview_schedule
change_schedule delete_schedule restore_schedule pause_schedule resume_schedule run_schedule
answer_question add_tool_rule remove_tool_rule create_webhook change_webhook delete_webhook
rotate_webhook_secret test_webhook redeliver_webhook create_mcp_server test_new_mcp_server
change_mcp_server delete_mcp_server enable_mcp_server disable_mcp_server reset_mcp_server
test_mcp_server import_mcp_servers preview_mcp_import add_memory change_memory forget_memory
sign_in_to_mcp_server sign_out_of_mcp_server
""")
FOR_WHO_WATCHES = ["count_events"]
FOR_ADMINS = words("""
list_users get_user invite_user change_role disable_user enable_user end_sessions_of_user
search_audit verify_audit export_audit get_audit_seal
list_sites create_site get_site change_site revoke_site renew_site_secret
list_groups create_group get_group rename_group delete_group set_group_members
""")

WRITERS = frozenset(Role) - {Role.VIEWER}
ALLOWED: dict[str, frozenset[Role]] = {
    **dict.fromkeys(FOR_ALL, frozenset(Role)),
    **dict.fromkeys(FOR_ALL_BUT_VIEWERS, WRITERS),
    **dict.fromkeys(FOR_WHO_WATCHES, frozenset(Role) - {Role.USER}),
    **dict.fromkeys(FOR_ADMINS, frozenset({Role.ADMIN})),
}
"""Said here once more, by hand: what the product's own table says must agree with it."""


def test_every_route_says_here_who_may_use_it() -> None:
    assert {operation["operationId"] for _, _, operation in OPERATIONS} == set(ALLOWED)


@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("role", Role)
async def test_a_role_may_use_just_the_routes_that_are_for_it(
    web: Web, resources: Resources, role: Role, part: int
) -> None:
    person = await sign_in(resources, web.url, f"a_{role}", role)
    said = READ_ONLY if role is Role.VIEWER else NOT_ALLOWED
    async with person.http:
        for method, path, operation in OPERATIONS[part::4]:
            name = operation["operationId"]
            if name == "follow_events":
                continue  # for all, without end: see test_happenings
            url = re.sub(r"{\w+}", str(uuid4()), path)
            answer = await person.http.request(method, url)  # without a body: nothing happens
            if role in ALLOWED[name]:
                assert answer.status_code != 403, (role, name)
                assert answer.status_code < 500, (role, name)
                continue
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (403, "forbidden"), (role, name)
            assert error["message"] == said, (role, name)


def test_a_route_that_says_nowhere_who_may_use_it_is_not_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    router = APIRouter(tags=["me"])
    router.get("/anybody", operation_id="open_to_all")(lambda: None)
    monkeypatch.setattr(me, "router", router)
    with pytest.raises(RuntimeError, match="/anybody"):
        build_api()


SERVER = {"name": "shared", "url": "https://example.com/mcp", "shared": True}


async def test_an_operator_looks_after_shared_servers_and_changes_none(
    web: Web, resources: Resources, root: Person, ada: Person
) -> None:
    shared = await root.done("POST", "/mcp/servers", SERVER)
    one = f"/mcp/servers/{shared['id']}"
    operator = await sign_in(resources, web.url, "otto", Role.OPERATOR)
    async with operator.http:
        for verb in ("disable", "enable", "reset"):
            await operator.done("POST", f"{one}/{verb}")
            assert (await ada.refused("POST", f"{one}/{verb}"))[0] == 403, verb
        await operator.done("GET", f"{one}/log")
        for method, path, body in (
            ("PATCH", one, {"description": "Mine"}),
            ("DELETE", one, None),
            ("POST", "/mcp/servers", {**SERVER, "name": "other"}),
        ):
            assert (await operator.refused(method, path, body))[0] == 403, (method, path)
        assert (await operator.refused("GET", f"/tasks/{(await ada.say())['task_id']}"))[0] == 404
