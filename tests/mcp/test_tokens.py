"""Tokens: refreshed ahead of time and once, forgotten when it is said, sent to no other place."""

import asyncio
import os
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.clock import now
from app.core.errors import NotFound, Unavailable
from app.core.resources import Resources
from app.core.settings import python
from app.mcp.models import CredentialState, McpCredential, McpServer, ServerState, SignIn
from app.mcp.oauth.credentials import Account, find_credential, open_tokens
from app.mcp.oauth.leaving import sign_out
from app.mcp.oauth.needed import SignInNeeded
from app.mcp.oauth.tokens import Tokens
from app.mcp.registry import change_server
from app.users.models import User
from tests.factories import MakeUser
from tests.fakes.guarded_tools import Guarded
from tests.fakes.tools import until
from tests.mcp.signing import at_work, begin, register, sign_in


@pytest.fixture
async def ada(make_user: MakeUser) -> User:
    return await make_user("ada")


async def signed_in(here: Resources, guarded: Guarded, user: User) -> Account:
    row = await register(here, guarded.url)
    await sign_in(here, user.id, row.id)
    return Account(server_id=row.id, user_id=user.id, url=guarded.url)


async def kept(here: Resources, account: Account) -> McpCredential:
    async with here.db.transaction() as session:
        row = await find_credential(session, account.server_id, account.user_id)
    assert row is not None
    return row


async def ends_in(here: Resources, seconds: float) -> None:
    """Have all tokens end then, as far as Keiko knows."""
    async with here.db.transaction() as session:
        at = now() + timedelta(seconds=seconds)
        times = {"expires_at": at, "granted_at": at - timedelta(hours=1)}
        await session.execute(update(McpCredential).values(**times))


