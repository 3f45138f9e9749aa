"""Whose account it is whom a provider vouches for, who may come in, and as what."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from app.core.resources import Resources
from app.users.invitations import invite
from app.users.models import Role, Session, User
from app.users.service import NewUser, create_user, disable_user
from tests.fakes.provider import LyingProvider, open_provider
from tests.providers.conftest import Attempt
from tests.providers.visiting import Visitor, identities, set_up

Given = dict[str, Any]


async def role_of(resources: Resources, username: str) -> Role | None:
    async with resources.db.transaction() as session:
        role: Role | None = await session.scalar(select(User.role).where(User.username == username))
        return role


async def give_role(resources: Resources, username: str, role: Role) -> None:
    async with resources.db.transaction() as session:
        await session.execute(update(User).where(User.username == username).values(role=role))


async def test_who_signs_in_goes_on_where_they_wanted(attempt: Attempt) -> None:
    answer = await attempt.visitor.sign_in("/auth/with/there?next=/work/tasks")

    assert (answer.status_code, answer.headers["location"]) == (303, "/work/tasks")


@pytest.mark.asvs("3.7.2")
@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_nobody_goes_on_to_another_site(attempt: Attempt, next: str) -> None:
    answer = await attempt.visitor.sign_in(f"/auth/with/there?next={next}")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.asvs("10.5.2", "6.8.1")
async def test_an_account_is_known_by_issuer_and_subject_whatever_else_changes(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    await attempt.visitor.sign_in()
    liar.person = {"preferred_username": "renamed", "email": "other@example.org"}
    second = Visitor(attempt.visitor.url)

    await second.sign_in()

    assert await second.who() == "mallory"
    assert await identities(resources) == [("mallory", liar.url, "alice-1")]


@pytest.mark.asvs("6.8.1")
async def test_one_subject_at_two_providers_is_two_people(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    async with open_provider() as second:
        second.person = liar.person
        set_up(resources, second, name="second")
        await attempt.visitor.sign_in()
        other = Visitor(attempt.visitor.url)

        await other.sign_in("/auth/with/second")

        assert (await attempt.visitor.who(), await other.who()) == ("mallory", "mallory-2")


@pytest.mark.asvs("6.8.1")
async def test_nobody_becomes_somebody_by_an_e_mail_address(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    async with resources.db.transaction() as session:
        await create_user(session, NewUser(username="ada", email="ada@example.org"))
    liar.person = {"email": "ada@example.org", "email_verified": True}

    await attempt.visitor.sign_in()

    assert await attempt.visitor.who() == "ada-2"


GROUP = {"groups": ["staff", "other"]}
MAIL = {"email": "m@Example.org", "email_verified": True}
LET_IN: list[tuple[Given, Given]] = [
    ({"anyone": True}, {}),
    ({"allowed_groups": ["staff"]}, GROUP),
    ({"allowed_groups": ["one"], "groups_claim": "groups"}, {"groups": "one"}),
    ({"allowed_groups": ["x"], "groups_claim": "realm.roles"}, {"realm": {"roles": ["x"]}}),
    ({"allowed_domains": ["example.org"]}, MAIL),
    ({"allowed_domains": ["example.org"], "allowed_groups": ["staff"]}, GROUP),
]
LEFT_OUT: list[tuple[Given, Given]] = [
    ({}, {**GROUP, **MAIL}),
    ({"roles": {"staff": "admin"}}, GROUP),
    ({"allowed_groups": ["admins"]}, GROUP),
    ({"allowed_groups": ["sta"]}, {"groups": "staff"}),
    ({"allowed_domains": ["example.org"]}, {**MAIL, "email_verified": False}),
    ({"allowed_domains": ["example.org"]}, {**MAIL, "email_verified": "true"}),
    ({"allowed_domains": ["example.org"]}, {"email": "m@example.org"}),
    ({"allowed_domains": ["example.org"]}, {**MAIL, "email": "m@evil.example.org"}),
    ({"allowed_domains": ["example.org"]}, {**MAIL, "email": "m@example.org@evil.com"}),
    ({"allowed_domains": ["example.org"]}, {**MAIL, "email": "m@example.org.evil.com"}),
    ({"anyone": True, "new_accounts": False}, {}),
]


@pytest.mark.parametrize(("rules", "person"), LET_IN)
async def test_whom_the_operator_s_rules_let_in_gets_an_account(
    attempt: Attempt, liar: LyingProvider, resources: Resources, rules: Given, person: Given
) -> None:
    set_up(resources, liar, **{"anyone": False, **rules})
    liar.person = {"preferred_username": "mallory", **person}

    await attempt.visitor.sign_in()

    assert await attempt.visitor.who() == "mallory"


@pytest.mark.parametrize(("rules", "person"), LEFT_OUT)
async def test_everybody_else_gets_none(
    attempt: Attempt, liar: LyingProvider, resources: Resources, rules: Given, person: Given
) -> None:
    set_up(resources, liar, **{"anyone": False, **rules})
    liar.person = {"preferred_username": "mallory", **person}

    answer = await attempt.visitor.sign_in()

    await attempt.nobody_came(answer, 403)
    assert "Ask whoever runs this Keiko for an invitation" in answer.text


async def test_who_is_out_of_the_group_comes_in_no_more(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, anyone=False, allowed_groups=["staff"])
    liar.person = {"groups": ["staff"]}
    await attempt.visitor.sign_in()
    liar.person = {"groups": []}

    answer = await Visitor(attempt.visitor.url).sign_in()

    assert answer.status_code == 403


async def test_an_invitation_lets_in_whom_no_rule_does_with_its_role_and_once(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, anyone=False)
    async with resources.db.transaction() as session:
        token = await invite(session, Role.OPERATOR)
    page = await attempt.visitor.ask("GET", f"/setup/{token}")
    assert f"/auth/with/there?invitation={token}" in page.text

    await attempt.visitor.sign_in(f"/auth/with/there?invitation={token}")

    assert await attempt.visitor.who() == "mallory"
    assert await role_of(resources, "mallory") is Role.OPERATOR
    liar.sub = "somebody-else"
    second = await Visitor(attempt.visitor.url).sign_in(f"/auth/with/there?invitation={token}")
    assert second.status_code in (404, 410)


async def test_an_account_that_is_shut_stays_out(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    await attempt.visitor.sign_in()
    async with resources.db.transaction() as session:
        id = await session.scalar(select(User.id).where(User.username == "mallory"))
        assert id is not None
        await disable_user(session, resources, id)
    second = Visitor(attempt.visitor.url)

    answer = await second.sign_in()

    assert (answer.status_code, await second.who()) == (401, None)


async def test_groups_give_roles_at_every_sign_in_and_a_change_ends_other_sessions(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, roles={"bosses": "admin", "staff": "operator"}, default_role="viewer")
    await give_role(resources, "owner", Role.ADMIN)
    liar.person = {"preferred_username": "mallory", "groups": ["staff", "bosses"]}
    await attempt.visitor.sign_in()
    assert await role_of(resources, "mallory") is Role.ADMIN
    liar.person = {"groups": []}
    second = Visitor(attempt.visitor.url)

    await second.sign_in()

    assert await role_of(resources, "mallory") is Role.VIEWER
    assert (await attempt.visitor.who(), await second.who()) == (None, "mallory")


async def test_the_last_admin_stays_one_whatever_the_groups_say(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, roles={"bosses": "admin"})
    liar.person = {"preferred_username": "mallory", "groups": ["bosses"]}
    await attempt.visitor.sign_in()
    await give_role(resources, "owner", Role.USER)
    liar.person = {}

    await Visitor(attempt.visitor.url).sign_in()

    assert await role_of(resources, "mallory") is Role.ADMIN


@pytest.mark.asvs("6.8.4")
@pytest.mark.parametrize(
    ("trusted", "amr", "expected"),
    [
        (True, ["pwd", "otp"], ["fed", "mfa"]),
        (True, ["pwd"], ["fed"]),
        (False, ["pwd", "mfa"], ["fed"]),
        (True, "mfa", ["fed"]),
    ],
)
async def test_a_second_factor_there_counts_where_the_operator_trusts_it(
    attempt: Attempt,
    liar: LyingProvider,
    resources: Resources,
    *,
    trusted: bool,
    amr: object,
    expected: list[str],
) -> None:
    set_up(resources, liar, trusts_second_factor=trusted)
    liar.claims = {"amr": amr} if isinstance(amr, list) else {}
    liar.userinfo = {"amr": ["mfa"]}

    await attempt.visitor.sign_in()

    async with resources.db.transaction() as session:
        assert await session.scalar(select(Session.amr)) == expected


@pytest.mark.asvs("6.3.3", "6.8.4")
async def test_who_must_have_a_second_factor_is_asked_for_ours(
    attempt: Attempt, liar: LyingProvider, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources.settings, "second_factor", ["user"])

    answer = await attempt.visitor.sign_in()

    assert answer.headers["location"].startswith("/login/set-up")
    assert await attempt.visitor.who() is None


async def test_two_first_visits_at_once_make_one_account(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    visitors = [Visitor(attempt.visitor.url) for _ in range(3)]

    await asyncio.gather(*(visitor.sign_in() for visitor in visitors))

    assert [await visitor.who() for visitor in visitors] == ["mallory"] * 3
    async with resources.db.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 2


@pytest.mark.asvs("3.5.1")
async def test_another_site_cannot_send_somebody_off_to_sign_in(attempt: Attempt) -> None:
    attempt.visitor.headers = {"Sec-Fetch-Site": "cross-site"}

    answer = await attempt.visitor.ask("GET", "/auth/with/there?next=/work/tasks")

    assert answer.headers["location"] == "/login?next=%2Fwork%2Ftasks"
    assert "set-cookie" not in answer.headers


async def test_a_password_opens_while_the_provider_is_away(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, issuer="http://127.0.0.1:9")

    answer = await attempt.visitor.ask("GET", "/auth/with/there")

    assert answer.status_code == 503
    assert "There does not answer at the moment. Sign in another way" in answer.text
    assert 'name="password"' in answer.text


async def test_nobody_signs_in_at_a_provider_that_there_is_not(attempt: Attempt) -> None:
    answer = await attempt.visitor.ask("GET", "/auth/with/nowhere")

    assert answer.status_code == 404


async def test_german_readers_get_german_sentences(attempt: Attempt, liar: LyingProvider) -> None:
    attempt.visitor.headers = {"Accept-Language": "de"}
    liar.claims = {"aud": "someone-else"}

    answer = await attempt.visitor.sign_in()

    assert "There hat etwas geschickt, dem Keiko nicht traut" in answer.text
    page: httpx.Response = await attempt.visitor.ask("GET", "/login")
    assert "Mit There anmelden" in page.text
