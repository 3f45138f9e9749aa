"""The pages of the login, and what programs may rely on."""

import html
import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from app.core.clock import now
from app.core.resources import Resources
from app.ui.pages.texts import TEXTS
from app.users.invitations import invite, invite_owner
from app.users.models import Invitation
from app.users.sessions import find_session
from tests.ui.site import Site, open_site
from tests.users.people import PASSWORD, make_user

ADA = {"username": "ada", "password": PASSWORD}
GERMAN_READER = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}


@pytest.fixture
async def site(resources: Resources) -> AsyncIterator[Site]:
    async with open_site(resources) as opened:
        yield opened


def _token(set_cookie: str) -> str:
    return set_cookie.partition("=")[2].partition(";")[0]


async def _owner_link(site: Site) -> str:
    async with site.resources.db.transaction() as session:
        return f"{site.url}/setup/{await invite_owner(session)}"


async def test_a_program_signs_in_with_json(site: Site) -> None:
    user = await make_user(site.resources)
    async with site.client.post(f"{site.url}/auth/login", json=ADA) as answer:
        assert answer.status == 200
        body = await answer.json()
        cookie = answer.headers["Set-Cookie"]
    assert body["success"] is True
    assert body["data"] == {"user_id": str(user.id), "username": "ada", "full_name": None} | {
        "role": "user"
    }
    assert set(body["metadata"]) == {"request_id", "timestamp", "version"}
    assert cookie.startswith("keiko_session=")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert await find_session(site.resources, _token(cookie)) is not None


@pytest.mark.asvs("3.3.1", "3.3.2", "3.3.3", "3.3.4")
async def test_over_https_the_cookie_belongs_to_this_host_alone(resources: Resources) -> None:
    async with open_site(resources) as site:
        await make_user(resources)
        https = {"X-Forwarded-Proto": "https"}
        async with site.client.post(f"{site.url}/auth/login", json=ADA, headers=https) as answer:
            cookie = answer.headers["Set-Cookie"]
        parts = {part.strip() for part in cookie.split(";")}
        assert cookie.startswith("__Host-keiko_session=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= parts
        assert "Domain" not in cookie
        planted = https | {"Cookie": f"keiko_session={_token(cookie)}"}
        async with site.client.get(f"{site.url}/probe", headers=planted) as answer:
            assert (await answer.json())["who"] is None


@pytest.mark.asvs("7.2.4")
async def test_a_session_that_was_planted_is_worth_nothing_after_the_sign_in(site: Site) -> None:
    mallory, _ = await make_user(site.resources, "mallory"), await make_user(site.resources)
    planted = await site.cookie(mallory)
    async with site.client.post(f"{site.url}/auth/login", json=ADA, headers=planted) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert _token(cookie) not in planted["Cookie"]
    async with site.client.get(f"{site.url}/probe", headers=planted) as answer:
        assert (await answer.json())["who"] is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"username": "ada", "password": "wrong password"}, 401, "unauthenticated"),
        ({"username": "nobody", "password": PASSWORD}, 401, "unauthenticated"),
        ({"username": "ada"}, 422, "invalid"),
        ({"username": 1, "password": PASSWORD}, 422, "invalid"),
        (ADA | {"role": "admin"}, 422, "invalid"),
        (["ada"], 422, "invalid"),
    ],
)
async def test_a_refused_sign_in_says_why_in_the_error_body(
    site: Site, body: object, status: int, code: str
) -> None:
    await make_user(site.resources)
    async with site.client.post(f"{site.url}/auth/login", json=body) as answer:
        assert answer.status == status
        error = await answer.json()
        assert (error["success"], error["error"]["code"]) == (False, code)
        assert error["error"]["message"]
        assert "Set-Cookie" not in answer.headers


async def test_who_guesses_is_told_when_to_come_back(site: Site) -> None:
    await make_user(site.resources)
    wrong = {"username": "ada", "password": "wrong password"}
    for _ in range(6):
        async with site.client.post(f"{site.url}/auth/login", json=wrong) as answer:
            assert answer.status == 401
    async with site.client.post(
        f"{site.url}/auth/login", json=ADA, headers=GERMAN_READER
    ) as answer:
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) >= 1
        assert (await answer.json())["error"]["message"].startswith(
            "Zu viele Versuche. Bitte warte"
        )


