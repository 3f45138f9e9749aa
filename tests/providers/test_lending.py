"""Accounts at a provider that users lend to servers of tools: each their own, and to no other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, select, update

from app.core.clock import now
from app.core.errors import Invalid, Unavailable
from app.core.resources import Resources
from app.mcp.checks import Draft
from app.mcp.models import CredentialState, McpCredential, McpServer, SignIn
from app.mcp.oauth.bearer import Bearer
from app.mcp.oauth.credentials import Account, place_of
from app.mcp.oauth.needed import SignInNeeded
from app.mcp.oauth.tokens import Tokens
from app.mcp.registry import change_server, register_server, share_server
from app.users.models import Role, Session, User
from app.users.providers.models import Identity
from app.users.providers.refreshing import Holder, Refreshing
from app.users.service import NewUser, create_user
from tests.fakes.lent_tools import NOBODY, LentTools, lent_tools
from tests.fakes.provider import LyingProvider, open_provider
from tests.mcp.signing import AtWork, at_work
from tests.providers.conftest import Attempt
from tests.providers.visiting import Visitor, set_up

TOOL = "whose_token"


@pytest.fixture
async def lent(liar: LyingProvider, resources: Resources) -> AsyncIterator[LentTools]:
    """A server on this machine, which may be called."""
    resources.settings.outbound_private.append("127.0.0.1")
    async with lent_tools(liar) as running:
        yield running
    resources.settings.outbound_private.clear()


@pytest.fixture
async def admin(liar: LyingProvider, resources: Resources) -> User:
    async with resources.db.transaction() as session:
        return await create_user(session, NewUser(username="root", role=Role.ADMIN))


@pytest.fixture
async def server(lent: LentTools, admin: User, resources: Resources) -> AsyncIterator[McpServer]:
    """Registered by an admin for everybody."""
    draft = Draft(name="accounts", url=lent.url, provider="there")
    async with resources.db.transaction() as session:
        made = await share_server(session, resources, admin.id, draft)
    yield made
    async with resources.db.transaction() as session:
        await session.execute(delete(McpServer))


@pytest.fixture
async def worker(server: McpServer, resources: Resources) -> AsyncIterator[AtWork]:
    async with at_work(resources) as working:
        yield working


async def come_in(attempt: Attempt, liar: LyingProvider, name: str) -> Visitor:
    """Somebody signs in at the provider, as who they are there."""
    visitor = Visitor(attempt.visitor.url)
    be(liar, name)
    assert (await visitor.sign_in()).status_code == 303
    return visitor


def be(liar: LyingProvider, name: str) -> None:
    """Who sits at the provider's page from now on."""
    liar.sub, liar.person = f"{name}-there", {"preferred_username": name}


async def ask_to_lend(visitor: Visitor, server_id: UUID, **more: str) -> httpx.Response:
    body = {"server_id": str(server_id), **more}
    return await visitor.ask("POST", "/auth/with/there/lend", json=body)


async def lend(visitor: Visitor, server_id: UUID, **more: str) -> httpx.Response:
    """The whole way: agree, over the provider, and back."""
    begun = await ask_to_lend(visitor, server_id, **more)
    assert begun.is_success, begun.text
    return await visitor.ask("GET", await visitor.come_back(begun.json()["data"]["at"]))


async def id_of(visitor: Visitor) -> UUID:
    return UUID((await visitor.ask("GET", "/api/v1/me")).json()["data"]["user_id"])


async def standing(visitor: Visitor, server_id: UUID) -> dict[str, object]:
    found = await visitor.ask("GET", f"/api/v1/mcp/servers/{server_id}")
    stands: dict[str, object] = found.json()["data"]["signed_in"]
    return stands


async def expire(resources: Resources) -> None:
    async with resources.db.transaction() as session:
        await session.execute(update(Identity).values(expires_at=now() - timedelta(seconds=1)))


@pytest.fixture
async def ada(attempt: Attempt, liar: LyingProvider, server: McpServer) -> Visitor:
    """Somebody who has lent their account."""
    visitor = await come_in(attempt, liar, "ada")
    assert (await lend(visitor, server.id)).status_code == 200
    return visitor


