"""Signed out at the provider: Keiko's sessions of that account end, for its word alone."""

import time
from typing import Any

import httpx
import pytest

from app.core.resources import Resources
from app.users.providers import back_channel
from tests.fakes.provider import CLIENT, LyingProvider
from tests.providers.conftest import Attempt
from tests.providers.visiting import Visitor, set_up

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def logout_token(liar: LyingProvider, kind: str = "logout+jwt", **more: Any) -> str:
    at = int(time.time())
    said = {
        "iss": liar.url,
        "sub": liar.sub,
        "aud": CLIENT,
        "iat": at,
        "exp": at + 120,
        "jti": f"one-{time.monotonic_ns()}",
        "sid": "theirs",
        "events": {EVENT: {}},
        **more,
    }
    return liar.sign({name: value for name, value in said.items() if value is not None}, typ=kind)


async def tell(url: str, token: str, name: str = "there") -> httpx.Response:
    """As a provider does: no browser, no cookie."""
    async with httpx.AsyncClient() as provider:
        return await provider.post(
            f"{url}/auth/with/{name}/back-channel", data={"logout_token": token}
        )


@pytest.fixture
async def visitor(attempt: Attempt) -> Visitor:
    """Somebody who has signed in at the provider."""
    await attempt.visitor.sign_in()
    assert await attempt.visitor.who() == "mallory"
    return attempt.visitor


@pytest.mark.asvs("7.4.1", "10.5.5")
async def test_whom_the_provider_signs_out_is_signed_out_here_in_every_browser(
    visitor: Visitor, liar: LyingProvider
) -> None:
    second = Visitor(visitor.url)
    await second.sign_in()
    liar.sub, liar.person = "bob-1", {"preferred_username": "bob"}
    bob = Visitor(visitor.url)
    await bob.sign_in()

    answer = await tell(visitor.url, logout_token(liar, sub="alice-1"))

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert [await each.who() for each in (visitor, second, bob)] == [None, None, "bob"]


async def test_somebody_whom_nobody_knows_is_no_mistake(
    visitor: Visitor, liar: LyingProvider
) -> None:
    assert (await tell(visitor.url, logout_token(liar, sub="nobody"))).status_code == 200
    assert await visitor.who() == "mallory"


LIES: dict[str, dict[str, Any]] = {
    "an audience of others": {"aud": "someone-else"},
    "another issuer": {"iss": "https://accounts.example.org"},
    "no account": {"sub": None},
    "no event": {"events": None},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "an event that is a word": {"events": {EVENT: "yes"}},
    "a nonce, as an ID token has": {"nonce": "n"},
    "no name of its own": {"jti": None},
    "no moment": {"iat": None},
    "a moment long ago": {"iat": int(time.time()) - 365 * 86_400},
    "a moment to come": {"iat": int(time.time()) + 365 * 86_400},
    "an end that has passed": {"exp": int(time.time()) - 3600},
    "no end": {"exp": None},
}


@pytest.mark.asvs("10.5.5")
@pytest.mark.parametrize("lie", LIES)
async def test_a_logout_token_is_refused_with(
    visitor: Visitor, liar: LyingProvider, lie: str
) -> None:
    answer = await tell(visitor.url, logout_token(liar, **LIES[lie]))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert await visitor.who() == "mallory"


@pytest.mark.asvs("9.1.1", "9.2.2")
@pytest.mark.parametrize("signed", ["none", "hs256", "hs256-public", "wrong"])
async def test_nobody_else_s_signature_signs_anybody_out(
    visitor: Visitor, liar: LyingProvider, signed: str
) -> None:
    liar.signed = signed
    assert (await tell(visitor.url, logout_token(liar))).status_code == 400
    assert await visitor.who() == "mallory"


@pytest.mark.asvs("9.2.2")
async def test_an_id_token_is_no_logout_token(visitor: Visitor, liar: LyingProvider) -> None:
    for token in (liar.id_token("n"), logout_token(liar, kind="at+jwt"), "", "x.y.z"):
        assert (await tell(visitor.url, token)).status_code == 400
    assert await visitor.who() == "mallory"


async def test_a_logout_token_counts_once(visitor: Visitor, liar: LyingProvider) -> None:
    token = logout_token(liar)
    assert (await tell(visitor.url, token)).status_code == 200
    await visitor.sign_in()

    assert (await tell(visitor.url, token)).status_code == 400
    assert await visitor.who() == "mallory"


async def test_a_logout_token_on_which_nothing_could_be_done_counts_when_it_is_sent_again(
    visitor: Visitor, liar: LyingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cannot(*_: object) -> int:
        raise OSError("The database is away.")

    token = logout_token(liar)
    with monkeypatch.context() as patched:
        patched.setattr(back_channel, "end_which", cannot)
        assert (await tell(visitor.url, token)).status_code == 503
    assert await visitor.who() == "mallory"

    assert (await tell(visitor.url, token)).status_code == 200
    assert await visitor.who() is None


async def test_another_provider_s_word_counts_for_its_own_accounts_alone(
    visitor: Visitor, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, name="other", issuer="http://127.0.0.1:9")

    assert (await tell(visitor.url, logout_token(liar), "other")).status_code == 503
    assert (await tell(visitor.url, logout_token(liar), "nowhere")).status_code == 400
    assert await visitor.who() == "mallory"
