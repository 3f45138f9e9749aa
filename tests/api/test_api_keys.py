"""API keys: what they open, what they never open, and how they end."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, update

from app.core.clock import now
from app.core.resources import Resources
from app.events.store import StoredEvent
from app.users import api_keys
from app.users.key_models import ApiKey
from app.users.models import Role, Session, User
from app.users.permissions import ROLE_PERMISSIONS, SIGNED_IN_ONLY, Permission
from app.users.proof import RECENT
from tests.api.acting import Person, Web, sign_in
from tests.api.test_matrix import OPERATIONS

MakeKey = Callable[..., Awaitable[Person]]
ALL = sorted(ROLE_PERMISSIONS[Role.USER] - SIGNED_IN_ONLY)


@pytest.fixture
async def program(web: Web) -> AsyncIterator[Callable[[Person, str], Person]]:
    """Programs that come with a key, and nothing else."""
    async with AsyncExitStack() as opened:

        def come(owner: Person, key: str) -> Person:
            headers = {"Authorization": f"Bearer {key}"}
            http = httpx.AsyncClient(base_url=web.url, headers=headers, timeout=20)
            opened.push_async_callback(http.aclose)
            return Person(owner.user_id, http)

        yield come


async def make(owner: Person, *scopes: str, **more: Any) -> dict[str, Any]:
    """A new key of somebody, as the page makes it."""
    body = {"name": "Backup", "scopes": list(scopes or ALL), **more}
    made: dict[str, Any] = await owner.done("POST", "/api-keys", body)
    return made


async def events(resources: Resources, type: str = "api_key.changed") -> list[Any]:
    async with resources.db.transaction() as session:
        found = await session.scalars(
            select(StoredEvent).where(StoredEvent.type == type).order_by(StoredEvent.seq)
        )
        return [each.payload for each in found]


@pytest.mark.asvs("9.2.1", "11.4.2", "13.3.1")
async def test_a_key_is_shown_once_and_only_its_hash_is_kept(
    ada: Person, resources: Resources
) -> None:
    made = await make(ada, "tasks:read")
    assert re.fullmatch(r"kpa_[A-Za-z0-9]{12}[A-Za-z0-9_-]{43}[A-Za-z0-9]{6}", made["key"])
    secret = made["key"][16:59]
    listed = await ada.done("GET", "/api-keys")
    assert [each["lookup"] for each in listed["keys"]] == [made["key"][4:16]]
    assert secret not in str(listed)
    async with resources.db.transaction() as session:
        row = await session.scalar(select(ApiKey))
        assert row is not None
        assert secret not in str(vars(row))
        ends = row.expires_at - now()
    assert timedelta(days=89) < ends <= timedelta(days=90)
    assert secret not in str(await events(resources))


async def test_a_program_does_with_a_key_what_its_scopes_say(
    ada: Person, program: Any, resources: Resources
) -> None:
    backup = program(ada, (await make(ada, "chats:read", "tasks:read"))["key"])
    assert (await backup.done("GET", "/me"))["username"] == "ada"
    assert (await backup.done("GET", "/threads"))["items"] == []
    status, error = await backup.refused("POST", "/messages", {"text": "Hello"})
    assert (status, error["code"]) == (403, "forbidden")
    assert "chats:write" in error["message"]
    writer = program(ada, (await make(ada, "chats:write"))["key"])
    await writer.done("POST", "/messages", {"text": "Hello"})
    assert len((await backup.done("GET", "/threads"))["items"]) == 1
    changes = [event["change"] for event in await events(resources)]
    assert changes == ["created", "first_used", "created", "first_used"]


@pytest.mark.asvs("8.2.1", "8.4.1")
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("role", Role)
async def test_a_key_opens_nothing_beyond_its_scopes_whoever_owns_it(
    web: Web, resources: Resources, program: Any, role: Role, part: int
) -> None:
    owner = await sign_in(resources, web.url, f"a_{role}", role)
    async with owner.http:
        narrow = program(owner, (await make(owner, "agents:read"))["key"])
        for method, path, operation in OPERATIONS[part::4]:
            if operation["operationId"] in ("get_me", "list_models"):
                continue
            answer = await narrow.http.request(method, re.sub(r"{\w+}", str(uuid4()), path))
            assert answer.status_code == 403, (role, operation["operationId"])


@pytest.mark.asvs("8.2.1")
async def test_no_key_may_do_what_takes_a_person_at_a_browser(
    root: Person, program: Any, resources: Resources
) -> None:
    for permission in SIGNED_IN_ONLY:
        body = {"name": "Greedy", "scopes": [permission]}
        status, error = await root.refused("POST", "/api-keys", body)
        assert (status, error["field"]) == (422, "scopes")
    everything = sorted(set(Permission) - SIGNED_IN_ONLY)
    made = await make(root, *everything)
    async with resources.db.transaction() as session:  # as if it had been slipped in
        await session.execute(update(ApiKey).values(scopes=list(Permission)))
    key = program(root, made["key"])
    for method, path in (
        ("GET", "/api-keys"),
        ("POST", "/api-keys"),
        ("DELETE", f"/api-keys/{made['id']}"),
        ("POST", "/groups"),
        ("GET", "/connected-apps"),
    ):
        assert (await key.refused(method, path))[0] == 403, (method, path)
    assert (await key.http.get("/user")).status_code == 401
    assert (await key.http.post("/project/threads", json={})).status_code == 401
    assert (await key.http.get("/work/tasks")).status_code == 303
    assert (await key.http.get("/ws/socket.io/?EIO=4&transport=polling")).status_code == 401


async def test_an_admins_key_for_servers_changes_none_that_serve_others(
    root: Person, program: Any
) -> None:
    new = {"name": "mine", "url": "https://example.com/mcp"}
    shared = await root.done("POST", "/mcp/servers", {**new, "name": "all", "shared": True})
    key = program(root, (await make(root, "servers:read", "servers:write"))["key"])
    own = await key.done("POST", "/mcp/servers", new)
    await key.done("PATCH", f"/mcp/servers/{own['id']}", {"description": "Changed"})
    for method, path, body in (
        ("PATCH", f"/mcp/servers/{shared['id']}", {"description": "Changed"}),
        ("DELETE", f"/mcp/servers/{shared['id']}", None),
        ("POST", f"/mcp/servers/{shared['id']}/disable", None),
        ("POST", "/mcp/servers", {**new, "name": "more", "shared": True}),
    ):
        assert (await key.refused(method, path, body))[0] == 403, (method, path)
    names = [each["name"] for each in (await root.done("GET", "/mcp/servers"))["items"]]
    assert sorted(names) == ["all", "mine"]


@pytest.mark.asvs("8.3.2")
async def test_a_key_of_an_admin_who_is_one_no_more_does_what_the_new_role_allows_at_once(
    root: Person, program: Any, resources: Resources
) -> None:
    made = await make(root, "metrics:read", "tasks:write", "tasks:read", "groups:read")
    key = program(root, made["key"])
    assert (await key.ask("GET", "/groups")).status_code == 200
    async with resources.db.transaction() as session:
        await session.execute(update(User).values(role=Role.VIEWER))
    assert (await key.refused("GET", "/groups"))[0] == 403
    assert (await key.refused("POST", "/tasks", {"text": "Hello"}))[0] == 403
    assert (await key.ask("GET", "/tasks")).status_code == 200


@pytest.mark.asvs("7.4.2")
async def test_a_key_is_void_at_once_when_revoked_expired_or_its_account_is_shut(
    ada: Person, bob: Person, program: Any, resources: Resources
) -> None:
    made = [await make(ada, "tasks:read") for _ in range(3)]
    keys = [program(ada, each["key"]) for each in made]
    for key in keys:
        assert (await key.ask("GET", "/tasks")).status_code == 200
    assert (await bob.refused("DELETE", f"/api-keys/{made[0]['id']}"))[0] == 404
    await ada.done("DELETE", f"/api-keys/{made[0]['id']}")
    assert (await ada.refused("DELETE", f"/api-keys/{made[0]['id']}"))[0] == 404
    async with resources.db.transaction() as session:
        expired = update(ApiKey).where(ApiKey.lookup == made[1]["lookup"])
        await session.execute(expired.values(expires_at=now()))
    for key in keys[:2]:
        status, error = await key.refused("GET", "/tasks")
        assert (status, error["code"]) == (401, "unauthenticated")
    assert (await keys[2].ask("GET", "/tasks")).status_code == 200
    async with resources.db.transaction() as session:
        await session.execute(update(User).where(User.id == ada.user_id).values(is_active=False))
    assert (await keys[2].refused("GET", "/tasks"))[0] == 401


async def test_wrong_keys_are_refused_with_a_sentence_and_slowed_down_right_ones_are_not(
    ada: Person, program: Any
) -> None:
    right = (await make(ada, "tasks:read"))["key"]
    wrong = right[:16] + ("A" if right[16] != "A" else "B") + right[17:]
    lookup_and_secret = wrong[4:59]
    forged = f"kpa_{lookup_and_secret}{api_keys._checksum(lookup_and_secret)}"
    for key in (wrong, forged, "kpa_", f"kpa_{'a' * 61}", f"{right}x"):
        answer = await program(ada, key).ask("GET", "/tasks")
        assert answer.status_code == 401
        assert "API key" in answer.json()["error"]["message"]
        assert answer.headers["www-authenticate"].startswith("Bearer")
    guessing = program(ada, forged)
    for _ in range(16):
        await guessing.ask("GET", "/tasks")
    last = await guessing.ask("GET", "/tasks")
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) >= 1
    assert (await program(ada, right).ask("GET", "/tasks")).status_code == 200


@pytest.mark.asvs("14.2.1")
async def test_a_key_counts_in_its_header_alone(ada: Person, web: Web) -> None:
    key = (await make(ada, "tasks:read"))["key"]
    async with httpx.AsyncClient(base_url=web.url) as http:
        for where in (
            {"params": {"api_key": key}},
            {"params": {"access_token": key}},
            {"headers": {"Cookie": f"keiko_session={key}"}},
            {"headers": {"X-API-Key": key}},
            {"headers": {"Authorization": f"Basic {key}"}},
        ):
            assert (await http.get("/api/v1/tasks", **where)).status_code == 401


@pytest.mark.asvs("3.5.1")
async def test_a_foreign_page_cannot_use_a_cookie_by_sending_a_key_along(
    ada: Person, program: Any
) -> None:
    key = (await make(ada, "chats:write"))["key"]
    foreign = {"Origin": "https://evil.example"}
    alone = await program(ada, key).ask("POST", "/messages", {"text": "Hello"}, **foreign)
    assert alone.status_code == 202
    both = {**foreign, "Authorization": f"Bearer {key}"}
    assert (await ada.ask("POST", "/messages", {"text": "Hello"}, **both)).status_code == 403


@pytest.mark.asvs("15.3.3")
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"scopes": ["servers:operate"]}, "scopes"),
        ({"scopes": ["*"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 366}, "days"),
        ({"name": " "}, "name"),
        ({"user_id": str(uuid4())}, "user_id"),
        ({"expires_at": None}, "expires_at"),
    ],
)
async def test_a_key_is_never_more_than_its_owner_may_make_it(
    ada: Person, wrong: dict[str, Any], field: str
) -> None:
    body = {"name": "Backup", "scopes": ["tasks:read"], **wrong}
    status, error = await ada.refused("POST", "/api-keys", body)
    assert (status, error["field"]) == (422, field)


@pytest.mark.asvs("7.5.1")
async def test_a_session_whose_owner_was_long_away_makes_no_key(
    ada: Person, resources: Resources
) -> None:
    async with resources.db.transaction() as session:
        await session.execute(update(Session).values(auth_time=Session.auth_time - RECENT))
    body = {"name": "Backup", "scopes": ["tasks:read"]}
    status, error = await ada.refused("POST", "/api-keys", body)
    assert (status, error["code"]) == (403, "proof_needed")
    assert (await ada.done("GET", "/api-keys"))["keys"] == []


@pytest.mark.asvs("8.3.1")
async def test_a_key_that_may_not_answer_questions_answers_none_beforehand(
    ada: Person, program: Any
) -> None:
    """A rule that allows a tool is a yes for all times; taking a “no” away is one too."""
    denied = await ada.done("POST", "/mcp/rules", {"pattern": "mail/*", "decision": "deny"})
    key = program(ada, (await make(ada, "servers:read", "servers:write", "tasks:write"))["key"])
    rule = {"pattern": "mail/*", "decision": "allow"}
    for method, path, body in (
        ("POST", "/mcp/rules", rule),
        ("DELETE", f"/mcp/rules/{denied['id']}", None),
    ):
        assert (await key.refused(method, path, body))[0] == 403, (method, path)
    answering = program(ada, (await make(ada, "servers:read", "questions:answer"))["key"])
    await answering.done("POST", "/mcp/rules", rule)
