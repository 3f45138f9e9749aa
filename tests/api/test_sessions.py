"""Where one is signed in, and how one ends that."""

from typing import Any

import pytest

from app.core.resources import Resources
from app.users.service import get_user
from app.users.session_list import describe_device
from app.users.sessions import Browser, find_session, start_session
from tests.api.acting import Person

PHONE = Browser(
    user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
    address="203.0.113.9",
)


async def _elsewhere(resources: Resources, person: Person, browser: Browser = PHONE) -> str:
    """The token of one more session of theirs."""
    async with resources.db.transaction() as session:
        user = await get_user(session, person.user_id)
        return (await start_session(session, user, browser, ["pwd", "otp", "mfa"]))[0]


@pytest.mark.asvs("7.5.2")
async def test_the_list_says_device_place_times_and_way(
    ada: Person, bob: Person, resources: Resources
) -> None:
    await _elsewhere(resources, ada)
    listed: list[dict[str, Any]] = await ada.done("GET", "/sessions")
    assert len(listed) == 2
    (phone,) = [each for each in listed if not each["is_this"]]
    assert (phone["browser"], phone["system"]) == ("Safari", "iPhone")
    assert phone["address"] == "203.0.113.9"
    assert phone["signed_in_by"] == ["pwd", "otp", "mfa"]
    assert phone["created_at"] <= phone["last_seen_at"] < phone["ends_at"]
    assert [each["is_this"] for each in await bob.done("GET", "/sessions")] == [True]


@pytest.mark.asvs("7.4.1", "7.5.2")
async def test_one_session_is_ended_and_its_cookie_opens_nothing(
    ada: Person, resources: Resources
) -> None:
    token = await _elsewhere(resources, ada)
    there = await find_session(resources, token)
    assert there is not None
    assert await ada.done("DELETE", f"/sessions/{there.session_id}") == {"removed": True}
    assert await find_session(resources, token) is None
    assert (await ada.refused("DELETE", f"/sessions/{there.session_id}"))[0] == 404
    assert len(await ada.done("GET", "/sessions")) == 1


@pytest.mark.asvs("7.4.3", "7.5.2")
async def test_all_others_are_ended_at_once_and_nobody_elses(
    ada: Person, bob: Person, resources: Resources
) -> None:
    tokens = [await _elsewhere(resources, ada) for _ in range(3)]
    his = await _elsewhere(resources, bob)
    assert await ada.done("DELETE", "/sessions") == {"ended": 3}
    assert [await find_session(resources, token) for token in tokens] == [None] * 3
    assert await find_session(resources, his) is not None
    assert [each["is_this"] for each in await ada.done("GET", "/sessions")] == [True]


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
         ("Firefox", "Linux")),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", ("Edge", "Windows")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
         "Gecko) Version/19.0 Safari/605.1.15", ("Safari", "macOS")),
        ("Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/140.0.0.0 Mobile Safari/537.36", ("Chrome", "Android")),
        ("python-httpx/0.28.1", ("python-httpx", None)),
        ("curl/8.5.0", ("curl", None)),
        ("", (None, None)),
        ("<script>alert(1)</script>", (None, None)),
    ],
)  # fmt: skip
def test_a_device_is_called_as_its_owner_calls_it(
    agent: str, device: tuple[str | None, str | None]
) -> None:
    assert describe_device(agent) == device
