"""A provider's tokens: sealed where they are kept, and refreshed once whoever asks at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from starlette.responses import JSONResponse, Response

from app.core.clock import new_id, now
from app.core.errors import NotFound, Unauthenticated, Unavailable
from app.core.resources import Resources
from app.users.providers.models import Identity
from app.users.providers.openid import Given
from app.users.providers.refreshing import Holder, Refreshing
from app.users.providers.tokens import keep_tokens
from tests.fakes.provider import LyingProvider, open_provider
from tests.providers.conftest import Attempt
from tests.providers.visiting import set_up


@pytest.fixture
async def holder(attempt: Attempt, resources: Resources) -> Holder:
    """The account of somebody who has signed in at the provider."""
    await attempt.visitor.sign_in()
    async with resources.db.transaction() as session:
        found = await session.scalar(select(Identity))
    assert found is not None
    return Holder(user_id=found.user_id, identity_id=found.id)


async def access(resources: Resources, holder: Holder) -> str:
    return await Refreshing(resources).access(holder)


async def expire(resources: Resources, seconds: float = -1) -> None:
    async with resources.db.transaction() as session:
        late = now() + timedelta(seconds=seconds)
        await session.execute(update(Identity).values(expires_at=late))


@pytest.mark.asvs("14.2.4", "11.3.2")
async def test_tokens_are_not_readable_in_the_database(
    holder: Holder, liar: LyingProvider, resources: Resources
) -> None:
    async with resources.db.transaction() as session:
        sealed = await session.scalar(select(Identity.sealed))
    assert sealed is not None
    for token in [*liar.tokens, *liar.renewals]:
        assert token.encode() not in sealed


async def test_a_fresh_token_is_given_as_it_is(
    holder: Holder, liar: LyingProvider, resources: Resources
) -> None:
    assert await access(resources, holder) in liar.tokens
    assert liar.refreshed == 0


async def test_a_token_that_runs_out_is_refreshed_once_by_all_who_want_it_at_once(
    holder: Holder, liar: LyingProvider, resources: Resources
) -> None:
    await expire(resources)

    found = await asyncio.gather(*(access(resources, holder) for _ in range(4)))

    assert len(set(found)) == 1
    assert liar.refreshed == 1


async def test_a_provider_that_refreshes_no_more_wants_a_new_sign_in(
    holder: Holder, liar: LyingProvider, resources: Resources
) -> None:
    liar.renewals.clear()
    await expire(resources)

    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await access(resources, holder)

    assert liar.refreshed == 1


async def test_a_provider_that_is_away_costs_nobody_their_tokens(
    holder: Holder, liar: LyingProvider, resources: Resources
) -> None:
    await expire(resources)
    for away in (503, 500):
        liar.responses["/token"] = Response(status_code=away)
        with pytest.raises(Unavailable):
            await access(resources, holder)
    liar.responses.clear()

    assert await access(resources, holder) in liar.tokens


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client", "server_error"])
async def test_a_no_that_is_not_about_the_token_costs_nobody_their_tokens(
    holder: Holder, liar: LyingProvider, resources: Resources, error: str
) -> None:
    await expire(resources)
    liar.responses["/token"] = JSONResponse({"error": error}, 400)
    with pytest.raises(Unavailable):
        await access(resources, holder)
    liar.responses.clear()

    assert await access(resources, holder) in liar.tokens


async def test_a_token_is_refreshed_a_minute_ahead_and_used_to_its_end_without_its_provider(
    holder: Holder, liar: LyingProvider, resources: Resources
) -> None:
    first = await access(resources, holder)
    await expire(resources, 90)
    assert (await access(resources, holder), liar.refreshed) == (first, 0)
    await expire(resources, 30)
    liar.responses["/token"] = Response(status_code=503)
    assert await access(resources, holder) == first
    liar.responses.clear()

    assert await access(resources, holder) != first
    assert liar.refreshed == 1


async def test_a_token_that_was_refused_is_refreshed_once_by_all_whose_it_was(
    holder: Holder, liar: LyingProvider, resources: Resources
) -> None:
    refused = await access(resources, holder)
    processes = [Refreshing(resources) for _ in range(2)]

    found = await asyncio.gather(*(each.renew(holder, refused) for each in processes * 3))

    assert len({refused, *found}) == 2
    assert liar.refreshed == 1


async def test_a_refusal_takes_no_token_from_somebody_whose_provider_refreshes_none(
    holder: Holder, liar: LyingProvider, resources: Resources
) -> None:
    first = await access(resources, holder)
    async with resources.db.transaction() as session:
        identity = await session.get_one(Identity, holder.identity_id)
        bare = Given(access_token=first, refresh_token=None, id_token=None, seconds=None)
        identity.sealed = None
        keep_tokens(resources, identity, bare)

    with pytest.raises(Unauthenticated):
        await Refreshing(resources).renew(holder, first)

    assert await access(resources, holder) == first


async def test_a_refresh_token_goes_to_nobody_but_the_issuer_that_gave_it(
    holder: Holder, liar: LyingProvider, resources: Resources
) -> None:
    await expire(resources)
    async with open_provider() as other:
        set_up(resources, other)  # by the same name

        with pytest.raises(NotFound):
            await access(resources, holder)

        assert other.fetched == []
    set_up(resources, liar)
    assert await access(resources, holder) in liar.tokens


async def test_a_token_is_given_for_its_own_user_alone(
    holder: Holder, liar: LyingProvider, resources: Resources
) -> None:
    with pytest.raises(NotFound):
        await access(resources, replace(holder, user_id=new_id()))
