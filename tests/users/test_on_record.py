"""How somebody came in, and in which way somebody did not, is on record."""

from typing import Any

import pytest
from sqlalchemy import select

from app.core.errors import AppError
from app.core.resources import Resources
from app.events.access import SignInFailed, UserSignedIn
from app.events.store import StoredEvent
from app.users import passkeys, totp
from app.users.passkeys import Party, binding_of
from app.users.proof import Proof, prove
from app.users.second_factor import (
    ask_passkey,
    finish_with_code,
    finish_with_passkey,
    sign_in_with_passkey,
)
from app.users.sign_in import SecondFactorNeeded, sign_in
from tests.users.people import HOME, PASSWORD, make_user
from tests.users.proofs import Clock, give_app, signed_in_as, stop_clock

PARTY = Party(id="localhost", origin="http://localhost")
FORGED = {
    "id": "Zm9yZ2Vk", "rawId": "Zm9yZ2Vk", "type": "public-key",
    "response": {"clientDataJSON": "e30", "authenticatorData": "e30", "signature": "e30"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Codes change when a test says so."""
    return stop_clock(monkeypatch, totp)


async def said(resources: Resources, kind: str) -> list[Any]:
    """Events of a type, in their order."""
    query = select(StoredEvent).where(StoredEvent.type == kind).order_by(StoredEvent.seq)
    async with resources.db.transaction() as session:
        return list(await session.scalars(query))


async def failures(resources: Resources) -> list[tuple[Any, str, str]]:
    rows = await said(resources, SignInFailed.event_type)
    return [(row.user_id, row.payload["way"], row.payload["reason"]) for row in rows]


async def waiting(resources: Resources) -> str:
    begun = await sign_in(resources, HOME, username="ada", password=PASSWORD)
    assert isinstance(begun, SecondFactorNeeded)
    return begun.token


@pytest.mark.asvs("16.3.1")
async def test_the_record_says_how_somebody_came_in(resources: Resources) -> None:
    user = await make_user(resources)
    await sign_in(resources, HOME, username="ada", password=PASSWORD)
    phone, _ = await give_app(resources, user)
    await finish_with_code(resources, HOME, await waiting(resources), phone.code())
    events = await said(resources, UserSignedIn.event_type)
    assert [events[0].payload["amr"], events[-1].payload["amr"]] == [["pwd"], ["pwd", "otp", "mfa"]]


@pytest.mark.asvs("16.3.1")
async def test_a_wrong_code_says_whether_it_was_one_for_recovery(resources: Resources) -> None:
    user = await make_user(resources)
    await give_app(resources, user)
    token = await waiting(resources)
    for code in ("000000", "aaaaa-bbbbb"):
        with pytest.raises(AppError):
            await finish_with_code(resources, HOME, token, code)
    assert await failures(resources) == [
        (user.id, "otp", "wrong_code"),
        (user.id, "rec", "wrong_code"),
    ]


@pytest.mark.asvs("16.3.1")
async def test_a_passkey_that_is_not_accepted_is_on_record(resources: Resources) -> None:
    user = await make_user(resources)
    await give_app(resources, user)
    token = await waiting(resources)
    await ask_passkey(resources, token, PARTY)
    with pytest.raises(AppError):
        await finish_with_passkey(resources, HOME, token, PARTY, FORGED)
    async with resources.db.transaction() as session:
        await passkeys.ask_to_sign(session, PARTY, binding_of("a browser"), passkeys.SIGN_IN)
    with pytest.raises(AppError):
        await sign_in_with_passkey(resources, HOME, "a browser", PARTY, FORGED)
    assert await failures(resources) == [
        (user.id, "hwk", "not_accepted"),
        (None, "hwk", "not_accepted"),
    ]


@pytest.mark.asvs("16.3.1")
async def test_a_stolen_session_that_guesses_the_password_is_on_record(
    resources: Resources,
) -> None:
    user = await make_user(resources)
    signed_in = await signed_in_as(resources, user)
    with pytest.raises(AppError):
        await prove(resources, HOME, signed_in, Proof(password="not this one at all"))
    assert await failures(resources) == [(user.id, "pwd", "wrong_password")]