async def ready(worker: AtWork, user_id: UUID) -> UUID:
    """The worker knows whose sign-ins there are, and the tool."""
    await worker.look()
    await worker.knows(TOOL, user_id)
    await worker.look()
    return user_id


async def test_each_user_s_calls_carry_their_own_token_at_the_same_time(
    ada: Visitor, attempt: Attempt, liar: LyingProvider, lent: LentTools, server: McpServer,
    worker: AtWork,
) -> None:  # fmt: skip
    bob = await come_in(attempt, liar, "bob")
    await lend(bob, server.id)
    users = [await ready(worker, await id_of(each)) for each in (ada, bob)]
    lent.hold = asyncio.Event()

    calls = [
        asyncio.create_task(worker.call(TOOL, user, said=f"{n}"))
        for n in range(3)
        for user in users
    ]
    lent.hold.set()
    said = [each.text for each in await asyncio.gather(*calls)]

    assert said == ["The token is ada-there's.", "The token is bob-there's."] * 3
    assert {owner for owner, _ in lent.calls} == {"ada-there", "bob-there"}


async def test_nothing_is_sent_of_somebody_who_has_not_said_yes_although_they_sign_in_there(
    attempt: Attempt, liar: LyingProvider, lent: LentTools, server: McpServer, ada: Visitor,
    worker: AtWork,
) -> None:  # fmt: skip
    await ready(worker, await id_of(ada))
    bob = await come_in(attempt, liar, "bob")
    bob_id = await id_of(bob)
    worker.servers.wake(bob_id)

    with pytest.raises(SignInNeeded):
        await worker.call(TOOL, bob_id, said="please")

    assert {liar.tokens.get(token) for token in lent.seen} <= {"ada-there", None}
    assert (await standing(bob, server.id))["state"] == "needed"


async def test_what_a_user_agrees_to_is_said_and_can_be_taken_back(
    ada: Visitor, lent: LentTools, server: McpServer, worker: AtWork, liar: LyingProvider
) -> None:
    user_id = await ready(worker, await id_of(ada))
    stands = await standing(ada, server.id)
    account = {"provider": "there", "label": "There", "goes_to": lent.host}
    assert (stands["state"], stands["account"]) == ("signed_in", account)

    gone = await ada.ask("DELETE", f"/api/v1/mcp/servers/{server.id}/sign-in")

    assert gone.is_success, gone.text
    with pytest.raises(SignInNeeded):
        await worker.call(TOOL, user_id, said="again")
    assert (await ada.ask("GET", "/api/v1/linked-accounts")).json()["data"]["accounts"]


async def test_a_token_that_ran_out_is_refreshed_once_by_two_workers_at_once(
    ada: Visitor, liar: LyingProvider, lent: LentTools, server: McpServer, worker: AtWork,
    resources: Resources,
) -> None:  # fmt: skip
    user_id = await ready(worker, await id_of(ada))
    async with at_work(resources) as second:
        await ready(second, user_id)
        await expire(resources)
        liar.refreshed = 0

        said = await asyncio.gather(
            *(each.call(TOOL, user_id, said="x") for each in (worker, second) * 3)
        )

    assert {each.text for each in said} == {"The token is ada-there's."}
    assert liar.refreshed == 1


async def test_a_token_that_the_server_refuses_is_refreshed_in_the_midst_of_a_call(
    ada: Visitor, liar: LyingProvider, lent: LentTools, worker: AtWork
) -> None:
    user_id = await ready(worker, await id_of(ada))
    lent.void = set(liar.tokens)

    assert (await worker.call(TOOL, user_id, said="x")).text == "The token is ada-there's."
    assert liar.refreshed == 1


async def test_a_server_that_refuses_every_token_is_asked_with_two_and_then_its_user_is(
    ada: Visitor, liar: LyingProvider, lent: LentTools, server: McpServer, worker: AtWork
) -> None:
    user_id = await ready(worker, await id_of(ada))
    lent.takes_none = True

    for _ in range(3):
        with pytest.raises(SignInNeeded):
            await worker.call(TOOL, user_id, said="x")

    assert liar.refreshed == 1
    assert (await standing(ada, server.id))["state"] == "again"
    lent.takes_none = False
    await lend(ada, server.id)
    assert (await worker.call(TOOL, user_id, said="y")).text == "The token is ada-there's."


