"""When somebody is told something: quiet hours, digests, further attempts."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notifications.models import Kind
from app.notifications.rules import (
    MOST_ATTEMPTS,
    back_off,
    due_at,
    next_digest,
    quiet_end,
    reason_to_drop,
)
from app.notifications.texts import plain, shorten

BERLIN = ZoneInfo("Europe/Berlin")
TOKYO = ZoneInfo("Asia/Tokyo")
NIGHT = (time(22), time(7))
MOMENTS = st.integers(0, 500_000_000).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-11-22T21:59", None),
        ("2026-11-22T22:00", "2026-11-23T07:00"),
        ("2026-11-22T23:30", "2026-11-23T07:00"),
        ("2026-11-23T00:00", "2026-11-23T07:00"),
        ("2026-11-23T06:59", "2026-11-23T07:00"),
        ("2026-11-23T07:00", None),
    ],
)
def test_quiet_hours_go_over_midnight(at: str, end: str | None) -> None:
    assert quiet_end(local(at), *NIGHT, BERLIN) == (local(end) if end else None)


def test_quiet_hours_are_those_of_the_users_own_clock() -> None:
    at = local("2026-11-22T15:00")
    assert quiet_end(at, *NIGHT, BERLIN) is None
    assert quiet_end(at, *NIGHT, TOKYO) == local("2026-11-23T07:00", TOKYO)


def test_quiet_hours_within_a_day_end_on_that_day() -> None:
    noon = (time(12), time(13, 30))
    assert quiet_end(local("2026-11-22T12:45"), *noon, BERLIN) == local("2026-11-22T13:30")
    assert quiet_end(local("2026-11-22T13:30"), *noon, BERLIN) is None


def test_quiet_hours_last_until_the_clock_says_so_also_when_it_is_set() -> None:
    spring, autumn = local("2027-03-28T01:30"), local("2026-10-25T01:30")
    assert quiet_end(spring, *NIGHT, BERLIN) == datetime(2027, 3, 28, 5, tzinfo=UTC)
    assert quiet_end(autumn, *NIGHT, BERLIN) == datetime(2026, 10, 25, 6, tzinfo=UTC)
    twice = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 for the second time
    assert quiet_end(twice, time(1), time(2, 30), BERLIN) == twice + timedelta(minutes=20)


def test_without_quiet_hours_nothing_is_held_back() -> None:
    assert quiet_end(local("2026-11-22T23:30"), None, None, BERLIN) is None


@given(MOMENTS, st.times(), st.times(), ZONES)
def test_what_is_held_back_is_held_for_less_than_a_day_and_an_hour(
    at: datetime, start: time, end: time, zone: str
) -> None:
    until = quiet_end(at, start, end, ZoneInfo(zone))
    assert until is None or at < until <= at + timedelta(hours=25)


def test_a_digest_comes_at_the_same_time_of_each_day() -> None:
    first = next_digest(local("2026-10-24T08:00"), time(8), BERLIN)
    assert first == local("2026-10-25T08:00")
    assert first - local("2026-10-24T08:00") == timedelta(hours=25)
    assert next_digest(first, time(8), BERLIN) == local("2026-10-26T08:00")
    assert next_digest(local("2026-10-24T07:59"), time(8), BERLIN) == local("2026-10-24T08:00")


@given(MOMENTS, st.times(), ZONES)
def test_the_next_digest_is_always_still_to_come(at: datetime, clock: time, zone: str) -> None:
    due = next_digest(at, clock, ZoneInfo(zone))
    assert at < due <= at + timedelta(hours=25)


@pytest.mark.parametrize("kind", [Kind.TASK_DONE, Kind.TASK_FAILED, Kind.QUESTION])
def test_quiet_hours_hold_back_what_is_urgent_too(kind: Kind) -> None:
    at = local("2026-11-22T23:30")
    end = quiet_end(at, *NIGHT, BERLIN)
    assert due_at(kind, at, end) == end
    assert due_at(kind, at, None) == at


@pytest.mark.parametrize("kind", [Kind.DIGEST, Kind.TEST])
def test_what_the_user_asked_for_at_a_time_comes_at_that_time(kind: Kind) -> None:
    at = local("2026-11-22T23:30")
    assert due_at(kind, at, at + timedelta(hours=7)) == at
    assert not reason_to_drop(kind, is_read=True, is_present=True, only_when_away=True)


def test_what_was_read_or_seen_is_not_sent() -> None:
    def reason(is_read: bool, is_present: bool, only_when_away: bool) -> str | None:
        return reason_to_drop(
            Kind.TASK_DONE, is_read=is_read, is_present=is_present, only_when_away=only_when_away
        )

    assert reason(True, False, False)
    assert reason(False, True, True)
    assert reason(False, True, False) is None
    assert reason(False, False, True) is None


def test_further_attempts_wait_longer_and_come_to_an_end() -> None:
    pauses = [back_off(attempts) for attempts in range(1, MOST_ATTEMPTS)]
    assert None not in pauses
    assert pauses == sorted(pauses, key=lambda pause: pause or timedelta())
    assert back_off(MOST_ATTEMPTS) is None


@given(st.text(), st.integers(5, 50))
def test_a_text_that_is_too_long_is_cut_and_says_so(text: str, most: int) -> None:
    short = shorten(text, most)
    assert len(short) <= most
    assert short == " ".join(text.split()) or short.endswith("…")


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("It is **07:59** in *Tokyo*.", "It is 07:59 in Tokyo."),
        ("# Papers\n> quoted", "Papers\nquoted"),
        ("```python\nx = 2 * 3\n```", "\nx = 2 * 3\n"),
        ("See [the page](https://example.org/a) and `snake_case`.", "See the page and snake_case."),
        ("| Part | Shows |\n|---|:--:|\n| Table | rows |", "Part · Shows\n\nTable · rows"),
        ("2 * 3 * 4 and a_b", "2 * 3 * 4 and a_b"),
    ],
)
def test_the_signs_of_markdown_are_left_out(markdown: str, words: str) -> None:
    assert plain(markdown) == words
