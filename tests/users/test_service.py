"""Accounts."""

import asyncio

import pytest
from sqlalchemy import select

from app.core.clock import new_id
from app.core.errors import Conflict, Invalid, NotFound
from app.core.resources import Resources
from app.events.store import StoredEvent
from app.users.models import Role
from app.users.service import NewUser, count_users, create_user, find_user, get_user, list_users
from tests.users.people import make_user


async def test_a_name_is_trimmed_and_found_in_whatever_case_it_is_written(
    resources: Resources,
) -> None:
    async with resources.db.transaction() as session:
        user = await create_user(session, NewUser(username="  Änne "))
        assert user.username == "Änne"
        found = await find_user(session, "äNNE ")
        assert found is not None
        assert found.id == user.id


async def test_a_name_that_is_taken_in_another_case_is_refused_with_a_sentence(
    resources: Resources,
) -> None:
    await make_user(resources, "Ada")
    with pytest.raises(Conflict, match="This user name is taken"):
        await make_user(resources, "aDA")


async def test_of_many_who_want_one_name_at_once_one_gets_it(resources: Resources) -> None:
    async def want(name: str) -> None:
        async with resources.db.transaction() as session:
            await create_user(session, NewUser(username=name))

    results = await asyncio.gather(
        *(want(n) for n in ("ada", "Ada", "ADA", "aDa")), return_exceptions=True
    )
    assert sorted(type(r).__name__ for r in results) == ["Conflict"] * 3 + ["NoneType"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\nb", "a\x00b", "a\u202eb", "\ud800"])
async def test_an_impossible_name_is_refused_and_never_found(
    resources: Resources, name: str
) -> None:
    async with resources.db.transaction() as session:
        with pytest.raises(Invalid, match="A user name has"):
            await create_user(session, NewUser(username=name))
        assert await find_user(session, name) is None


async def test_a_new_account_is_an_event(resources: Resources) -> None:
    user = await make_user(resources, "ada", Role.OPERATOR)
    async with resources.db.transaction() as session:
        event = await session.scalar(select(StoredEvent))
    assert event is not None
    assert (event.type, event.user_id) == ("user.created", user.id)
    assert event.payload == {"username": "ada", "role": "operator"}


async def test_accounts_are_counted_and_listed_by_name(resources: Resources) -> None:
    for name in ("grace", "Ada", "barbara"):
        await make_user(resources, name)
    async with resources.db.transaction() as session:
        assert await count_users(session) == 3
        assert [u.username for u in await list_users(session)] == ["Ada", "barbara", "grace"]


async def test_an_unknown_account_is_not_found(resources: Resources) -> None:
    async with resources.db.transaction() as session:
        with pytest.raises(NotFound):
            await get_user(session, new_id())