async def test_whose_token_is_void_is_asked_to_sign_in_and_goes_on(
    ada: Visitor, liar: LyingProvider, server: McpServer, worker: AtWork, resources: Resources
) -> None:
    user_id = await ready(worker, await id_of(ada))
    await expire(resources)
    liar.renewals.clear()

    with pytest.raises(SignInNeeded):
        await worker.call(TOOL, user_id, said="x")

    assert (await standing(ada, server.id))["state"] == "again"
    await lend(ada, server.id)
    assert (await worker.call(TOOL, user_id, said="y")).text == "The token is ada-there's."


async def test_with_the_account_s_link_the_loan_ends(
    ada: Visitor, lent: LentTools, worker: AtWork, resources: Resources
) -> None:
    user_id = await ready(worker, await id_of(ada))
    async with resources.db.transaction() as session:
        for identity in await session.scalars(select(Identity)):
            await session.delete(identity)

    with pytest.raises(SignInNeeded):
        await worker.call(TOOL, user_id, said="x")

    assert lent.calls == []


async def test_another_address_gets_nobody_s_token_before_each_has_agreed_anew(
    ada: Visitor, liar: LyingProvider, admin: User, server: McpServer, worker: AtWork,
    resources: Resources,
) -> None:  # fmt: skip
    user_id = await ready(worker, await id_of(ada))
    async with lent_tools(liar) as other:
        async with resources.db.transaction() as session:
            change = {"url": other.url}
            await change_server(session, resources, admin.id, server.id, change)
        await worker.look()

        with pytest.raises(SignInNeeded):
            await worker.call(TOOL, user_id, said="x")

        assert other.seen == []
        assert (await standing(ada, server.id))["state"] == "needed"


async def test_an_address_that_was_changed_behind_keiko_s_back_gets_no_token(
    ada: Visitor, liar: LyingProvider, worker: AtWork, server: McpServer, resources: Resources
) -> None:
    user_id = await ready(worker, await id_of(ada))
    async with lent_tools(liar) as forged:
        async with resources.db.transaction() as session:
            values = {"url": forged.url, "version": McpServer.version + 1}
            await session.execute(update(McpServer).values(**values))
        await worker.look()
        worker.servers.wake(user_id)

        with pytest.raises((SignInNeeded, Unavailable)):
            await worker.call(TOOL, user_id, said="x")

        assert set(forged.seen) <= {NOBODY}


async def test_a_loan_that_was_copied_to_another_user_s_row_is_worth_nothing(
    ada: Visitor, attempt: Attempt, liar: LyingProvider, lent: LentTools, server: McpServer,
    worker: AtWork, resources: Resources,
) -> None:  # fmt: skip
    bob = await come_in(attempt, liar, "bob")
    await lend(bob, server.id)
    ids = [await id_of(ada), await id_of(bob)]
    async with resources.db.transaction() as session:
        of_ada = await session.scalar(select(Identity.id).where(Identity.user_id == ids[0]))
        await session.execute(
            update(McpCredential).where(McpCredential.user_id == ids[1]).values(identity_id=of_ada)
        )
    await ready(worker, ids[0])
    lent.seen.clear()
    worker.servers.wake(ids[1])

    with pytest.raises(SignInNeeded):
        await worker.call(TOOL, ids[1], said="x")

    assert lent.calls == []


async def test_a_token_goes_to_the_very_origin_that_was_agreed_to(
    ada: Visitor, lent: LentTools, server: McpServer, resources: Resources
) -> None:
    user_id = await id_of(ada)
    account = Account(server_id=server.id, user_id=user_id, url=lent.url)
    sender, sent = Bearer(Tokens(resources).lent, account), list[str]()

    async def once(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["authorization"])
        return httpx.Response(200)

    for forged in ("http://127.0.0.1:1/mcp", "https://evil.example/mcp", f"https{lent.url[4:]}"):
        with pytest.raises(Unavailable):
            await sender.send(httpx.Request("POST", forged), once)
    assert sent == []
    await sender.send(httpx.Request("POST", lent.url), once)
    assert len(sent) == 1


