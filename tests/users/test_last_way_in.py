"""Nobody takes away the last thing that they can sign in with."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.errors import AppError, Conflict
from app.core.refusals import in_language
from app.core.resources import Resources
from app.users import credentials, passkeys
from app.users.models import User
from app.users.passkeys import Made
from app.users.providers.accounts import list_identities, unlink
from app.users.providers.ways_in import ONLY_WAY
from tests.users.linking import link_account
from tests.users.people import make_user
from tests.users.proofs import signed_in_as


async def give_passkey(resources: Resources, user: User, number: int = 1) -> UUID:
    """A passkey, as if a browser had made it; its id."""
    made = Made(bytes([number]) * 16, b"key", 0, [], is_synced=False)
    async with resources.db.transaction() as session:
        await passkeys.keep_passkey(session, user.id, made, f"Key {number}")
        known = await passkeys.list_passkeys(session, user.id)
        return next(each.id for each in known if each.name == f"Key {number}")


async def make_user_without_password(resources: Resources) -> User:
    """Somebody who came by a provider."""
    user = await make_user(resources)
    async with resources.db.transaction() as session:
        await session.execute(update(User).where(User.id == user.id).values(password_hash=None))
    return user


async def remaining(resources: Resources, user: User) -> tuple[int, int]:
    """How many passkeys and linked accounts there are."""
    async with resources.db.transaction() as session:
        keys = await passkeys.list_passkeys(session, user.id)
        return len(keys), len(await list_identities(session, user.id))


async def test_the_last_passkey_stays_where_nothing_else_opens_the_account(
    resources: Resources,
) -> None:
    user = await make_user_without_password(resources)
    id = await give_passkey(resources, user)

    with pytest.raises(Conflict) as refused:
        await credentials.remove_passkey(resources, await signed_in_as(resources, user), id)

    assert str(refused.value) == ONLY_WAY
    assert "noch einen Passkey" in in_language(ONLY_WAY, "de")
    assert await remaining(resources, user) == (1, 0)


@pytest.mark.parametrize("other", ["password", "passkey", "account"])
async def test_a_passkey_goes_where_something_else_opens_the_account(
    resources: Resources, other: str
) -> None:
    make = make_user if other == "password" else make_user_without_password
    user = await make(resources)
    id = await give_passkey(resources, user)
    if other == "passkey":
        await give_passkey(resources, user, 2)
    if other == "account":
        await link_account(resources, user.id)

    await credentials.remove_passkey(resources, await signed_in_as(resources, user), id)

    assert (await remaining(resources, user))[0] == (1 if other == "passkey" else 0)


async def test_an_account_elsewhere_is_unlinked_where_a_passkey_opens_the_account(
    resources: Resources,
) -> None:
    user = await make_user_without_password(resources)
    await give_passkey(resources, user)
    account = await link_account(resources, user.id)

    async with resources.db.transaction() as session:
        await unlink(session, await signed_in_as(resources, user), account)

    assert await remaining(resources, user) == (1, 0)


async def test_two_ways_that_are_taken_away_at_once_leave_one(resources: Resources) -> None:
    user = await make_user_without_password(resources)
    first, second = [await give_passkey(resources, user, number) for number in (1, 2)]
    account = await link_account(resources, user.id)
    signed_in = await signed_in_as(resources, user)

    async def take_account() -> None:
        async with resources.db.transaction() as session:
            await unlink(session, signed_in, account)

    results = await asyncio.gather(
        credentials.remove_passkey(resources, signed_in, first),
        credentials.remove_passkey(resources, signed_in, second),
        take_account(),
        return_exceptions=True,
    )

    refused = [each for each in results if isinstance(each, AppError)]
    assert [type(each) for each in refused] == [Conflict]
    assert sum(await remaining(resources, user)) == 1
