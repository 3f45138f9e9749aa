"""One-time links, and where the first account comes from."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.core.errors import Conflict, NotFound
from app.core.resources import Resources
from app.users.invitations import (
    LIFETIME,
    accept,
    create_owner,
    invite,
    invite_owner,
    require_invitation,
)
from app.users.models import Invitation, Role, User
from app.users.service import NewUser, list_users
from tests.users.people import make_user


async def _accept(resources: Resources, token: str, name: str) -> User | Exception:
    try:
        async with resources.db.transaction() as session:
            return await accept(session, token, username=name, password_hash="x")
    except (NotFound, Conflict) as error:
        return error


async def _owner_link(resources: Resources) -> str:
    async with resources.db.transaction() as session:
        return await invite_owner(session)


async def _names(resources: Resources) -> list[str]:
    async with resources.db.transaction() as session:
        return [user.username for user in await list_users(session)]


async def test_the_first_link_makes_the_owner_once(resources: Resources) -> None:
    token = await _owner_link(resources)
    owner = await _accept(resources, token, "ada")
    assert isinstance(owner, User)
    assert owner.role is Role.ADMIN
    assert isinstance(await _accept(resources, token, "eve"), NotFound)
    assert await _names(resources) == ["ada"]


@pytest.mark.asvs("2.3.4")
async def test_of_many_who_use_one_link_at_once_one_becomes_the_owner(
    resources: Resources,
) -> None:
    token = await _owner_link(resources)
    results = await asyncio.gather(*(_accept(resources, token, f"user{n}") for n in range(5)))
    assert sum(isinstance(r, User) for r in results) == 1
    assert len(await _names(resources)) == 1


async def test_of_several_first_links_only_the_newest_works(resources: Resources) -> None:
    old, new = await _owner_link(resources), await _owner_link(resources)
    assert isinstance(await _accept(resources, old, "eve"), NotFound)
    assert isinstance(await _accept(resources, new, "ada"), User)


async def test_links_that_are_printed_at_once_make_one_owner(resources: Resources) -> None:
    tokens = await asyncio.gather(*(_owner_link(resources) for _ in range(4)))
    results = [await _accept(resources, t, f"user{n}") for n, t in enumerate(tokens)]
    assert sum(isinstance(r, User) for r in results) == 1


async def test_there_is_no_second_first_link(resources: Resources) -> None:
    await make_user(resources)
    with pytest.raises(Conflict, match="There is an owner already"):
        await _owner_link(resources)


async def test_an_unattended_start_makes_the_owner_and_voids_open_links(
    resources: Resources,
) -> None:
    token = await _owner_link(resources)
    async with resources.db.transaction() as session:
        await create_owner(session, NewUser(username="ada", password_hash="x", role=Role.ADMIN))
    assert isinstance(await _accept(resources, token, "eve"), NotFound)
    with pytest.raises(Conflict):
        async with resources.db.transaction() as session:
            await create_owner(session, NewUser(username="eve", password_hash="x"))


async def test_a_link_survives_a_name_that_is_taken(resources: Resources) -> None:
    await make_user(resources, "ada")
    async with resources.db.transaction() as session:
        token = await invite(session)
    assert isinstance(await _accept(resources, token, "Ada"), Conflict)
    second = await _accept(resources, token, "grace")
    assert isinstance(second, User)
    assert second.role is Role.USER


@pytest.mark.asvs("6.4.1")
async def test_a_link_works_for_a_day_and_its_token_is_kept_nowhere(resources: Resources) -> None:
    token = await _owner_link(resources)
    async with resources.db.transaction() as session:
        row = await session.scalar(select(Invitation))
        assert row is not None
        assert token not in str(vars(row))
        await require_invitation(session, token)
        await session.execute(
            update(Invitation).values(expires_at=Invitation.expires_at - LIFETIME + timedelta())
        )
    async with resources.db.transaction() as session:
        with pytest.raises(NotFound, match="keiko users invite"):
            await require_invitation(session, token)
    assert isinstance(await _accept(resources, token, "ada"), NotFound)
