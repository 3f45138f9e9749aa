"""Browser sessions."""

import asyncio
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core.bus import Bus, read_hint
from app.core.clock import now
from app.core.errors import Unauthenticated
from app.core.redis import HINTS, open_redis, session_key
from app.core.resources import Resources
from app.users.models import Session
from app.users.service import disable_user
from app.users.sessions import (
    ABSOLUTE_END,
    IDLE_END,
    SEEN_EVERY,
    end_session,
    end_sessions_of,
    find_session,
    list_ended,
    token_hash,
)
from tests.users.people import make_user, open_session, without_redis


async def _row(resources: Resources, token: str) -> Session:
    async with resources.db.transaction() as session:
        row = await session.scalar(select(Session).where(Session.token_hash == token_hash(token)))
    assert row is not None
    return row


async def _age(resources: Resources, token: str, **by: timedelta) -> None:
    """Move the moments of a session into the past."""
    async with resources.db.transaction() as session:
        await session.execute(
            update(Session)
            .where(Session.token_hash == token_hash(token))
            .values({name: getattr(Session, name) - age for name, age in by.items()})
        )
    await resources.redis.flushall()


@pytest.mark.asvs("7.2.3", "11.5.1")
async def test_a_token_finds_its_user_and_is_kept_nowhere(resources: Resources) -> None:
    user = await make_user(resources)
    token = await open_session(resources, user)
    signed_in = await find_session(resources, token)
    assert signed_in is not None
    assert (signed_in.user_id, signed_in.username) == (user.id, "ada")
    row = await _row(resources, token)
    assert signed_in.session_id == row.id
    kept = str(vars(row)) + str(await resources.redis.keys("*"))
    assert token not in kept


@pytest.mark.asvs("7.2.1")
@pytest.mark.parametrize("token", ["", "x" * 43, "ä" * 43, "a" * 42 + "\n", "x" * 100_000])
async def test_a_token_that_was_never_given_finds_nobody(resources: Resources, token: str) -> None:
    assert await find_session(resources, token) is None


@pytest.mark.asvs("7.2.2")
async def test_each_session_has_a_token_of_its_own(resources: Resources) -> None:
    user = await make_user(resources)
    tokens = {await open_session(resources, user) for _ in range(3)}
    assert len(tokens) == 3
    assert all(len(token) == 43 for token in tokens)


async def test_a_flushed_redis_ends_no_session(resources: Resources) -> None:
    token = await open_session(resources, await make_user(resources))
    first = await find_session(resources, token)
    await resources.redis.flushall()
    assert first is not None
    assert await find_session(resources, token) == first


async def test_sessions_go_on_and_end_while_redis_is_away(resources: Resources) -> None:
    away = without_redis(resources)
    token = await open_session(away, await make_user(away))
    signed_in = await find_session(away, token)
    assert signed_in is not None
    await end_session(away, signed_in.session_id)
    assert await find_session(away, token) is None


@pytest.mark.asvs("7.3.1")
async def test_a_session_that_is_used_outlives_its_idle_end(resources: Resources) -> None:
    token = await open_session(resources, await make_user(resources))
    for _ in range(3):
        await _age(resources, token, last_seen_at=IDLE_END - timedelta(minutes=1))
        assert await find_session(resources, token) is not None
    await _age(resources, token, last_seen_at=IDLE_END + timedelta(seconds=1))
    assert await find_session(resources, token) is None


@pytest.mark.asvs("7.3.2")
async def test_no_session_outlives_its_absolute_end(resources: Resources) -> None:
    token = await open_session(resources, await make_user(resources))
    await _age(resources, token, expires_at=ABSOLUTE_END - timedelta(minutes=1))
    assert await find_session(resources, token) is not None
    await _age(resources, token, expires_at=timedelta(minutes=2))
    assert await find_session(resources, token) is None


@pytest.mark.asvs("14.2.2")
async def test_the_copy_in_redis_never_outlives_the_session(resources: Resources) -> None:
    token = await open_session(resources, await make_user(resources))
    await _age(resources, token, expires_at=ABSOLUTE_END - timedelta(seconds=5))
    assert await find_session(resources, token) is not None
    assert 0 < await resources.redis.pttl(session_key(token_hash(token))) <= 5_000


