"""An identity provider that lies in what it signs: each lie is refused."""

import time
from typing import Any

import pytest
from starlette.responses import JSONResponse

from app.core.resources import Resources
from tests.fakes.provider import LyingProvider
from tests.providers.conftest import Attempt
from tests.providers.visiting import Visitor, set_up

Fields = dict[str, Any]
NOW = int(time.time())
TO_COME = NOW + 365 * 86_400
"""Later than any run of these tests ends, for `NOW` is when they were collected."""
SOMEBODY_ELSE = "https://accounts.example.org"
WRONG = "id token: invalid_claim:"


async def test_the_same_provider_lets_people_in_while_it_is_honest(
    attempt: Attempt, liar: LyingProvider
) -> None:
    answer = await attempt.visitor.sign_in()

    assert (answer.status_code, await attempt.visitor.who()) == (303, "mallory")


CLAIMS: dict[str, tuple[Fields, str]] = {
    "an audience of others": ({"aud": "someone-else"}, "audience"),
    "an audience of others, authorized for us": (
        {"aud": "someone-else", "azp": "keiko"},
        "audience",
    ),
    "an audience beside us": ({"aud": ["keiko", "someone-else"], "azp": "keiko"}, "audience"),
    "no audience": ({"aud": None}, "audience"),
    "an audience that is a number": ({"aud": 5}, "audience"),
    "a party that is not us": ({"azp": "someone-else"}, "authorized party"),
    "another issuer": ({"iss": SOMEBODY_ELSE}, "issuer"),
    "no issuer": ({"iss": None}, "issuer"),
    "no subject": ({"sub": None}, "subject"),
    "an empty subject": ({"sub": ""}, "subject"),
    "a subject that is a number": ({"sub": 7}, "subject"),
    "a subject of control characters": ({"sub": "alice\n1"}, "subject"),
    "a subject without end": ({"sub": "a" * 256}, "subject"),
    "an end that has passed": ({"exp": NOW - 60}, "id token: expired_token: The token is expired"),
    "no end": ({"exp": None}, "exp"),
    "an end that is a word": ({"exp": "tomorrow"}, "exp"),
    "no beginning": ({"iat": None}, "iat"),
    "a beginning that is to come": (
        {"iat": TO_COME, "exp": TO_COME + 300},
        f"{WRONG} The token was issued in the future",
    ),
    "a time before which it is void": (
        {"nbf": TO_COME},
        "id token: invalid_claim: The token is not yet valid",
    ),
    "an access token of others": (
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        "id token: invalid_claim: Invalid claim: 'at_hash'",
    ),
}


@pytest.mark.asvs("10.5.4", "9.2.1", "9.2.3")
@pytest.mark.parametrize("lie", CLAIMS)
async def test_an_id_token_is_refused_with(attempt: Attempt, liar: LyingProvider, lie: str) -> None:
    liar.claims, reason = CLAIMS[lie]

    await attempt.refused(reason)


@pytest.mark.asvs("10.5.1")
async def test_an_id_token_without_the_nonce_is_refused(
    attempt: Attempt, liar: LyingProvider
) -> None:
    liar.claims = {"nonce": None}

    await attempt.refused("nonce")


@pytest.mark.asvs("10.5.1")
async def test_an_id_token_with_a_nonce_of_its_own_is_refused(
    attempt: Attempt, liar: LyingProvider
) -> None:
    liar.claims = {"nonce": "of-its-own"}

    await attempt.refused("nonce")


@pytest.mark.asvs("10.5.1")
async def test_the_nonce_of_an_earlier_sign_in_is_refused(
    attempt: Attempt, liar: LyingProvider
) -> None:
    await attempt.visitor.come_back(await attempt.visitor.set_out())
    liar.replayed_nonce = liar.asked[-1]["nonce"]

    await attempt.refused("nonce")


SIGNATURES = {
    "none": "signature: UnsupportedAlgorithmError",
    "hs256": "signature: UnsupportedAlgorithmError",
    "hs256-public": "signature: UnsupportedAlgorithmError",
    "wrong": "signature: BadSignatureError",
}


@pytest.mark.asvs("6.8.2", "9.1.1", "9.1.2", "9.1.3")
@pytest.mark.parametrize("signed", SIGNATURES)
async def test_an_id_token_is_refused_that_is_signed(
    attempt: Attempt, liar: LyingProvider, signed: str
) -> None:
    liar.signed = signed
    liar.metadata = {"id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]}

    await attempt.refused(SIGNATURES[signed])


@pytest.mark.asvs("9.1.2")
async def test_an_algorithm_that_the_operator_did_not_allow_is_refused(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, algorithms=["RS256"])
    liar.signed = "curve"

    await attempt.refused("signature: UnsupportedAlgorithmError")


@pytest.mark.asvs("9.2.2")
async def test_a_token_of_another_kind_is_no_id_token(
    attempt: Attempt, liar: LyingProvider
) -> None:
    liar.header = {"typ": "at+jwt"}

    await attempt.refused("kind of token")


async def test_half_a_token_is_refused(attempt: Attempt, liar: LyingProvider) -> None:
    liar.responses["/token"] = JSONResponse(
        {"access_token": "at", "token_type": "Bearer", "id_token": "eyJhbGciOiJSUzI1NiJ9.e30"}
    )

    await attempt.refused("signature: DecodeError")


@pytest.mark.asvs("9.1.3")
async def test_keys_of_the_token_s_own_choice_are_not_asked_for(
    attempt: Attempt, liar: LyingProvider
) -> None:
    liar.signed = "wrong"
    liar.header = {
        "jku": f"{liar.url}/evil",
        "x5u": f"{liar.url}/evil",
    }

    await attempt.refused("signature: BadSignatureError")

    assert "/evil" not in liar.fetched


async def test_an_unknown_key_has_the_keys_read_anew(attempt: Attempt, liar: LyingProvider) -> None:
    await attempt.visitor.sign_in()
    liar.signed = "two"
    second = Visitor(attempt.visitor.url)

    await second.sign_in()

    assert await second.who() == "mallory"
    assert liar.fetched.count("/keys") == 2


async def test_unknown_keys_have_the_keys_read_anew_once_a_minute_at_most(
    attempt: Attempt, liar: LyingProvider
) -> None:
    liar.header = {"kid": "nobody's"}

    for _ in range(4):
        await attempt.refused("unknown key")

    assert liar.fetched.count("/keys") == 2


@pytest.mark.asvs("10.5.4")
async def test_an_answer_without_an_id_token_is_refused(
    attempt: Attempt, liar: LyingProvider
) -> None:
    liar.answer = {"id_token": None}

    await attempt.refused("no id token")


async def test_an_answer_without_an_access_token_is_refused(
    attempt: Attempt, liar: LyingProvider
) -> None:
    liar.answer = {"access_token": None}

    await attempt.refused("no access token")


async def test_an_access_token_that_would_be_two_headers_is_refused(
    attempt: Attempt, liar: LyingProvider
) -> None:
    liar.answer = {"access_token": "at\r\nX-Evil: 1"}

    await attempt.refused("no access token")


@pytest.mark.asvs("10.5.2")
async def test_userinfo_of_somebody_else_is_refused(attempt: Attempt, liar: LyingProvider) -> None:
    liar.userinfo = {"sub": "owner"}

    await attempt.refused("userinfo of somebody else")


@pytest.mark.asvs("10.5.2")
async def test_userinfo_of_nobody_is_refused(attempt: Attempt, liar: LyingProvider) -> None:
    liar.userinfo = {"sub": None}

    await attempt.refused("userinfo of somebody else")