async def test_the_account_of_another_provider_of_the_same_name_is_not_used(
    ada: Visitor, liar: LyingProvider, lent: LentTools, worker: AtWork, resources: Resources
) -> None:
    user_id = await ready(worker, await id_of(ada))
    async with open_provider() as other:
        set_up(resources, other)
        with pytest.raises(SignInNeeded):
            await worker.call(TOOL, user_id, said="x")
        assert other.exchanged == []
    assert lent.calls == []


# Who may register one


async def test_a_user_s_own_server_gets_accounts_where_the_operator_names_its_host(
    ada: Visitor, liar: LyingProvider, lent: LentTools, resources: Resources
) -> None:
    user_id = await id_of(ada)
    draft = Draft(name="mine", url=lent.url, provider="there")
    refused: tuple[list[str], ...] = (
        [],
        ["127.0.0.1"],
        ["127.0.0.1:1"],
        [f"localhost:{lent.host.split(':')[1]}"],
    )
    for hosts in refused:
        set_up(resources, liar, tool_hosts=hosts)
        with pytest.raises(Invalid, match="may not work with your account at There"):
            async with resources.db.transaction() as session:
                await register_server(session, resources, user_id, draft)
    set_up(resources, liar, tool_hosts=[lent.host])
    async with resources.db.transaction() as session:
        mine = await register_server(session, resources, user_id, draft)
    await lend(ada, mine.id)
    async with at_work(resources) as worker:
        await worker.knows(TOOL, user_id)
        said = await worker.servers.call(TOOL, {"said": "x"}, timeout=20, user_id=user_id)
        assert said.text == "The token is ada-there's."

        set_up(resources, liar, tool_hosts=[])
        await worker.look()
        assert all(each.spec.id != mine.id for each in worker.servers.list_servers())
    with pytest.raises(AssertionError):
        await lend(ada, mine.id)


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        ({"provider": "elsewhere"}, "There is no sign-in provider of that name"),
        ({"url": "http://tools.example.org/mcp"}, "begins with https://"),
        ({"headers": {"authorization": "Bearer x"}}, "leave out client id"),
        ({"oauth": {"client_id": "x"}}, "leave out client id"),
        ({"url": None, "command": "mcp-server-time"}, "Only an address"),
        ({"provider": None, "sign_in": "provider"}, "Name the provider"),
    ],
)
async def test_what_cannot_be_lent_to_is_refused_with_a_sentence(
    admin: User, lent: LentTools, resources: Resources, draft: dict[str, object], sentence: str
) -> None:
    resources.settings.mcp_commands[:] = ["mcp-server-time"]
    said = {"name": "notes", "url": lent.url, "provider": "there", **draft}
    if "sign_in" in said:
        said["sign_in"] = SignIn.PROVIDER
    with pytest.raises(Invalid, match=sentence):
        async with resources.db.transaction() as session:
            await share_server(session, resources, admin.id, Draft(**said))  # type: ignore[arg-type]


async def test_a_provider_that_is_gone_leaves_its_servers_out_and_says_so(
    ada: Visitor, lent: LentTools, server: McpServer, worker: AtWork, resources: Resources
) -> None:
    resources.settings.sign_in_providers.clear()
    await worker.look()

    async with resources.db.transaction() as session:
        row = await session.get_one(McpServer, server.id)
    assert "There is no sign-in provider of that name here" in row.state_text
    assert all(each.spec.id != server.id for each in worker.servers.list_servers())


async def test_a_server_that_works_with_accounts_no_more_is_sent_none(
    ada: Visitor, admin: User, lent: LentTools, server: McpServer, worker: AtWork,
    resources: Resources,
) -> None:  # fmt: skip
    async with resources.db.transaction() as session:
        changed = await change_server(session, resources, admin.id, server.id, {"provider": None})
    assert changed.sign_in is SignIn.USER
    lent.seen.clear()
    await worker.look()
    async with resources.db.transaction() as session:
        assert await session.scalar(select(McpCredential)) is None
    assert set(lent.seen) <= {NOBODY}


# The way to it


