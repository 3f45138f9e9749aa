"""Servers and authorization servers that lie: nobody is sent anywhere, and nothing is kept."""

from typing import Any

import httpx
import pytest

from app.core.errors import Conflict, Invalid, NotFound, TooMany, Unavailable
from app.core.resources import Resources
from app.mcp.models import SignIn
from app.mcp.oauth.credentials import Account, find_credential
from app.mcp.oauth.machine import ask_as_machine
from app.users.models import User
from tests.factories import MakeUser
from tests.fakes.guarded_tools import Guarded, guarded_tools, walk
from tests.mcp.signing import CALLBACK, begin, come_back, register, sign_in


@pytest.fixture
async def ada(make_user: MakeUser) -> User:
    return await make_user("ada")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"resource": "https://bank.example/mcp"}, "names another server"),
        ({"resource": "ROOT/mcp/other"}, "names another server"),
        ({"authorization_servers": []}, "does not say where to sign in"),
        ({"authorization_servers": ["javascript:alert(1)"]}, "may not be called"),
        ({"authorization_servers": ["http://169.254.169.254/as"]}, "may not be called"),
        ({"authorization_servers": ["http://localhost/as"]}, "does not begin with https"),
        ({"authorization_servers": ["ROOT/nowhere"]}, "does not say how it is done"),
    ],
)
async def test_a_server_that_sends_people_astray_is_not_followed(
    here: Resources, guarded: Guarded, ada: User, said: dict[str, Any], sentence: str
) -> None:
    guarded.metadata = _at(said, guarded)
    row = await register(here, guarded.url)
    with pytest.raises(Unavailable, match=sentence):
        await begin(here, ada.id, row.id)
    assert guarded.authority.clients == {}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"issuer": "https://bank.example"}, "says of itself that it is another"),
        ({"issuer": None}, "says of itself that it is another"),
        ({"code_challenge_methods_supported": None}, "PKCE with S256"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE with S256"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "may not be called"),
        ({"token_endpoint": "http://10.0.0.1/token"}, "may not be called"),
        ({"token_endpoint": "http://keiko.example/token"}, "does not begin with https"),
        ({"token_endpoint": None}, "does not say where to sign in"),
        ({"registration_endpoint": None}, "Register Keiko there by hand"),
        ({"issuer": "x" * 100_000}, "does not say how it is done"),
    ],
)
async def test_an_authorization_server_that_cannot_be_trusted_is_not_used(
    here: Resources, guarded: Guarded, ada: User, said: dict[str, Any], sentence: str
) -> None:
    guarded.authority.metadata = said
    row = await register(here, guarded.url)
    with pytest.raises(Unavailable, match=sentence):
        await begin(here, ada.id, row.id)


@pytest.mark.asvs("10.2.2")
async def test_a_mixed_up_way_back_is_refused(here: Resources, guarded: Guarded, ada: User) -> None:
    row = await register(here, guarded.url)
    guarded.authority.iss = "https://bank.example"
    with pytest.raises(Invalid, match="Somebody else"):
        await sign_in(here, ada.id, row.id)
    guarded.authority.iss = None
    guarded.authority.metadata["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(Invalid, match="Somebody else"):
        await sign_in(here, ada.id, row.id)
    guarded.authority.iss = f"{guarded.authority.url}/as"
    await sign_in(here, ada.id, row.id)


@pytest.mark.asvs("10.2.1")
async def test_a_code_of_somebody_elses_sign_in_gives_nothing(
    here: Resources, guarded: Guarded, ada: User, make_user: MakeUser
) -> None:
    row, bob = await register(here, guarded.url), await make_user("bob")
    hers, his = [await begin(here, user.id, row.id) for user in (ada, bob)]
    her_way, his_way = await walk(hers.address), await walk(his.address)
    mixed = his_way.copy_set_param("code", her_way.params["code"])
    with pytest.raises(Unavailable, match="did not accept"):
        await come_back(here, bob.id, mixed)
    with pytest.raises(NotFound):
        await come_back(here, bob.id, his_way)
    async with here.db.transaction() as session:
        assert await find_credential(session, row.id, bob.id) is None


async def test_nobody_comes_back_with_a_state_that_was_never_given(
    here: Resources, ada: User
) -> None:
    with pytest.raises(NotFound):
        await come_back(here, ada.id, httpx.URL("http://keiko.test/?state=made-up&code=x"))


async def test_another_users_own_server_is_not_signed_in_to(
    here: Resources, guarded: Guarded, ada: User, make_user: MakeUser
) -> None:
    bob = await make_user("bob")
    row = await register(here, guarded.url, user_id=ada.id)
    with pytest.raises(NotFound):
        await begin(here, bob.id, row.id)


async def test_where_nobody_can_sign_in_it_is_said_at_once(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    program = await register(here, "", user_id=ada.id)
    async with here.db.transaction() as session:
        program = await session.merge(program)
        program.url, program.command, program.name = None, "x", "program"
    machine = await register(here, guarded.url, sign_in=SignIn.MACHINE)
    for row in (program, machine):
        with pytest.raises(Conflict):
            await begin(here, ada.id, row.id)
    await here.redis.set(f"mcp:signing-in:{ada.id}", b"1")
    busy = await register(here, guarded.url, user_id=ada.id)
    with pytest.raises(TooMany):
        await begin(here, ada.id, busy.id)


async def test_an_answer_that_is_no_token_is_not_kept(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    row = await register(here, guarded.url)
    for wrong in ({"access_token": "a\r\nX-Evil: 1"}, {"token_type": "mac"}, {"access_token": 7}):
        guarded.authority.tokens = wrong
        with pytest.raises(Unavailable, match="gave no token"):
            await sign_in(here, ada.id, row.id)
    async with here.db.transaction() as session:
        assert await find_credential(session, row.id, ada.id) is None


async def test_who_was_registered_by_hand_comes_before_who_registers_itself(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    id, secret = guarded.authority.add_client(redirect_uri="http://keiko.test/oauth/mcp/callback")
    given = {"oauth": {"client_id": id, "client_secret": secret}}
    row = await register(here, guarded.url, secrets=given)
    await sign_in(here, ada.id, row.id)
    assert [asked["client_id"] for asked in guarded.authority.asked] == [id]
    assert list(guarded.authority.clients) == [id]


def _at(said: dict[str, Any], guarded: Guarded) -> dict[str, Any]:
    """The same, with this server's address in it."""

    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(each) for each in value]
        return value.replace("ROOT", guarded.authority.url)

    return {name: fill(value) for name, value in said.items()}


@pytest.mark.parametrize("who", [SignIn.USER, SignIn.MACHINE])
async def test_a_secret_entered_by_hand_goes_to_no_other_authorization_server(
    here: Resources, guarded: Guarded, ada: User, who: SignIn
) -> None:
    id, secret = guarded.authority.add_client(CALLBACK)
    given = {"oauth": {"client_id": id, "client_secret": secret}}
    row = await register(here, guarded.url, sign_in=who, secrets=given)
    account = Account(server_id=row.id, user_id=None, url=guarded.url)

    async def enter() -> None:
        if who is SignIn.MACHINE:
            await ask_as_machine(here, account)
        else:
            await sign_in(here, ada.id, row.id)

    await enter()
    async with guarded_tools() as other:
        guarded.metadata = {"authorization_servers": [f"{other.authority.url}/as"]}
        with pytest.raises(Unavailable, match="enter client id and secret anew"):
            await enter()
        assert other.authority.asked == []
