"""The window in which a user of Keiko's tells a site's frame who they are."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.core.resources import Resources
from app.users.models import User
from app.users.service import disable_user
from tests.api.acting import Person, Web, sign_in
from tests.sites.acting import Frame, Shop, open_shop


@pytest.fixture
async def ada(resources: Resources, web: Web) -> AsyncIterator[Person]:
    person = await sign_in(resources, web.url, "ada")
    async with person.http:
        yield person


async def test_a_user_comes_into_a_frame_as_a_visitor_of_their_own(
    ada: Person, frame: Frame, shop: Shop
) -> None:
    await ada.say("A secret")
    ticket = (await ada.done("POST", "/widget/sign-in", {"site_key": shop.key}))["ticket"]
    entered = await frame.come_in(ticket, want_token=True)
    assert entered["user"]["id"] != str(ada.user_id)
    assert (entered["user"]["name"], entered["user"]["is_anonymous"]) == ("ada", False)
    frame.headers["Authorization"] = f"Bearer {entered['token']}"
    assert (await frame.done("GET", "/threads"))["items"] == []


async def test_only_a_person_at_a_browser_gets_such_a_ticket(ada: Person, shop: Shop) -> None:
    scopes = ["chats:read", "chats:write"]
    key = (await ada.done("POST", "/api-keys", {"name": "Mine", "scopes": scopes}))["key"]
    body = {"site_key": shop.key}
    async with httpx.AsyncClient(base_url=shop.url) as http:
        assert (await http.post("/api/v1/widget/sign-in", json=body)).status_code == 401
        bearer = {"Authorization": f"Bearer {key}"}
        answer = await http.post("/api/v1/widget/sign-in", json=body, headers=bearer)
        assert answer.status_code == 403
    foreign = {"Origin": "https://shop.example", "Sec_Fetch_Site": "cross-site"}
    assert (await ada.ask("POST", "/widget/sign-in", body, **foreign)).status_code == 403


async def test_a_ticket_of_the_window_is_for_one_site(
    ada: Person, frame: Frame, resources: Resources, admin: User
) -> None:
    other = await open_shop(resources, frame.shop.url, admin, name="Other")
    ticket = (await ada.done("POST", "/widget/sign-in", {"site_key": other.key}))["ticket"]
    body = {"host_origin": "https://shop.example", "ticket": ticket}
    assert (await frame.refused("POST", "/widget/session", body))[0] == 401
    unknown = {"site_key": "kw_" + "x" * 22}
    assert (await ada.refused("POST", "/widget/sign-in", unknown))[0] == 404


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Continue as ada"), ("de", "Weiter als ada")]
)
async def test_the_window_says_to_whom_and_as_whom(
    ada: Person, shop: Shop, language: str, said: str
) -> None:
    asked = {"Accept-Language": language}
    answer = await ada.http.get(f"/w/{shop.key}/sign-in", headers=asked)
    assert answer.status_code == 200
    assert said in answer.text
    assert "https://shop.example" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-opener-policy"] == "unsafe-none"


async def test_who_is_not_signed_in_gets_there_over_the_login_without_losing_the_frame(
    shop: Shop,
) -> None:
    path = f"/w/{shop.key}/sign-in"
    async with httpx.AsyncClient(base_url=shop.url) as http:
        answer = await http.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
        assert answer.headers["cross-origin-opener-policy"] == "unsafe-none"
        login = await http.get(answer.headers["location"])
        assert login.headers["cross-origin-opener-policy"] == "unsafe-none"
        ordinary = await http.get("/login")
        assert ordinary.headers["cross-origin-opener-policy"] == "same-origin"


async def test_there_is_no_window_for_a_site_that_there_is_not(ada: Person, shop: Shop) -> None:
    answer = await ada.http.get(f"/w/kw_{'x' * 22}/sign-in")
    assert answer.status_code == 404
    framed = {"Sec-Fetch-Dest": "iframe"}
    assert (await ada.http.get(f"/w/{shop.key}/sign-in", headers=framed)).status_code == 404


async def test_who_is_signed_out_everywhere_is_so_in_frames_too(
    ada: Person, frame: Frame, resources: Resources
) -> None:
    ticket = (await ada.done("POST", "/widget/sign-in", {"site_key": frame.shop.key}))["ticket"]
    await frame.come_in(ticket)
    async with resources.db.transaction() as session:
        await disable_user(session, resources, ada.user_id)
    assert (await frame.refused("GET", "/threads"))[0] == 401