async def test_a_new_account_wants_a_fresh_proof_for_it_becomes_a_way_in(
    attempt: Attempt, liar: LyingProvider, server: McpServer, resources: Resources
) -> None:
    ada = await come_in(attempt, liar, "ada")
    late = now() - timedelta(minutes=11)
    async with resources.db.transaction() as session:
        await session.execute(update(Session).values(auth_time=late))

    be(liar, "mallory")  # another account of the same provider, in another's hands
    begun = await ask_to_lend(ada, server.id)
    answer = await ada.ask("GET", await ada.come_back(begun.json()["data"]["at"]))

    assert answer.status_code == 403
    assert [each["shown"] for each in await linked(ada)] == ["ada"]
    assert (await standing(ada, server.id))["state"] == "needed"
    async with resources.db.transaction() as session:
        for identity in await session.scalars(select(Identity)):
            await session.delete(identity)
    refused = await ask_to_lend(ada, server.id)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "proof_needed")


async def linked(visitor: Visitor) -> list[dict[str, str]]:
    answer = await visitor.ask("GET", "/api/v1/linked-accounts")
    found: list[dict[str, str]] = answer.json()["data"]["accounts"]
    return found


async def test_nobody_can_be_led_into_it_and_nobody_else_can_end_it(
    attempt: Attempt, liar: LyingProvider, server: McpServer
) -> None:
    ada = await come_in(attempt, liar, "ada")
    ada.headers["Origin"] = "https://evil.example"
    assert (await ask_to_lend(ada, server.id)).status_code == 403
    ada.headers.clear()
    begun = await ask_to_lend(ada, server.id)
    back = await ada.come_back(begun.json()["data"]["at"])
    bob = await come_in(attempt, liar, "bob")

    assert (await bob.ask("GET", back)).status_code >= 400

    assert (await standing(bob, server.id))["state"] == "needed"
    assert (await standing(ada, server.id))["state"] == "needed"


async def test_what_was_another_server_when_its_user_agreed_is_lent_nothing(
    attempt: Attempt, liar: LyingProvider, admin: User, server: McpServer, resources: Resources
) -> None:
    ada = await come_in(attempt, liar, "ada")
    begun = await ask_to_lend(ada, server.id)
    async with resources.db.transaction() as session:
        change = {"url": "https://127.0.0.1:9/mcp"}
        await change_server(session, resources, admin.id, server.id, change)

    back = await ada.come_back(begun.json()["data"]["at"])

    assert (await ada.ask("GET", back)).status_code == 410
    assert (await standing(ada, server.id))["state"] == "needed"


async def test_where_one_goes_on_is_a_path_of_ours(
    attempt: Attempt, liar: LyingProvider, server: McpServer
) -> None:
    ada = await come_in(attempt, liar, "ada")
    for said, led in (("/work/tools", "/work/tools"), ("//evil.example/", "/")):
        answer = await lend(ada, server.id, next=said)
        assert (answer.status_code, answer.headers["location"]) == (303, led)


async def test_rest_leads_to_the_page_that_asks(
    attempt: Attempt, liar: LyingProvider, server: McpServer
) -> None:
    ada = await come_in(attempt, liar, "ada")
    path = f"/api/v1/mcp/servers/{server.id}/sign-in"
    begun = (await ada.ask("POST", path, json={"back": "/work/tools"})).json()["data"]

    address = f"{ada.url}/work/tools?lend={server.id}&back=%2Fwork%2Ftools"
    assert (begun["address"], begun["host"]) == (address, liar.url.split("/")[2])


async def test_tokens_of_a_loan_stand_in_no_row_of_its_own(
    ada: Visitor, liar: LyingProvider, resources: Resources
) -> None:
    async with resources.db.transaction() as session:
        row = await session.scalar(select(McpCredential))
    assert row is not None and row.state is CredentialState.VALID
    opened = resources.sealer.unseal(row.sealed, place_of(row.id))
    assert set(opened) == {"url", "user_id", "identity_id"}
    found = await Refreshing(resources).access(
        Holder(user_id=await id_of(ada), identity_id=UUID(opened["identity_id"]))
    )
    assert found in liar.tokens
