"""GitHub, which speaks OAuth alone: somebody is the number that they have there."""

from typing import Any

import pytest
from starlette.responses import JSONResponse

from app.core.resources import Resources
from tests.fakes.provider import LyingProvider
from tests.providers.conftest import Attempt
from tests.providers.visiting import identities, set_up

EMAILS = [
    {"email": "old@example.org", "primary": False, "verified": True},
    {"email": "octo@example.org", "primary": True, "verified": True},
]


@pytest.fixture
def github(liar: LyingProvider, resources: Resources) -> LyingProvider:
    """A GitHub of one's own."""
    liar.aliases = {"/login/oauth/authorize": "/authorize", "/login/oauth/access_token": "/token"}
    liar.back = {"iss": None}
    liar.answer = {"id_token": None, "refresh_token": None}
    say(liar, user={"id": 583231, "login": "octocat", "name": "Octo"}, emails=EMAILS)
    use(resources, liar, anyone=True)
    return liar


def say(github: LyingProvider, **said: Any) -> None:
    paths = {"user": "/api/v3/user", "emails": "/api/v3/user/emails", "orgs": "/api/v3/user/orgs"}
    github.responses.update({paths[name]: JSONResponse(value) for name, value in said.items()})


def use(resources: Resources, github: LyingProvider, **given: Any) -> None:
    more = {"preset": "github", "issuer": None, "base_url": github.url, "anyone": False}
    set_up(resources, github, **{**more, **given})


async def test_an_account_at_github_is_known_by_its_number(
    attempt: Attempt, github: LyingProvider, resources: Resources
) -> None:
    await attempt.visitor.sign_in()

    assert await attempt.visitor.who() == "octocat"
    assert await identities(resources) == [("octocat", github.url, "583231")]
    assert github.asked[0]["code_challenge_method"] == "S256"


@pytest.mark.parametrize(
    ("emails", "status"),
    [
        (EMAILS, 303),
        ([{**EMAILS[1], "verified": False}], 403),
        (EMAILS[:1], 403),
        ({"message": "no"}, 403),
    ],
)
async def test_a_domain_counts_for_the_verified_primary_address_alone(
    attempt: Attempt, github: LyingProvider, resources: Resources, emails: Any, status: int
) -> None:
    use(resources, github, allowed_domains=["example.org"])
    say(github, emails=emails)

    assert (await attempt.visitor.sign_in()).status_code == status


async def test_organisations_are_groups(
    attempt: Attempt, github: LyingProvider, resources: Resources
) -> None:
    use(resources, github, allowed_groups=["ours"])
    say(github, orgs=[{"login": "ours"}])

    assert (await attempt.visitor.sign_in()).status_code == 303
    assert "read:org" in github.asked[0]["scope"]


@pytest.mark.parametrize("number", [None, "583231", True, 0, -1])
async def test_somebody_without_a_number_is_nobody(
    attempt: Attempt, github: LyingProvider, number: object
) -> None:
    say(github, user={"id": number, "login": "octocat"})

    await attempt.refused("user without a number")
