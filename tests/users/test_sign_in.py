"""Signing in, and how slow guessing is."""

import asyncio
from dataclasses import replace

from sqlalchemy import select

from app.core.errors import TooMany, Unauthenticated
from app.core.resources import Resources
from app.events.store import StoredEvent
from app.users.models import User
from app.users.service import disable_user
from app.users.sessions import Browser, find_session
from app.users.sign_in import WRONG, Started, sign_in
from app.users.throttle import counted
from tests.users.people import HOME, PASSWORD, make_user, without_redis


async def _try(
    resources: Resources, username: str, password: str = PASSWORD, browser: Browser = HOME
) -> Started | Exception:
    try:
        return await sign_in(resources, browser, username=username, password=password)
    except (TooMany, Unauthenticated) as error:
        return error


async def test_the_right_password_begins_a_session(resources: Resources) -> None:
    user = await make_user(resources)
    started = await sign_in(resources, HOME, username=" ADA ", password=PASSWORD)
    assert await find_session(resources, started.token) == started.signed_in
    async with resources.db.transaction() as session:
        events = (await session.scalars(select(StoredEvent.type))).all()
        row = await session.get(User, user.id)
    assert sorted(events) == ["user.created", "user.signed_in"]
    assert row is not None
    assert row.last_login_at is not None


async def test_each_sign_in_gets_a_new_token(resources: Resources) -> None:
    await make_user(resources)
    tokens = {
        (await sign_in(resources, HOME, username="ada", password=PASSWORD)).token for _ in range(3)
    }
    assert len(tokens) == 3


async def test_unknown_wrong_and_disabled_sound_the_same(resources: Resources) -> None:
    await make_user(resources)
    shut = await make_user(resources, "grace")
    async with resources.db.transaction() as session:
        await disable_user(session, resources, shut.id)
    said = [
        await _try(resources, "nobody"),
        await _try(resources, "ada", "wrong password"),
        await _try(resources, "grace"),
        await _try(resources, "a\x00b"),
    ]
    assert [(type(e), str(e)) for e in said] == [(Unauthenticated, WRONG)] * 4


async def test_after_five_failures_an_account_has_to_wait_known_or_not(
    resources: Resources,
) -> None:
    await make_user(resources)
    for name in ("ada", "nobody"):
        for _ in range(6):
            assert isinstance(await _try(resources, name, "wrong password"), Unauthenticated)
        refused = await _try(resources, name.upper())
        assert isinstance(refused, TooMany), "even with the right password"
        assert 1 <= refused.retry_after <= 2
        assert str(refused.retry_after) in str(refused)


async def test_who_waits_gets_in_and_the_failures_are_forgotten(resources: Resources) -> None:
    await make_user(resources)
    for _ in range(6):
        await _try(resources, "ada", "wrong password")
    await asyncio.sleep(1.1)
    assert isinstance(await _try(resources, "ada"), Started)
    for _ in range(5):
        assert isinstance(await _try(resources, "ada", "wrong password"), Unauthenticated)
    assert isinstance(await _try(resources, "ada"), Started)


async def test_an_address_that_tries_many_names_has_to_wait(resources: Resources) -> None:
    await make_user(resources)
    for number in range(21):
        await _try(resources, f"user{number}", "wrong password")
    assert isinstance(await _try(resources, "ada"), TooMany)
    elsewhere = Browser(address="203.0.113.9")
    assert isinstance(await _try(resources, "ada", browser=elsewhere), Started)


async def test_a_burst_of_guesses_cannot_slip_past_the_delay(resources: Resources) -> None:
    await make_user(resources)
    results = await asyncio.gather(
        *(_try(resources, "ada", f"wrong password {n}") for n in range(40))
    )
    heard = sum(isinstance(r, Unauthenticated) for r in results)
    assert heard <= 14, "five free, and those that were being hashed meanwhile"


async def test_many_may_sign_in_at_once_from_one_address(resources: Resources) -> None:
    await make_user(resources)
    results = await asyncio.gather(*(_try(resources, "ada") for _ in range(40)))
    assert all(isinstance(r, Started) for r in results)


async def test_guessing_is_slow_without_redis_too(resources: Resources) -> None:
    away = without_redis(resources)
    await make_user(away, "adele")
    browser = replace(HOME, address="192.0.2.44")
    for _ in range(6):
        assert isinstance(await _try(away, "adele", "wrong", browser), Unauthenticated)
    assert isinstance(await _try(away, "adele", PASSWORD, browser), TooMany)


def test_delays_double_up_to_a_minute_for_an_account() -> None:
    account, network = counted("ada", "2001:db8::1")
    assert [account.delay(n) for n in range(4, 15)] == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert network.delay(20) == 0
    assert network.delay(10_000) == 300


def test_an_ipv6_household_is_one_address() -> None:
    here, there = counted("ada", "2001:db8::1")[1], counted("ada", "2001:db8::ffff:2")[1]
    assert here == there != counted("ada", "2001:db8:0:1::1")[1]