async def test_a_browser_without_scripts_signs_in_with_the_form(site: Site) -> None:
    await make_user(site.resources)
    async with site.client.get(f"{site.url}/login?next=/thread/7%3Fa%3D1") as answer:
        assert 'name="next" value="/thread/7?a=1"' in await answer.text()
    form = ADA | {"next": "/thread/7?a=1"}
    address = f"{site.url}/auth/login"
    async with site.client.post(address, data=form, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/thread/7?a=1")
        cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    async with site.client.get(
        f"{site.url}/login?next=/thread/7", headers=cookie, allow_redirects=False
    ) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/thread/7")


async def test_a_form_that_was_refused_comes_back_with_the_reason(site: Site) -> None:
    form = {"username": '"><script>ada', "password": "wrong password", "next": "/thread/7"}
    async with site.client.post(
        f"{site.url}/auth/login", data=form, headers=GERMAN_READER
    ) as answer:
        assert answer.status == 401
        text = await answer.text()
    assert "Benutzername oder Passwort ist falsch." in text
    assert html.escape('value="">', quote=False) not in text
    assert 'value="&quot;&gt;&lt;script&gt;ada"' in text
    assert 'name="next" value="/thread/7"' in text
    assert "wrong password" not in text


async def test_a_page_without_a_session_leads_over_the_login_and_back(site: Site) -> None:
    user = await make_user(site.resources)
    address = f"{site.url}/thread/7?a=1&b=%C3%A4"
    async with site.client.get(address, allow_redirects=False) as answer:
        assert answer.status == 303
        login = answer.headers["Location"]
    assert login == "/login?next=/thread/7%3Fa%3D1%26b%3D%25C3%25A4"
    async with site.client.get(site.url + login) as answer:
        assert 'name="next" value="/thread/7?a=1&amp;b=%C3%A4"' in await answer.text()
    async with site.client.get(address, headers=await site.cookie(user)) as answer:
        assert await answer.json() == {"who": "ada"}


@pytest.mark.asvs("3.7.2")
@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\/evil", "/a\nb", "evil", ""],
)
async def test_the_way_on_never_leads_to_another_site(site: Site, wanted: str) -> None:
    await make_user(site.resources)
    form = ADA | {"next": wanted}
    address = f"{site.url}/auth/login"
    async with site.client.post(address, data=form, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/"
    async with site.client.get(f"{site.url}/login", params={"next": wanted}) as answer:
        assert 'name="next" value="/"' in await answer.text()


@pytest.mark.asvs("7.4.4")
@pytest.mark.parametrize("path", ["/auth/logout", "/logout"])
async def test_signing_out_ends_the_session_and_clears_the_cookie(site: Site, path: str) -> None:
    cookie = await site.cookie(await make_user(site.resources))
    async with site.client.post(site.url + path, headers=cookie, json={}) as answer:
        assert (await answer.json())["success"] is True
        cleared = answer.headers.getall("Set-Cookie")
    assert len(cleared) == 2
    assert all("Max-Age=0" in line for line in cleared)
    async with site.client.get(f"{site.url}/user", headers=cookie) as answer:
        assert answer.status == 401


async def test_signing_out_twice_or_as_nobody_is_no_error(site: Site) -> None:
    async with site.client.post(f"{site.url}/auth/logout") as answer:
        assert answer.status == 200
    form = {"next": "/"}
    async with site.client.post(
        f"{site.url}/auth/logout", data=form, allow_redirects=False
    ) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/login")


@pytest.mark.asvs("7.6.2")
async def test_a_foreign_page_can_sign_nobody_in_or_out(site: Site) -> None:
    cookie = await site.cookie(await make_user(site.resources))
    foreign = cookie | {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    for path in ("/auth/login", "/auth/logout", "/logout"):
        async with site.client.post(site.url + path, data=ADA, headers=foreign) as answer:
            assert answer.status == 403
    async with site.client.get(f"{site.url}/probe", headers=cookie) as answer:
        assert (await answer.json())["who"] == "ada"


async def test_the_owner_chooses_name_and_password_and_is_signed_in(site: Site) -> None:
    link = await _owner_link(site)
    async with site.client.get(link) as answer:
        assert answer.status == 200
        assert "Welcome to Keiko" in await answer.text()
    form = ADA | {"password_again": PASSWORD}
    async with site.client.post(link, data=form, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    async with site.client.get(f"{site.url}/probe", headers=cookie) as answer:
        assert (await answer.json())["who"] == "ada"
    async with site.client.post(f"{site.url}/auth/login", json=ADA) as answer:
        assert (await answer.json())["data"]["role"] == "admin"


@pytest.mark.parametrize(
    ("choice", "sentence", "field"),
    [
        ({"password_again": "something else"}, "The two passwords are not", "password_again"),
        ({"password": "short", "password_again": "short"}, "at least 8", "password"),
        ({"password": "password", "password_again": "password"}, "anybody would try", "password"),
        ({"username": " "}, "A user name has", "username"),
    ],
)
async def test_a_bad_choice_is_explained_and_the_link_stays_good(
    site: Site, choice: dict[str, str], sentence: str, field: str
) -> None:
    link = await _owner_link(site)
    sent = ADA | {"password_again": PASSWORD} | choice
    async with site.client.post(link, json=sent) as answer:
        assert answer.status == 422
        error = (await answer.json())["error"]
        assert sentence in error["message"]
        assert error["field"] == field
    async with site.client.post(link, data=sent) as answer:
        assert answer.status == 422
        assert sentence in html.unescape(await answer.text())
    async with site.client.post(link, json=ADA | {"password_again": PASSWORD}) as answer:
        assert answer.status == 200


async def test_a_link_that_was_used_or_is_too_old_says_how_to_get_a_new_one(site: Site) -> None:
    link = await _owner_link(site)
    sent = ADA | {"password_again": PASSWORD}
    async with site.client.post(link, json=sent) as answer:
        assert answer.status == 200
    async with site.resources.db.transaction() as session:
        old = f"{site.url}/setup/{await invite(session)}"
        await session.execute(update(Invitation).values(expires_at=now()))
    for over in (link, old, f"{site.url}/setup/nonsense"):
        async with site.client.get(over) as answer:
            assert answer.status == 410
            assert "./keiko users invite" in await answer.text()
        async with site.client.post(over, data=sent) as answer:
            assert answer.status == 410
            assert "./keiko users invite" in await answer.text()


async def test_the_pages_speak_german_too(site: Site) -> None:
    async with site.client.get(f"{site.url}/login", headers=GERMAN_READER) as answer:
        text = await answer.text()
    assert '<html lang="de">' in text
    assert "Anmelden · Keiko" in text


def test_every_text_is_there_in_both_languages() -> None:
    assert TEXTS["en"].keys() == TEXTS["de"].keys()


async def test_the_pages_allow_no_inline_script_and_no_foreign_host(site: Site) -> None:
    for address in (f"{site.url}/login", await _owner_link(site), f"{site.url}/setup/over"):
        async with site.client.get(address) as answer:
            text = await answer.text()
            policy = answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert not re.search(r"https?://|\sstyle=|\son\w+=|<style|<script>", text)
        assert "$" not in text
