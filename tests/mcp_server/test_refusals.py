"""Each lie of a program is refused, and what follows from it happens."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from app.core.clock import now
from app.core.resources import Resources
from app.oauth import clients
from app.oauth.models import OAuthClient, OAuthCode, OAuthGrant, OAuthToken
from app.users.service import disable_user
from tests.api.acting import Person, Web
from tests.mcp_server.visiting import BACK, Program, hidden, pkce

NOT_ITS_ADDRESS = "an address that it has not named before"


async def refused(answer: httpx.Response, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text


async def too_late(resources: Resources, model: Any) -> None:
    async with resources.db.transaction() as session:
        await session.execute(update(model).values(expires_at=now() - timedelta(seconds=1)))


@pytest.mark.asvs("10.4.6")
async def test_a_code_opens_nothing_without_its_verifier(program: Program, ada: Person) -> None:
    code = await program.get_code(ada)
    await refused(await program.exchange(code, code_verifier=pkce()[0]), "invalid_grant")
    await refused(await program.exchange(code), "invalid_grant")


@pytest.mark.asvs("10.4.4", "10.4.6")
async def test_without_a_challenge_or_with_a_plain_one_nobody_is_asked(
    program: Program, ada: Person
) -> None:
    for lie in ({"code_challenge": None}, {"code_challenge_method": "plain"},
                {"code_challenge_method": None}, {"code_challenge": "short"}):  # fmt: skip
        answer = await program.ask(ada, **lie)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"{BACK}?error=invalid_request")


@pytest.mark.asvs("10.4.2")
async def test_a_code_that_is_shown_twice_ends_what_the_first_gave(
    program: Program, ada: Person
) -> None:
    code = await program.get_code(ada)
    first = await program.exchange(code)
    program.tokens = first.json()
    assert (await program.request("ping")).status_code == 200
    await refused(await program.exchange(code), "invalid_grant")
    assert (await program.request("ping")).status_code == 401
    await refused(await program.refresh(), "invalid_grant")


async def test_a_code_is_for_its_client_its_address_and_this_resource(
    program: Program, ada: Person
) -> None:
    for lie, error in (
        ({"client_id": "another"}, "invalid_grant"),
        ({"redirect_uri": f"{BACK}/else"}, "invalid_grant"),
        ({"resource": "https://example.com/mcp"}, "invalid_target"),
    ):
        await refused(await program.exchange(await program.get_code(ada), **lie), error)


@pytest.mark.asvs("10.4.3")
async def test_a_code_lasts_a_minute(program: Program, ada: Person, resources: Resources) -> None:
    code = await program.get_code(ada)
    await too_late(resources, OAuthCode)
    await refused(await program.exchange(code), "invalid_grant")


async def test_another_resource_is_not_asked_for_here(program: Program, ada: Person) -> None:
    answer = await program.ask(ada, resource="https://example.com/mcp")
    assert "error=invalid_target" in answer.headers["location"]
    assert "iss=" in answer.headers["location"] and "state=its+own" in answer.headers["location"]
    answer = await program.ask(ada, scope="everything")
    assert "error=invalid_scope" in answer.headers["location"]


@pytest.mark.asvs("3.7.2")
async def test_nobody_is_sent_to_the_web_without_having_been_asked(
    program: Program, ada: Person
) -> None:
    program.redirect_uri = "https://evil.example/back"
    await program.register()
    answer = await program.ask(ada, scope="everything")
    assert answer.status_code == 400 and "(invalid_scope)" in answer.text
    assert (await program.ask_and_decide(ada, "refuse"))["error"] == "access_denied"


@pytest.mark.asvs("10.4.1")
@pytest.mark.parametrize(
    "lie",
    ["https://evil.example/back", f"{BACK}/", f"{BACK}?more=1", "http://127.0.0.1.evil.example/back",
     "http://localhost:33418/back", "http://user@127.0.0.1:33418/back"],
)  # fmt: skip
async def test_an_address_that_was_not_registered_gets_nothing(
    program: Program, ada: Person, lie: str
) -> None:
    answer = await program.ask(ada, redirect_uri=lie)
    assert answer.status_code == 400 and NOT_ITS_ADDRESS in answer.text


async def test_a_program_on_the_users_machine_may_listen_on_any_port(
    program: Program, ada: Person
) -> None:
    program.redirect_uri = BACK.replace("33418", "50123")
    await program.come_in(ada)
    assert (await program.request("ping")).status_code == 200


@pytest.mark.asvs("10.4.7")
@pytest.mark.parametrize(
    "uri",
    ["javascript:alert(1)", "data:text/html,x", "http://example.com/back", "https://x/back#part",
     "https://a@example.com/", "file:///etc/passwd", "", "https://exa mple.com/",
     "https://example.com;script-src/", "https://example.com/;script-src *", "no address"],
)  # fmt: skip
async def test_what_no_browser_should_be_sent_to_is_not_registered(
    program: Program, uri: str
) -> None:
    answer = await program.register(redirect_uris=[uri])
    await refused(answer, "invalid_redirect_uri")


@pytest.mark.asvs("10.4.5")
async def test_a_refresh_token_is_good_once_and_shown_again_ends_the_family(
    guest: Program,
) -> None:
    old = guest.tokens
    renewed = await guest.refresh()
    assert renewed.status_code == 200
    guest.tokens = renewed.json()
    assert guest.tokens["refresh_token"] != old["refresh_token"]
    assert (await guest.request("ping")).status_code == 200
    await refused(await guest.refresh(old["refresh_token"]), "invalid_grant")
    assert (await guest.request("ping")).status_code == 401
    await refused(await guest.refresh(), "invalid_grant")


@pytest.mark.asvs("10.4.11")
async def test_a_refresh_token_is_for_its_client_and_gives_no_more_than_was_granted(
    program: Program, ada: Person
) -> None:
    await program.come_in(ada, scope="read")
    await refused(await program.refresh(client_id="another"), "invalid_grant")
    await refused(await program.refresh(scope="read write"), "invalid_scope")
    await refused(await program.refresh(resource="https://example.com/mcp"), "invalid_target")
    assert (await program.refresh()).json()["scope"] == "read"


@pytest.mark.asvs("9.2.1", "10.4.8")
async def test_tokens_end_with_their_time(guest: Program, resources: Resources) -> None:
    await too_late(resources, OAuthToken)
    answer = await guest.request("ping")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    await refused(await guest.refresh(), "invalid_grant")


async def test_a_disabled_users_tokens_stop_at_once(
    guest: Program, ada: Person, resources: Resources
) -> None:
    async with resources.db.transaction() as session:
        await disable_user(session, resources, ada.user_id)
    assert (await guest.request("ping")).status_code == 401
    await refused(await guest.refresh(), "invalid_grant")


async def test_a_token_that_is_given_back_opens_nothing(guest: Program, ada: Person) -> None:
    def said(name: str, client: str = guest.client_id) -> dict[str, str]:
        return {"token": guest.tokens[name], "client_id": client}

    foreign = await guest.http.post("/oauth/revoke", data=said("access_token", "another"))
    assert foreign.status_code == 200 and (await guest.request("ping")).status_code == 200
    await guest.http.post("/oauth/revoke", data=said("access_token"))
    assert (await guest.request("ping")).status_code == 401
    guest.tokens = (await guest.refresh()).json()
    await guest.http.post("/oauth/revoke", data=said("refresh_token"))
    assert (await guest.request("ping")).status_code == 401
    await refused(await guest.refresh(), "invalid_grant")


@pytest.mark.asvs("9.2.2")
async def test_what_is_no_token_is_not_one(guest: Program, web: Web) -> None:
    cookie = {"Authorization": "Bearer x"}
    for header in (
        "",
        "Basic eDp5",
        "Bearer",
        "Bearer x",
        f"Bearer {guest.tokens['refresh_token']}",
    ):
        answer = await guest.post({}, Authorization=header)
        assert answer.status_code == 401, header
    assert (await guest.http.get("/mcp", headers=cookie)).status_code == 401
    token = guest.tokens["access_token"]
    async with httpx.AsyncClient(base_url=web.url) as http:
        assert (await http.post(f"/mcp?access_token={token}", json={})).status_code == 401


@pytest.mark.asvs("9.2.2")
async def test_a_users_cookie_is_no_token(ada: Person) -> None:
    assert (await ada.http.post("/mcp", json={})).status_code == 401


@pytest.mark.asvs("9.2.3", "10.3.1")
async def test_a_token_is_for_the_address_that_it_was_given_for(guest: Program) -> None:
    port = guest.url.rpartition(":")[2]
    answer = await guest.request("ping")
    assert answer.status_code == 200
    answer = await guest.post(
        {"jsonrpc": "2.0", "id": 1, "method": "ping"}, Host=f"localhost:{port}"
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "a@127.0.0.1"])
async def test_a_name_that_was_made_to_lead_here_is_told_nothing(guest: Program, host: str) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    own = {"Host": host, "Origin": f"http://{host}"} if host else {"Host": host}
    answer = await guest.post(ping, **own)
    assert answer.status_code in (400, 403)
    for path in (
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
    ):
        answer = await guest.http.get(path, headers={"Host": host})
        assert answer.status_code in (400, 403)


async def test_a_foreign_page_is_refused(guest: Program) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for origin in ("https://evil.example", "null", guest.url.replace("http", "https")):
        assert (await guest.post(ping, Origin=origin)).status_code == 403, origin
    assert (await guest.post(ping, Origin=guest.url)).status_code == 200


@pytest.mark.asvs("10.7.1")
async def test_consent_counts_only_from_the_page_that_was_shown_to_this_session(
    program: Program, ada: Person, bob: Person, resources: Resources
) -> None:
    form = hidden((await program.ask(ada, scope="read")).text) | {"decision": "allow"}
    more = form["request"].replace("scope=read", "scope=read+write")
    lies: tuple[tuple[Person, dict[str, str], dict[str, str]], ...] = (
        (ada, form | {"seal": ""}, {}),
        (ada, form | {"request": more, "write": "yes"}, {}),
        (bob, form, {}),
        (ada, form, {"Origin": "https://evil.example"}),
        (ada, form, {"Sec-Fetch-Site": "cross-site"}),
    )
    for person, said, headers in lies:
        answer = await person.http.post("/oauth/authorize", data=said, headers=headers)
        assert answer.status_code == 403
    async with resources.db.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(OAuthGrant)) == 0


@pytest.mark.asvs("1.2.1")
async def test_the_page_cannot_be_framed_and_leads_to_the_program_alone(
    program: Program, ada: Person
) -> None:
    policy = (await program.ask(ada)).headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:33418;" in policy


async def test_a_no_is_told_to_the_program_and_gives_nothing(program: Program, ada: Person) -> None:
    told = await program.ask_and_decide(ada, "refuse")
    assert told["error"] == "access_denied" and "code" not in told
    assert (told["state"], told["iss"]) == ("its own", program.url)


async def test_programs_that_nobody_lets_in_are_forgotten(
    program: Program, ada: Person, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    await program.come_in(ada)
    monkeypatch.setattr(clients, "MOST_UNUSED", 3)
    kept = program.client_id
    for number in range(6):
        await program.register(client_name=f"Number {number}")
    async with resources.db.transaction() as session:
        found = set(await session.scalars(select(OAuthClient.name)))
    assert found == {"Other", "Number 3", "Number 4", "Number 5"}
    program.client_id = kept
    assert (await program.refresh()).status_code == 200


async def test_a_program_that_is_not_known_is_told_to_its_user(
    program: Program, ada: Person
) -> None:
    for unknown in ("nobody", "\x00", "", "https://127.0.0.1/program", "https://nowhere.invalid"):
        answer = await program.ask(ada, client_id=unknown)
        assert answer.status_code in (400, 404, 503), unknown
        assert "cannot be let in" in answer.text


@pytest.mark.asvs("15.3.7")
async def test_requests_for_tokens_are_small_forms_that_say_each_thing_once(
    program: Program,
) -> None:
    twice = "grant_type=refresh_token&client_id=a&client_id=b"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await program.http.post("/oauth/token", content=twice, headers=form)
    await refused(answer, "invalid_request")
    await refused(await program.http.post("/oauth/token", json={}), "invalid_request")
    large = "grant_type=refresh_token&refresh_token=" + "x" * 70_000
    answer = await program.http.post("/oauth/token", content=large, headers=form)
    await refused(answer, "invalid_request", 413)
    answer = await program.http.post("/oauth/token", data={"grant_type": "password"})
    await refused(answer, "unsupported_grant_type")
    await refused(
        await program.http.post("/oauth/register", content="{"), "invalid_client_metadata"
    )
