"""Accounts elsewhere that somebody links to their own, and takes away again; signing out there."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import update

from app.core.clock import now
from app.core.resources import Resources
from app.users.models import Session
from app.users.passwords import hash_password
from app.users.service import NewUser, create_user
from tests.fakes.provider import CLIENT, LyingProvider
from tests.providers.conftest import Attempt
from tests.providers.visiting import Visitor, identities, set_up

PASSWORD = "correct horse battery staple"


@pytest.fixture
async def ada(attempt: Attempt, resources: Resources) -> Visitor:
    """Somebody who has signed in with a password a moment ago."""
    async with resources.db.transaction() as session:
        hashed = await hash_password(PASSWORD)
        await create_user(session, NewUser(username="ada", password_hash=hashed))
    body = {"username": "ada", "password": PASSWORD}
    answer = await attempt.visitor.ask("POST", "/auth/login", json=body)
    assert answer.is_success, answer.text
    return attempt.visitor


async def set_out(visitor: Visitor, provider: str = "there") -> str:
    answer = await visitor.ask(
        "POST", f"/auth/with/{provider}/link", json={"next": "/work/settings"}
    )
    assert answer.is_success, answer.text
    return str(answer.json()["data"]["at"])


async def link(visitor: Visitor) -> httpx.Response:
    return await visitor.ask("GET", await visitor.come_back(await set_out(visitor)))


async def accounts(visitor: Visitor) -> list[dict[str, str]]:
    answer = await visitor.ask("GET", "/api/v1/linked-accounts")
    found: list[dict[str, str]] = answer.json()["data"]["accounts"]
    return found


async def test_a_linked_account_opens_the_account_that_it_was_linked_to(
    ada: Visitor, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, anyone=False)

    answer = await link(ada)

    assert (answer.status_code, answer.headers["location"]) == (303, "/work/settings")
    assert [each["shown"] for each in await accounts(ada)] == ["mallory"]
    other = Visitor(ada.url)
    await other.sign_in()
    assert await other.who() == "ada"


async def test_linking_wants_a_fresh_sign_in(ada: Visitor, resources: Resources) -> None:
    async with resources.db.transaction() as session:
        await session.execute(update(Session).values(auth_time=now().replace(year=2020)))
    await resources.redis.flushdb()

    answer = await ada.ask("POST", "/auth/with/there/link", json={})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "proof_needed")


@pytest.mark.asvs("3.5.1")
async def test_another_site_cannot_have_an_account_linked(ada: Visitor) -> None:
    ada.headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    assert (await ada.ask("POST", "/auth/with/there/link", json={})).status_code == 403


async def test_what_one_session_began_to_link_is_not_linked_in_another(
    ada: Visitor, resources: Resources
) -> None:
    back = await ada.come_back(await set_out(ada))
    await ada.ask("POST", "/auth/login", json={"username": "ada", "password": PASSWORD})

    answer = await ada.ask("GET", back)

    assert answer.status_code == 410
    assert await identities(resources) == []


async def test_an_account_of_somebody_else_is_not_linked(
    ada: Visitor, liar: LyingProvider, resources: Resources
) -> None:
    await Visitor(ada.url).sign_in()

    answer = await link(ada)

    assert answer.status_code == 409
    assert "belongs to somebody else here already" in answer.text
    assert [name for name, _, _ in await identities(resources)] == ["mallory"]


@pytest.mark.asvs("10.5.4")
async def test_a_lie_links_nothing(ada: Visitor, liar: LyingProvider, resources: Resources) -> None:
    liar.claims = {"aud": "someone-else", "azp": "keiko"}

    assert (await link(ada)).status_code == 401
    assert await identities(resources) == []


async def test_unlinking_takes_the_way_in_and_the_tokens_away(
    ada: Visitor, resources: Resources
) -> None:
    await link(ada)
    (account,) = await accounts(ada)

    answer = await ada.ask("DELETE", f"/api/v1/linked-accounts/{account['id']}")

    assert answer.is_success
    assert await identities(resources) == []


async def test_the_last_way_to_sign_in_is_not_taken_away(attempt: Attempt) -> None:
    await attempt.visitor.sign_in()
    (account,) = await accounts(attempt.visitor)

    answer = await attempt.visitor.ask("DELETE", f"/api/v1/linked-accounts/{account['id']}")

    assert answer.status_code == 409
    assert len(await accounts(attempt.visitor)) == 1


async def test_who_came_by_a_provider_signs_out_there_too_and_once(
    attempt: Attempt, liar: LyingProvider
) -> None:
    visitor = attempt.visitor
    await visitor.sign_in()

    assert (await visitor.ask("POST", "/logout")).is_success

    answer = await visitor.ask("GET", "/login")
    out = urlsplit(answer.headers["location"])
    said = parse_qs(out.query)
    assert answer.headers["location"].startswith(f"{liar.url}/end?")
    assert said["client_id"] == [CLIENT]
    assert said["post_logout_redirect_uri"] == [f"{visitor.url}/login"]
    assert said["id_token_hint"][0].count(".") == 2
    assert (await visitor.ask("GET", "/login")).status_code == 200


async def test_who_came_by_a_password_does_not(ada: Visitor) -> None:
    await link(ada)
    await ada.ask("POST", "/logout")

    assert (await ada.ask("GET", "/login")).status_code == 200


async def test_signing_out_here_does_not_wait_for_a_provider_that_is_away(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    await attempt.visitor.sign_in()
    await resources.redis.flushdb()
    set_up(resources, liar, issuer="http://127.0.0.1:9")

    assert (await attempt.visitor.ask("POST", "/logout")).is_success
    assert await attempt.visitor.who() is None
    assert (await attempt.visitor.ask("GET", "/login")).status_code == 200
