"""Groups are made by admins, and hold just whom they name."""

import pytest

from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.resources import Resources
from app.users import groups
from app.users.models import Role
from app.users.service import disable_user
from tests.consumers.acting import rows
from tests.factories import MakeUser
from tests.users.grouping import make_group


async def test_members_are_just_those_that_were_named_last(
    resources: Resources, make_user: MakeUser
) -> None:
    root = await make_user("root", role=Role.ADMIN)
    for name in ("Ada", "bob", "eve"):
        await make_user(name)
    id = await make_group(resources, "Research", "ada", "bob")
    async with resources.db.transaction() as session:
        found = await groups.set_members(session, resources, root.id, id, ["BOB", "eve", "eve"])
        assert found.members == ["bob", "eve"]
    async with resources.db.transaction() as session:
        await groups.set_members(session, resources, root.id, id, [])
        assert (await groups.get_membership(session, id)).members == []


async def test_nobody_but_an_admin_changes_groups(
    resources: Resources, make_user: MakeUser
) -> None:
    id = await make_group(resources, "Research")
    for role in Role:
        if role is Role.ADMIN:
            continue
        user = await make_user(f"a_{role}", role=role)
        async with resources.db.transaction() as session:
            with pytest.raises(Forbidden):
                await groups.create_group(session, user.id, "Mine")
            with pytest.raises(Forbidden):
                await groups.rename_group(session, user.id, id, "Mine")
            with pytest.raises(Forbidden):
                await groups.set_members(session, resources, user.id, id, [user.username])
            with pytest.raises(Forbidden):
                await groups.remove_group(session, resources, user.id, id)


async def test_names_are_taken_once_whatever_their_case_and_a_group_may_keep_its_own(
    resources: Resources, make_user: MakeUser
) -> None:
    root = await make_user("root", role=Role.ADMIN)
    id = await make_group(resources, "Research")
    await make_group(resources, "Sales")
    async with resources.db.transaction() as session:
        for name in ("  research ", "SALES"):
            with pytest.raises(Invalid, match="already"):
                await groups.create_group(session, root.id, name)
        with pytest.raises(Invalid, match="already"):
            await groups.rename_group(session, root.id, id, "sales")
        assert (await groups.rename_group(session, root.id, id, "RESEARCH")).name == "RESEARCH"
        for name in ("", " ", "x" * 51, "a\0b"):
            with pytest.raises(Invalid, match="1 to 50 characters"):
                await groups.create_group(session, root.id, name)


async def test_who_is_not_there_cannot_be_a_member_and_nothing_changes(
    resources: Resources, make_user: MakeUser
) -> None:
    root = await make_user("root", role=Role.ADMIN)
    await make_user("ada")
    id = await make_group(resources, "Research", "ada")
    with pytest.raises(Invalid, match="no user named “nobody”"):
        async with resources.db.transaction() as session:
            await groups.set_members(session, resources, root.id, id, ["root", "nobody"])
    async with resources.db.transaction() as session:
        assert (await groups.get_membership(session, id)).members == ["ada"]


async def test_a_disabled_account_is_no_member_for_as_long_as_it_is(
    resources: Resources, make_user: MakeUser
) -> None:
    ada, bob = await make_user("ada"), await make_user("bob")
    id = await make_group(resources, "Research", "ada", "bob")
    async with resources.db.transaction() as session:
        await disable_user(session, resources, ada.id)
        assert (await groups.list_members(session))[id] == {bob.id}


async def test_what_happens_to_groups_is_on_record(
    resources: Resources, make_user: MakeUser
) -> None:
    root = await make_user("root", role=Role.ADMIN)
    async with resources.db.transaction() as session:
        group = await groups.create_group(session, root.id, "Research")
        await groups.rename_group(session, root.id, group.id, "Science")
        await groups.set_members(session, resources, root.id, group.id, ["root"])
        await groups.remove_group(session, resources, root.id, group.id)
    async with resources.db.transaction() as session:
        with pytest.raises(NotFound):
            await groups.get_group(session, group.id)
    query = "select payload->>'change' from events where type = 'group.changed' order by seq"
    assert await rows(resources, query) == ["created", "renamed", "members", "removed"]


async def test_there_are_no_more_groups_than_a_page_shows(
    resources: Resources, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST_GROUPS", 1)
    root = await make_user("root", role=Role.ADMIN)
    await make_group(resources, "Research")
    async with resources.db.transaction() as session:
        with pytest.raises(Conflict):
            await groups.create_group(session, root.id, "Sales")
