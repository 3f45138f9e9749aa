"""/users: how admins look after accounts, and what not even they may do."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.resources import Resources
from app.events.store import StoredEvent
from app.users.models import Role, Session, User
from app.users.proof import RECENT
from tests.api.acting import Person, Web, sign_in
from tests.users.grouping import make_group


async def changes(resources: Resources) -> list[tuple[str, str, str | None]]:
    async with resources.db.transaction() as session:
        found = await session.scalars(
            select(StoredEvent.payload)
            .where(StoredEvent.type == "user.changed")
            .order_by(StoredEvent.seq)
        )
        return [(each["change"], each["role"], each.get("before")) for each in found]


async def test_an_admin_sees_all_accounts_and_nothing_that_their_owners_wrote(
    root: Person, ada: Person, resources: Resources
) -> None:
    await make_group(resources, "Research", "ada")
    await ada.say("A secret")
    found = {each["username"]: each for each in await root.done("GET", "/users")}
    seen = found["ada"]
    assert (seen["role"], seen["groups"], seen["sessions"]) == ("user", ["Research"], 1)
    assert seen["is_active"] and seen["last_login_at"] and not seen["second_factor"]
    assert "secret" not in str(found)
    assert await root.done("GET", f"/users/{seen['id']}") == seen


@pytest.mark.asvs("7.4.3", "8.3.2")
async def test_another_role_counts_at_once_and_signs_out_everywhere(
    root: Person, web: Web, resources: Resources, ada: Person
) -> None:
    assert (await ada.ask("GET", "/tasks")).status_code == 200  # a copy of the session is kept now
    changed = await root.done("PUT", f"/users/{ada.user_id}/role", {"role": "viewer"})
    assert (changed["role"], changed["sessions"]) == ("viewer", 0)
    assert (await ada.refused("GET", "/tasks"))[0] == 401
    assert await changes(resources) == [("role", "viewer", "user")]


@pytest.mark.asvs("7.4.2")
async def test_a_shut_account_is_out_at_once_until_it_is_opened_again(
    root: Person, ada: Person, resources: Resources
) -> None:
    assert (await ada.ask("GET", "/tasks")).status_code == 200
    one = f"/users/{ada.user_id}"
    assert not (await root.done("POST", f"{one}/disable"))["is_active"]
    assert (await ada.refused("GET", "/tasks"))[0] == 401
    assert (await root.done("POST", f"{one}/enable"))["is_active"]
    assert (await ada.refused("GET", "/tasks"))[0] == 401
    assert [change for change, _, _ in await changes(resources)] == ["disabled", "enabled"]


async def test_all_sessions_of_somebody_can_be_ended(root: Person, ada: Person) -> None:
    assert (await root.done("DELETE", f"/users/{ada.user_id}/sessions"))["sessions"] == 0
    assert (await ada.refused("GET", "/me"))[0] == 401


async def test_an_invitation_is_a_link_that_works_once_with_the_role_it_names(
    root: Person, web: Web, resources: Resources
) -> None:
    invited = await root.done("POST", "/users/invitations", {"role": "operator"})
    path = invited["link"].removeprefix(web.url)
    assert path.startswith("/setup/")
    chosen = {"username": "olga", "password": "a quite long password", "password_again": "x"}
    body = chosen | {"password_again": chosen["password"]}
    other = await sign_in(resources, web.url, "nobody")
    other.http.cookies.clear()
    async with other.http:
        assert (await other.http.post(path, json=body)).status_code == 200
        assert (await other.http.post(path, json=body | {"username": "x"})).status_code == 410
    found = {each["username"]: each["role"] for each in await root.done("GET", "/users")}
    assert found["olga"] == "operator"
    assert ("invited", "operator", None) in await changes(resources)


@pytest.mark.asvs("8.2.1")
async def test_nobody_changes_their_own_role_and_the_last_admin_stays(
    root: Person, resources: Resources
) -> None:
    one = f"/users/{root.user_id}"
    for method, path, body in (
        ("PUT", f"{one}/role", {"role": "user"}),
        ("PUT", f"{one}/role", {"role": "admin"}),
        ("POST", f"{one}/disable", None),
    ):
        status, error = await root.refused(method, path, body)
        assert (status, error["code"]) == (403, "forbidden"), path
        assert "another admin" in error["message"]
    async with resources.db.transaction() as session:
        assert (await session.get_one(User, root.user_id)).role is Role.ADMIN
    assert await changes(resources) == []


async def test_of_two_admins_who_lower_each_other_at_once_one_stays(
    root: Person, web: Web, resources: Resources
) -> None:
    other = await sign_in(resources, web.url, "second", Role.ADMIN)
    lower = {"role": "viewer"}
    async with other.http:
        await asyncio.gather(
            root.ask("PUT", f"/users/{other.user_id}/role", lower),
            other.ask("PUT", f"/users/{root.user_id}/role", lower),
        )
    async with resources.db.transaction() as session:
        admins = await session.scalars(select(User).where(User.role == Role.ADMIN))
        assert len(list(admins)) == 1


@pytest.mark.asvs("8.3.1")
async def test_a_session_that_still_says_admin_changes_nobody(
    root: Person, ada: Person, resources: Resources
) -> None:
    """The role is read again where it counts, whatever a copy of the session says."""
    assert (await root.ask("GET", "/users")).status_code == 200
    async with resources.db.transaction() as session:
        await session.execute(update(User).values(role=Role.USER))
    status, _ = await root.refused("PUT", f"/users/{ada.user_id}/role", {"role": "admin"})
    assert status == 403
    assert (await root.refused("POST", "/users/invitations", {"role": "admin"}))[0] == 403


@pytest.mark.asvs("15.3.3")
@pytest.mark.parametrize(
    "body",
    [
        {"role": "root"},
        {"role": "viewer", "is_active": True},
        {"role": "viewer", "password_hash": "x"},
        {},
    ],
)
async def test_nothing_but_the_role_is_taken(
    root: Person, ada: Person, body: dict[str, Any]
) -> None:
    assert (await root.refused("PUT", f"/users/{ada.user_id}/role", body))[0] == 422


async def test_there_is_nothing_to_be_done_to_nobody(root: Person) -> None:
    one = "/users/00000000-0000-0000-0000-000000000000"
    for method, path in (("GET", one), ("POST", f"{one}/disable"), ("DELETE", f"{one}/sessions")):
        assert (await root.refused(method, path))[0] == 404, path


@pytest.mark.asvs("7.5.1")
async def test_an_admins_session_that_lies_about_gives_nobody_rights(
    root: Person, ada: Person, resources: Resources
) -> None:
    async with resources.db.transaction() as session:
        await session.execute(update(Session).values(auth_time=Session.auth_time - RECENT))
    for method, path in (
        ("POST", "/users/invitations"),
        ("PUT", f"/users/{ada.user_id}/role"),
    ):
        status, error = await root.refused(method, path, {"role": "admin"})
        assert (status, error["code"]) == (403, "proof_needed")
    assert await changes(resources) == []


@pytest.mark.asvs("8.3.2")
@pytest.mark.parametrize("how", ["lowered", "shut"])
async def test_an_admin_who_is_one_no_more_does_not_come_back_by_a_link_of_their_own(
    web: Web, resources: Resources, root: Person, how: str
) -> None:
    leaver = await sign_in(resources, web.url, "leaver", Role.ADMIN)
    async with leaver.http as http:
        link = (await leaver.done("POST", "/users/invitations", {"role": "admin"}))["link"]
        path = link.removeprefix(web.url)
        http.cookies.clear()
        assert (await http.get(path)).status_code == 200
        one = f"/users/{leaver.user_id}"
        if how == "shut":
            await root.done("POST", f"{one}/disable")
        else:
            await root.done("PUT", f"{one}/role", {"role": "operator"})
        assert (await http.get(path)).status_code == 410
        secret = "a quite long password"
        chosen = {"username": "again", "password": secret, "password_again": secret}
        assert (await http.post(path, json=chosen)).status_code == 410
    assert "again" not in {each["username"] for each in await root.done("GET", "/users")}
