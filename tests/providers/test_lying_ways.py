"""An identity provider that lies on the way: about itself, and in whom it sends back."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from starlette.responses import PlainTextResponse, RedirectResponse
from structlog.testing import capture_logs

from app.core.resources import Resources
from tests.fakes.provider import LyingProvider, huge
from tests.providers.conftest import Attempt
from tests.providers.visiting import Visitor, set_up

SOMEBODY_ELSE = "https://accounts.example.org"


@pytest.mark.asvs("10.2.2")
@pytest.mark.parametrize("iss", [None, SOMEBODY_ELSE, ""])
async def test_whoever_comes_back_from_another_issuer_is_refused(
    attempt: Attempt, liar: LyingProvider, iss: str | None
) -> None:
    liar.back = {"iss": iss}

    await attempt.refused("callback issuer" if iss is not None else "callback without issuer")

    assert liar.exchanged == []


@pytest.mark.asvs("10.5.3")
@pytest.mark.parametrize("issuer", [SOMEBODY_ELSE, "", None, 5])
async def test_metadata_of_another_issuer_are_refused(
    attempt: Attempt, liar: LyingProvider, issuer: object
) -> None:
    liar.metadata = {"issuer": issuer}

    answer = await attempt.visitor.ask("GET", "/auth/with/there")

    await attempt.nobody_came(answer, 503)
    assert "not what Keiko expects" in answer.text


@pytest.mark.asvs("10.5.3")
async def test_metadata_of_the_same_issuer_with_a_slash_are_another_s(
    attempt: Attempt, liar: LyingProvider
) -> None:
    liar.metadata = {"issuer": liar.url + "/"}

    await attempt.nobody_came(await attempt.visitor.ask("GET", "/auth/with/there"), 503)


INSIDE = [
    "http://169.254.169.254/latest/meta-data",
    "https://10.0.0.7/token",
    "http://example.org/token",
    "file:///etc/passwd",
    "https://user:password@example.org/token",
    "https://[::ffff:10.0.0.7]/token",
    7,
]


@pytest.mark.asvs("1.3.6")
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("authorization_endpoint", "javascript:alert(1)"),
        ("jwks_uri", "https://10.0.0.7/keys"),
        ("userinfo_endpoint", "http://example.org/me"),
        *(("token_endpoint", url) for url in INSIDE),
    ],
)
async def test_metadata_that_lead_inside_or_to_where_others_listen_are_refused(
    attempt: Attempt, liar: LyingProvider, name: str, url: object
) -> None:
    liar.metadata = {name: url}

    await attempt.nobody_came(await attempt.visitor.ask("GET", "/auth/with/there"), 503)


@pytest.mark.asvs("1.3.6", "15.3.2")
@pytest.mark.parametrize("path", ["/token", "/keys", "/me", "/.well-known/openid-configuration"])
async def test_nobody_is_followed_elsewhere(
    attempt: Attempt, liar: LyingProvider, path: str
) -> None:
    liar.responses[path] = RedirectResponse(f"{liar.url}/elsewhere", 307)

    if path.startswith("/.well-known"):
        await attempt.nobody_came(await attempt.visitor.ask("GET", "/auth/with/there"), 503)
    else:
        await attempt.nobody_came(await attempt.visitor.sign_in(), 503)

    assert "/elsewhere" not in liar.fetched


@pytest.mark.parametrize("path", ["/token", "/keys", "/me"])
async def test_an_answer_of_many_megabytes_is_not_read_to_its_end(
    attempt: Attempt, liar: LyingProvider, path: str
) -> None:
    liar.responses[path] = huge()

    answer = await attempt.visitor.sign_in()

    assert answer.status_code in (401, 503)
    assert await attempt.visitor.who() is None


async def test_a_provider_that_does_not_answer_is_waited_for_no_longer_than_allowed(
    attempt: Attempt, liar: LyingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.users.providers.wire.SECONDS", 0.2)
    liar.slow = 30

    await attempt.nobody_came(await attempt.visitor.sign_in(), 503)


@pytest.mark.parametrize(
    "keys", [{}, [], {"keys": "all"}, {"keys": [{}] * 51}, {"keys": [{"kty": "oct", "k": "AAAA"}]}]
)
async def test_keys_that_are_none_are_refused(
    attempt: Attempt, liar: LyingProvider, keys: object
) -> None:
    liar.keys = keys

    answer = await attempt.visitor.sign_in()

    await attempt.nobody_came(answer, 401)


async def test_an_answer_that_is_no_json_is_refused(attempt: Attempt, liar: LyingProvider) -> None:
    liar.responses["/token"] = PlainTextResponse("access_token=at&id_token=x")

    await attempt.refused("token answer is not an object")


@pytest.mark.asvs("10.1.2", "10.2.1")
async def test_a_sign_in_is_good_once(attempt: Attempt, liar: LyingProvider) -> None:
    visitor = attempt.visitor
    back = await visitor.come_back(await visitor.set_out())
    before = httpx.Cookies(visitor.cookies)
    await visitor.ask("GET", back)
    again = Visitor(visitor.url, cookies=before)

    answer = await again.ask("GET", back)

    assert (answer.status_code, await again.who()) == (404, None)
    assert len(liar.exchanged) == 1


@pytest.mark.asvs("10.1.2", "10.2.1")
async def test_a_sign_in_is_good_in_the_browser_that_began_it_alone(
    attempt: Attempt, liar: LyingProvider
) -> None:
    back = await attempt.visitor.come_back(await attempt.visitor.set_out())
    other = Visitor(attempt.visitor.url)

    answer = await other.ask("GET", back)

    assert (answer.status_code, await other.who(), liar.exchanged) == (404, None, [])


@pytest.mark.asvs("10.2.1")
async def test_another_s_state_is_of_no_use_to_a_browser_with_a_sign_in_of_its_own(
    attempt: Attempt, liar: LyingProvider
) -> None:
    stolen = await attempt.visitor.come_back(await attempt.visitor.set_out())
    other = Visitor(attempt.visitor.url)
    await other.set_out()

    answer = await other.ask("GET", stolen)

    assert (answer.status_code, await other.who()) == (404, None)


@pytest.mark.asvs("10.2.1")
async def test_the_code_of_another_sign_in_is_of_no_use(
    attempt: Attempt, liar: LyingProvider
) -> None:
    stolen = await Visitor(attempt.visitor.url).set_out()
    code = dict(parse_qsl(urlsplit(await attempt.visitor.come_back(stolen)).query))["code"]
    back = _with(await attempt.visitor.come_back(await attempt.visitor.set_out()), code=code)

    with capture_logs() as lines:
        answer = await attempt.visitor.ask("GET", back)

    await attempt.nobody_came(answer, 401)
    assert [line["error"] for line in lines if "error" in line] == ["invalid_grant"]


@pytest.mark.asvs("10.2.2")
async def test_what_one_provider_gave_is_of_no_use_at_the_way_back_of_another(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, name="elsewhere")
    back = await attempt.visitor.come_back(await attempt.visitor.set_out())

    answer = await attempt.visitor.ask("GET", back.replace("/there/", "/elsewhere/"))

    await attempt.nobody_came(answer, 404)


@pytest.mark.asvs("10.2.1")
async def test_each_sign_in_has_a_state_a_nonce_and_a_challenge_of_its_own(
    attempt: Attempt, liar: LyingProvider
) -> None:
    for _ in range(3):
        await attempt.visitor.come_back(await attempt.visitor.set_out())

    for name in ("state", "nonce", "code_challenge"):
        found = {asked[name] for asked in liar.asked}
        assert len(found) == 3
        assert min(map(len, found)) >= 43
    assert {asked["code_challenge_method"] for asked in liar.asked} == {"S256"}
    assert {asked["response_type"] for asked in liar.asked} == {"code"}


async def test_what_must_stay_secret_is_not_in_the_browser_s_hands(
    attempt: Attempt, liar: LyingProvider
) -> None:
    at = await attempt.visitor.set_out()
    held = "".join(cookie.value or "" for cookie in attempt.visitor.cookies.jar)
    await attempt.visitor.ask("GET", await attempt.visitor.come_back(at))

    verifier = liar.exchanged[0]["code_verifier"]
    assert verifier not in at + held
    assert liar.asked[0]["nonce"] not in held
    assert liar.asked[0]["state"] not in held


@pytest.mark.asvs("1.3.1", "16.4.1")
async def test_words_of_the_provider_about_an_error_stand_on_no_page(
    attempt: Attempt, liar: LyingProvider
) -> None:
    evil = "<script>alert(1)</script>\nCall 0900-1234"
    liar.back = {"code": None, "error": evil, "error_description": evil, "error_uri": "//evil"}

    answer = await attempt.visitor.sign_in()

    await attempt.nobody_came(answer, 401)
    assert "alert(1)" not in answer.text
    assert "0900" not in answer.text
    assert "The sign-in ended with an error at There." in answer.text


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        ("access_denied", 401, "It was not allowed at There"),
        ("temporarily_unavailable", 503, "There cannot sign you in at the moment"),
        ("login_required", 401, "The sign-in ended with an error at There"),
    ],
)
async def test_what_the_provider_refuses_is_said_in_words_of_ours(
    attempt: Attempt, liar: LyingProvider, error: str, status: int, sentence: str
) -> None:
    liar.back = {"code": None, "error": error}

    answer = await attempt.visitor.sign_in()

    await attempt.nobody_came(answer, status)
    assert sentence in answer.text


async def test_names_are_made_plain_before_anybody_sees_them(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    liar.person = {
        "preferred_username": "ma\u202ello\x00ry\n" + "y" * 5_000,
        "name": "<b>Mallory</b>\u200b\r\nX: y" + "z" * 70_00,
        "email": "a@b.c\r\nBcc: all@example.org",
        "email_verified": True,
    }

    await attempt.visitor.sign_in()

    username = await attempt.visitor.who()
    assert username is not None
    assert username.startswith("mallory")
    assert len(username) <= 64
    profile = (await attempt.visitor.ask("GET", "/api/v1/me")).json()["data"]
    assert profile["full_name"].startswith("<b>Mallory</b> X: yzzz")
    assert len(profile["full_name"]) <= 100


async def test_somebody_with_the_name_of_an_account_here_gets_another_name(
    attempt: Attempt, liar: LyingProvider
) -> None:
    liar.person = {"preferred_username": "OWNER"}

    await attempt.visitor.sign_in()

    assert await attempt.visitor.who() == "OWNER-2"


def _with(url: str, **more: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **more})))
