"""`keiko users …`: second factors and sessions from a terminal."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from app.cli.operate import commands
from app.core.errors import Invalid, NotFound, Unauthenticated
from app.core.resources import Resources
from app.core.settings import Settings
from app.events.store import StoredEvent
from app.users.sessions import find_session
from app.users.sign_in import SecondFactorNeeded, Started, sign_in
from tests.users.people import HOME, PASSWORD, make_user, open_session
from tests.users.proofs import give_app

Keiko = Callable[..., Awaitable[Result]]


@pytest.fixture
async def keiko(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Keiko:
    monkeypatch.setattr("app.core.settings.settings", lambda: settings)
    monkeypatch.setenv("LANG", "C")

    async def run(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, commands, list(words))

    return run


@pytest.mark.asvs("6.4.4")
async def test_an_operator_helps_whoever_lost_every_second_factor(
    keiko: Keiko, resources: Resources
) -> None:
    await give_app(resources, await make_user(resources))
    begun = await sign_in(resources, HOME, username="ada", password=PASSWORD)
    assert isinstance(begun, SecondFactorNeeded)
    done = await keiko("users", "reset-second-factor", "ADA")
    assert done.output == "ada signs in with the password alone now.\n"
    assert (await keiko("users", "reset-second-factor", "ada")).output.endswith("factor.\n")
    assert isinstance((await keiko("users", "reset-second-factor", "bob")).exception, NotFound)
    begun = await sign_in(resources, HOME, username="ada", password=PASSWORD)
    assert isinstance(begun, Started)
    async with resources.db.transaction() as session:
        payloads = await session.scalars(
            select(StoredEvent.payload).where(StoredEvent.type == "user.credential_changed")
        )
        assert {"credential": "second_factor", "change": "reset"} in list(payloads)


@pytest.mark.asvs("7.4.5")
async def test_an_operator_sees_where_somebody_is_signed_in_and_ends_it(
    keiko: Keiko, resources: Resources
) -> None:
    token = await open_session(resources, await make_user(resources))
    assert HOME.address in (await keiko("users", "sessions", "ada")).output
    assert (await keiko("users", "sign-out", "ada")).output == "ada is signed out everywhere.\n"
    assert await find_session(resources, token) is None
    assert (await keiko("users", "sessions", "ada")).output == "There are none.\n"


@pytest.mark.asvs("6.4.3")
async def test_a_forgotten_password_is_replaced_and_the_second_factor_stays(
    keiko: Keiko, resources: Resources
) -> None:
    user = await make_user(resources)
    await give_app(resources, user)
    token = await open_session(resources, user)
    new = "another long sentence"
    said = await keiko("users", "reset-password", "ada", "--password", new)
    assert said.output == "ada signs in with the new password now.\n"
    assert await find_session(resources, token) is None
    begun = await sign_in(resources, HOME, username="ada", password=new)
    assert isinstance(begun, SecondFactorNeeded)
    with pytest.raises(Unauthenticated):
        await sign_in(resources, HOME, username="ada", password=PASSWORD)
    refused = await keiko("users", "reset-password", "ada", "--password", "password")
    assert isinstance(refused.exception, Invalid)
