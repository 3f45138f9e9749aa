"""/groups, and what a server of a group is to those within and without."""

from typing import Any

from app.core.resources import Resources
from tests.api.acting import Person
from tests.users.grouping import make_group

SERVER = {"name": "secret", "url": "https://example.com/mcp"}


async def test_an_admin_makes_renames_fills_and_removes_a_group(
    root: Person, ada: Person, bob: Person
) -> None:
    made = await root.done("POST", "/groups", {"name": "Research"})
    one = f"/groups/{made['id']}"
    assert made["members"] == []
    await root.done("PUT", f"{one}/members", {"usernames": ["bob", "ada"]})
    await root.done("PATCH", one, {"name": "Science"})
    (listed,) = await root.done("GET", "/groups")
    assert (listed["name"], listed["members"]) == ("Science", ["ada", "bob"])
    assert await root.done("GET", one) == listed
    assert (await root.refused("PUT", f"{one}/members", {"usernames": ["x"]}))[1]["field"] == (
        "usernames"
    )
    await root.done("DELETE", one)
    assert await root.done("GET", "/groups") == []
    assert (await root.refused("GET", one))[0] == 404


async def seen(person: Person) -> list[str]:
    return [item["name"] for item in (await person.done("GET", "/mcp/servers"))["items"]]


async def register(root: Person, resources: Resources, *members: str) -> dict[str, Any]:
    group_id = await make_group(resources, "Research", *members)
    server: dict[str, Any] = await root.done(
        "POST", "/mcp/servers", {**SERVER, "group_id": str(group_id)}
    )
    return server | {"group_id": str(group_id)}


async def test_a_server_of_a_group_is_there_for_its_members_from_then_until_they_leave(
    root: Person, ada: Person, bob: Person, resources: Resources
) -> None:
    server = await register(root, resources, "ada")
    assert (server["group"], server["shared"]) == ("Research", True)
    assert await seen(ada) == await seen(root) == ["secret"]
    assert await seen(bob) == []
    (view,) = (await ada.done("GET", "/mcp/servers"))["items"]
    assert (view["may_change"], view["url"], view["group"]) == (False, None, "Research")
    members = f"/groups/{server['group_id']}/members"
    await root.done("PUT", members, {"usernames": ["bob"]})
    assert (await seen(ada), await seen(bob)) == ([], ["secret"])


async def test_a_non_member_finds_nothing_under_any_address_of_it(
    root: Person, bob: Person, resources: Resources
) -> None:
    server = await register(root, resources)
    one = f"/mcp/servers/{server['id']}"
    for method, path, body in (
        ("GET", one, None),
        ("PATCH", one, {"description": "Mine"}),
        ("DELETE", one, None),
        ("POST", f"{one}/test", None),
        ("POST", f"{one}/disable", None),
        ("POST", f"{one}/reset", None),
    ):
        assert (await bob.refused(method, path, body))[0] == 404, (method, path)
    own = await bob.done("POST", "/mcp/servers", SERVER)
    assert own["group"] is None
    exported = await bob.done("GET", "/mcp/export")
    assert list(exported["mcpServers"]) == ["secret"]


async def test_only_an_admin_registers_for_a_group_and_only_for_one_that_there_is(
    root: Person, ada: Person, resources: Resources
) -> None:
    group_id = str(await make_group(resources, "Research", "ada"))
    body = {**SERVER, "group_id": group_id}
    assert (await ada.refused("POST", "/mcp/servers", body))[0] == 403
    file = {"mcpServers": {"secret": {"url": "https://example.com"}}}
    imported = {"file": file, "group_id": group_id}
    assert (await ada.refused("POST", "/mcp/import", imported))[0] == 403
    nowhere = {**SERVER, "group_id": "00000000-0000-0000-0000-000000000000"}
    status, error = await root.refused("POST", "/mcp/servers", nowhere)
    assert (status, error["field"]) == (422, "group_id")
    done = await root.done("POST", "/mcp/import", imported)
    assert [each["group"] for each in done["servers"]] == ["Research"]
    assert await seen(ada) == ["secret"]


async def test_the_servers_of_a_group_go_with_it_and_serve_nobody_else(
    root: Person, ada: Person, bob: Person, resources: Resources
) -> None:
    server = await register(root, resources, "ada")
    await root.done("DELETE", f"/groups/{server['group_id']}")
    for person in (root, ada, bob):
        assert await seen(person) == []