async def test_a_token_is_refreshed_a_minute_before_it_ends_and_not_earlier(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    account, tokens = await signed_in(here, guarded, ada), Tokens(here)
    first = await tokens.access(account)
    await ends_in(here, 90)
    assert (await tokens.access(account), guarded.authority.refreshes) == (first, 0)
    await ends_in(here, 30)
    second = await tokens.access(account)
    assert (second != first, guarded.authority.refreshes) == (True, 1)
    assert await tokens.access(account) == second
    row = await kept(here, account)
    assert row.expires_at is not None and row.expires_at > now() + timedelta(minutes=50)


async def test_fifty_calls_of_one_process_refresh_once(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    account, tokens = await signed_in(here, guarded, ada), Tokens(here)
    await ends_in(here, -1)
    given = await asyncio.gather(*(tokens.access(account) for _ in range(50)))
    assert (len(set(given)), guarded.authority.refreshes) == (1, 1)


async def test_two_processes_refresh_once_and_both_go_on(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    account = await signed_in(here, guarded, ada)
    await ends_in(here, -1)
    environment = {
        "TEST_DATABASE": str(here.settings.database_url),
        "TEST_REDIS": str(here.settings.redis_url),
        "TEST_DATA": str(here.settings.data),
    }
    who = [str(account.server_id), str(account.user_id), account.url]
    processes = [
        await asyncio.create_subprocess_exec(
            *(python(), "-m", "tests.mcp.refreshing", *who),
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    async with asyncio.timeout(60):
        for process in processes:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
        said = await asyncio.gather(*(process.communicate(b"\n") for process in processes))

    [token] = {out for out, _ in said}
    assert guarded.authority.grant_of(f"Bearer {token.decode().strip()}") is not None
    assert guarded.authority.refreshes == 1
    assert await Tokens(here).access(account) == token.decode().strip()


async def test_a_refresh_whose_answer_was_lost_leads_to_a_new_sign_in_and_to_no_loop(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    account, tokens = await signed_in(here, guarded, ada), Tokens(here)
    await ends_in(here, -1)
    guarded.authority.lose_refreshes = 1
    for _ in range(3):
        with pytest.raises(SignInNeeded):
            await tokens.access(account)
    assert guarded.authority.refreshes == 2  # the lost one, and the one that learned of it
    assert (await kept(here, account)).state is CredentialState.AGAIN
    await sign_in(here, ada.id, account.server_id)
    assert guarded.authority.grant_of(f"Bearer {await tokens.access(account)}") is not None


async def test_a_token_is_used_to_its_end_while_it_cannot_be_refreshed(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    account, tokens = await signed_in(here, guarded, ada), Tokens(here)
    first = await tokens.access(account)
    await ends_in(here, 30)
    guarded.authority.is_away = True
    assert await tokens.access(account) == first
    await ends_in(here, -1)
    with pytest.raises(Unavailable):
        await tokens.access(account)
    guarded.authority.is_away = False
    assert await tokens.access(account) != first


async def test_a_token_that_is_refused_early_is_refreshed_in_the_midst_of_a_call(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    account = await signed_in(here, guarded, ada)
    async with at_work(here) as worker:
        await worker.knows("write_note", ada.id)
        guarded.authority.expire()
        assert (
            await worker.call("write_note", ada.id, text="one")
        ).text == "Written for ada@there."
        assert guarded.authority.refreshes == 1
        guarded.authority.end_all()
        with pytest.raises(SignInNeeded):
            await worker.call("write_note", ada.id, text="two")
    assert guarded.calls == [("ada@there", "write_note one")]
    assert (await kept(here, account)).state is CredentialState.AGAIN


async def test_more_rights_are_asked_for_once_and_together_with_those_there_are(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    guarded.needs["write_note"] = ["notes:write"]
    account = await signed_in(here, guarded, ada)
    async with at_work(here) as worker:
        await worker.knows("write_note", ada.id)
        with pytest.raises(SignInNeeded) as needed:
            await worker.call("write_note", ada.id, text="one")
        assert needed.value.scopes == ["notes:write"]
        begun = await begin(here, ada.id, account.server_id)
        assert begun.scopes == ["notes", "notes:write"]
        await sign_in(here, ada.id, account.server_id)
        assert (
            await worker.call("write_note", ada.id, text="one")
        ).text == "Written for ada@there."
        guarded.needs["write_note"] = ["notes:write", "notes"]
        guarded.authority.narrow(["notes"])
        with pytest.raises(Unavailable, match="did not take the call"):
            await worker.call("write_note", ada.id, text="two")


async def test_a_call_that_is_under_way_survives_another_sign_in(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    account = await signed_in(here, guarded, ada)
    async with at_work(here) as worker:
        await worker.knows("think", ada.id)
        thinking = asyncio.create_task(worker.call("think", ada.id))
        await until(lambda: guarded.calls == [("ada@there", "think")])
        guarded.authority.who = "ada@work"
        await sign_in(here, ada.id, account.server_id)
        assert (await worker.call("whoami", ada.id)).text == "You are ada@work."
        guarded.may_answer.set()
        assert (await thinking).text == "Thought."


async def test_who_signs_out_is_out_at_once_and_others_are_not(
    here: Resources, guarded: Guarded, ada: User, make_user: MakeUser
) -> None:
    account, bob = await signed_in(here, guarded, ada), await make_user("bob")
    guarded.authority.who = "bob@there"
    await sign_in(here, bob.id, account.server_id)
    async with at_work(here) as worker:
        for user in (ada, bob):
            await worker.knows("whoami", user.id)
        assert await sign_out(here, ada.id, account.server_id)
        with pytest.raises(SignInNeeded):
            await worker.call("whoami", ada.id)
        assert (await worker.call("whoami", bob.id)).text == "You are bob@there."
    with pytest.raises(NotFound):
        await sign_out(here, ada.id, account.server_id)
    assert len(guarded.authority.revoked) == 2


async def test_what_a_server_says_in_one_users_session_is_shown_to_nobody_else(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    account = await signed_in(here, guarded, ada)
    async with at_work(here) as worker:
        await worker.knows("whoami", ada.id)
        [session] = [s for s in worker.servers.list_servers() if s.spec.credential_id]
        heard: list[str] = []
        kept = session.keeper.said

        def hear(level: str, text: str) -> None:
            heard.append(text)
            kept(level, text)

        session.keeper.said = hear
        await worker.call("whoami", ada.id)
        await until(lambda: heard == ["ada@there asked who they are"])
        assert worker.follower._sayings._heard == {}
        session.keeper.state = ServerState.AWAY
        session.keeper.sentence = "Ada's notes are away."
        worker.servers.noted(session)
        await worker.look()
    async with here.db.transaction() as database:
        row = await database.get_one(McpServer, account.server_id)
    assert (row.state, row.state_text) == (ServerState.AWAY, "")


async def test_what_nobody_there_forgets_is_forgotten_here(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    guarded.authority.metadata["revocation_endpoint"] = None
    account = await signed_in(here, guarded, ada)
    assert not await sign_out(here, ada.id, account.server_id)
    with pytest.raises(SignInNeeded):
        await Tokens(here).access(account)


@pytest.mark.asvs("10.1.1")
async def test_a_token_goes_to_no_other_address(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    row = await register(here, guarded.url, user_id=ada.id)
    await sign_in(here, ada.id, row.id)
    elsewhere = Account(server_id=row.id, user_id=ada.id, url="https://elsewhere.example/mcp")
    with pytest.raises(SignInNeeded):
        await Tokens(here).access(elsewhere)
    async with here.db.transaction() as session:
        await change_server(session, here, ada.id, row.id, {"url": elsewhere.url})
    async with here.db.transaction() as session:
        assert await find_credential(session, row.id, ada.id) is None


async def test_what_is_sealed_opens_in_its_own_row_alone(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    account = await signed_in(here, guarded, ada)
    row = await kept(here, account)
    assert open_tokens(here, row).access_token.startswith("at-")
    assert b"at-" not in row.sealed and b"rt-" not in row.sealed
    row.id = UUID(int=1)
    with pytest.raises(Unavailable, match="damaged or moved"):
        open_tokens(here, row)


async def test_keiko_itself_signs_in_where_that_is_wished(
    here: Resources, guarded: Guarded, ada: User
) -> None:
    id, secret = guarded.authority.add_client()
    given = {"client_id": id, "client_secret": secret}
    row = await register(here, guarded.url, sign_in=SignIn.MACHINE, secrets={"oauth": given})
    async with at_work(here) as worker:
        await worker.knows("whoami", ada.id)
        assert (await worker.call("whoami", ada.id)).text == f"You are {id}."
        guarded.authority.expire()
        assert (await worker.call("whoami", ada.id)).text == f"You are {id}."
        guarded.authority.clients.clear()
        guarded.authority.expire()
        with pytest.raises(Unavailable, match="client id and secret"):
            await worker.call("whoami", ada.id)
    async with here.db.transaction() as session:
        kept_server = await session.get_one(McpServer, row.id)
    assert secret.encode() not in (kept_server.sealed or b"")