async def test_the_last_use_is_written_at_most_every_five_minutes(resources: Resources) -> None:
    token = await open_session(resources, await make_user(resources))
    begun = (await _row(resources, token)).last_seen_at
    await resources.redis.flushall()
    await find_session(resources, token)
    assert (await _row(resources, token)).last_seen_at == begun
    await _age(resources, token, last_seen_at=SEEN_EVERY)
    await find_session(resources, token)
    assert now() - (await _row(resources, token)).last_seen_at < timedelta(seconds=30)


@pytest.mark.asvs("7.4.1")
async def test_an_ended_session_is_void_at_once_and_the_others_go_on(resources: Resources) -> None:
    user = await make_user(resources)
    token, other = await open_session(resources, user), await open_session(resources, user)
    signed_in = await find_session(resources, token)
    assert signed_in is not None
    await end_session(resources, signed_in.session_id)
    assert await find_session(resources, token) is None
    assert await find_session(resources, other) is not None


async def test_a_late_reader_cannot_bring_an_ended_session_back(resources: Resources) -> None:
    token = await open_session(resources, await make_user(resources))
    signed_in = await find_session(resources, token)
    assert signed_in is not None
    key = session_key(token_hash(token))
    copy = await resources.redis.get(key)
    await end_session(resources, signed_in.session_id)
    assert await resources.redis.set(key, copy, nx=True) is None
    assert await find_session(resources, token) is None


@pytest.mark.asvs("7.4.1", "16.5.3")
async def test_a_session_that_ended_while_redis_was_away_is_void_when_it_is_back(
    resources: Resources, tmp_path: Path
) -> None:
    token = await open_session(resources, await make_user(resources))
    signed_in = await find_session(resources, token)
    assert signed_in is not None, "there is a copy of it now, for half a minute"
    link = tmp_path / "redis.sock"
    away = Resources(resources.settings, resources.db, open_redis(f"unix://{link}"))
    await end_session(away, signed_in.session_id)
    link.symlink_to(urlsplit(str(resources.settings.redis_url)).path)
    async with asyncio.timeout(20):
        while await find_session(resources, token) is not None:
            await asyncio.sleep(0.05)
    await away.redis.aclose()


@pytest.mark.asvs("7.4.2")
async def test_a_disabled_user_has_no_session_and_gets_none(resources: Resources) -> None:
    user = await make_user(resources)
    tokens = [await open_session(resources, user) for _ in range(2)]
    for token in tokens:
        assert await find_session(resources, token) is not None
    async with resources.db.transaction() as session:
        await disable_user(session, resources, user.id)
    assert [await find_session(resources, token) for token in tokens] == [None, None]
    with pytest.raises(Unauthenticated):
        await open_session(resources, user)


async def test_a_session_cannot_begin_while_its_user_is_being_disabled(
    resources: Resources,
) -> None:
    user = await make_user(resources)
    async with resources.db.transaction() as session:
        await disable_user(session, resources, user.id)
        beginning = asyncio.create_task(open_session(resources, user))
        await asyncio.sleep(0.1)
        assert not beginning.done()
    with pytest.raises(Unauthenticated):
        await beginning


async def test_ends_are_hinted_to_every_process(resources: Resources) -> None:
    user = await make_user(resources)
    tokens = [await open_session(resources, user) for _ in range(2)]
    ids = {(await _row(resources, token)).id for token in tokens}
    heard: list[tuple[str, UUID]] = []
    all_heard = asyncio.Event()

    def hear(data: bytes) -> None:
        heard.append(read_hint(data))
        if len(heard) == 3:
            all_heard.set()

    bus = Bus(resources.redis)
    bus.subscribe(HINTS, hear)
    listening = asyncio.create_task(bus.run())
    await asyncio.sleep(0.2)
    async with resources.db.transaction() as session:
        await disable_user(session, resources, user.id)
    await asyncio.wait_for(all_heard.wait(), 1)
    listening.cancel()
    assert set(heard) == {("user", user.id), *(("session", id) for id in ids)}


async def test_whoever_missed_a_hint_can_ask_which_sessions_are_over(resources: Resources) -> None:
    user = await make_user(resources)
    tokens = [await open_session(resources, user) for _ in range(3)]
    ids = [(await _row(resources, token)).id for token in tokens]
    await end_session(resources, ids[0])
    await _age(resources, tokens[1], last_seen_at=IDLE_END)
    async with resources.db.transaction() as session:
        assert await list_ended(session, set(ids)) == set(ids[:2])
        await end_sessions_of(session, resources, user.id)
        assert await list_ended(session, set(ids)) == set(ids)
