"""Signing in, and how slow guessing is."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.core.errors import TooMany, Unauthenticated
from app.core.resources import Resources
from app.events.store import StoredEvent
from app.users import known_browsers
from app.users.known_browsers import recognise, remember
from app.users.models import User
from app.users.service import disable_user, list_users
from app.users.sessions import Browser, find_session
from app.users.sign_in import WRONG, Begun, Started, sign_in
from app.users.throttle import TOTAL, counted, note_failure
from tests.users.people import HOME, PASSWORD, make_user, without_redis
from tests.users.proofs import stop_clock


async def _try(
    resources: Resources, username: str, password: str = PASSWORD, browser: Browser = HOME
) -> Begun | Exception:
    try:
        return await sign_in(resources, browser, username=username, password=password)
    except (TooMany, Unauthenticated) as error:
        return error


async def test_the_right_password_begins_a_session(resources: Resources) -> None:
    user = await make_user(resources)
    started = await sign_in(resources, HOME, username=" ADA ", password=PASSWORD)
    assert isinstance(started, Started)
    assert await find_session(resources, started.token) == started.signed_in
    async with resources.db.transaction() as session:
        events = (await session.scalars(select(StoredEvent.type))).all()
        row = await session.get(User, user.id)
    assert sorted(events) == ["user.created", "user.signed_in"]
    assert row is not None
    assert row.last_login_at is not None


@pytest.mark.asvs("6.3.2")
async def test_a_fresh_keiko_has_no_account_that_somebody_could_know(
    resources: Resources,
) -> None:
    async with resources.db.transaction() as session:
        assert await list_users(session) == []
    for name in ("admin", "root", "owner", "keiko"):
        assert str(await _try(resources, name, name)) == WRONG


@pytest.mark.asvs("7.2.4")
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


@pytest.mark.asvs("6.3.1")
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


@pytest.mark.asvs("6.3.1")
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


@pytest.mark.asvs("15.2.2")
async def test_many_may_sign_in_at_once_from_one_address(resources: Resources) -> None:
    await make_user(resources)
    results = await asyncio.gather(*(_try(resources, "ada") for _ in range(40)))
    assert all(isinstance(r, Started) for r in results)


@pytest.mark.asvs("16.5.3")
async def test_guessing_is_slow_without_redis_too(resources: Resources) -> None:
    away = without_redis(resources)
    await make_user(away, "adele")
    browser = replace(HOME, address="192.0.2.44")
    for _ in range(6):
        assert isinstance(await _try(away, "adele", "wrong", browser), Unauthenticated)
    assert isinstance(await _try(away, "adele", PASSWORD, browser), TooMany)


def _who_knows(resources: Resources, *names: str) -> Browser:
    """A browser in which these have signed in before, far from home."""
    known = None
    for name in names:
        known = recognise(resources, remember(resources, known, name))
    return Browser(address="192.0.2.77", known=known)


@pytest.mark.asvs("6.3.1", "6.1.1")
async def test_guessing_at_an_account_does_not_shut_its_owner_out_of_a_known_browser(
    resources: Resources,
) -> None:
    await make_user(resources)
    for _ in range(6):
        await _try(resources, "ada", "wrong password")
    elsewhere = Browser(address="192.0.2.78")
    assert isinstance(await _try(resources, "ada", browser=elsewhere), TooMany)
    assert isinstance(await _try(resources, "ada", browser=_who_knows(resources, "ada")), Started)
    other = _who_knows(resources, "grace")
    assert isinstance(await _try(resources, "ada", browser=other), TooMany), "known to another"


@pytest.mark.asvs("6.3.1")
async def test_a_known_browser_has_no_more_tries_than_any_other(resources: Resources) -> None:
    await make_user(resources)
    stolen = _who_knows(resources, "ada")
    for _ in range(6):
        assert isinstance(await _try(resources, "ada", "wrong", stolen), Unauthenticated)
    assert isinstance(await _try(resources, "ada", browser=stolen), TooMany)
    elsewhere = Browser(address="192.0.2.79")
    assert isinstance(await _try(resources, "ada", browser=elsewhere), Started)


@pytest.mark.asvs("6.3.1")
async def test_guesses_from_everywhere_at_everybody_are_slow_in_total(
    resources: Resources,
) -> None:
    await make_user(resources)
    for _ in range(TOTAL.free + 1):
        await note_failure(resources.redis, TOTAL)
    assert isinstance(await _try(resources, "ada"), TooMany)
    assert isinstance(await _try(resources, "ada", browser=_who_knows(resources, "ada")), Started)


def test_a_known_browsers_cookie_is_sealed_and_ends_after_a_year(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = stop_clock(monkeypatch, known_browsers)
    cookie = remember(resources, None, "Ada")
    assert cookie is not None
    known = recognise(resources, cookie)
    assert known is not None
    assert known.accounts == (known_browsers.account_key("ada"),)
    assert recognise(resources, cookie[:-6] + "AAAAAA") is None
    assert recognise(resources, "nonsense") is None
    clock.go_on(days=366)
    assert recognise(resources, cookie) is None


def test_delays_double_up_to_a_minute_for_an_account() -> None:
    account, network, total = counted("ada", Browser(address="2001:db8::1"))
    assert [account.delay(n) for n in range(4, 15)] == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert network.delay(20) == 0
    assert network.delay(10_000) == 300
    assert [total.delay(n) for n in (300, 301, 302, 303, 304, 9999)] == [0, 1, 2, 4, 5, 5]


def test_an_ipv6_household_is_one_address() -> None:
    here, there, away = (
        counted("ada", Browser(address=address))[1]
        for address in ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1")
    )
    assert here == there != away
