"""When the next run is, with clocks that are turned in three parts of the world."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dateutil.rrule
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.schedules.horizon import years_ahead
from app.schedules.rules import Rule, RuleKind, check_rule, next_run, next_runs

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def local(rule: Rule, after: str, most: int) -> list[str]:
    """The runs after a wall time in the rule's zone, as its clocks and its offset show them."""
    start = datetime.fromisoformat(after).replace(tzinfo=rule.zone)
    runs = next_runs(rule, start, most)
    assert all(run.tzinfo is UTC for run in runs)
    assert runs == sorted(set(runs))
    return [run.astimezone(rule.zone).strftime("%d %H:%M %z") for run in runs]


def cron(text: str, zone: str) -> Rule:
    return Rule(kind=RuleKind.CRON, text=text, time_zone=zone)


def rrule(text: str, zone: str, starts_at: datetime | None = None) -> Rule:
    return Rule(kind=RuleKind.RRULE, text=text, time_zone=zone, starts_at=starts_at)


EIGHT = "FREQ=DAILY;BYHOUR=8;BYMINUTE=0"


@pytest.mark.parametrize(
    ("zone", "before", "runs"),
    [
        (BERLIN, "2027-03-27", ["27 08:00 +0100", "28 08:00 +0200", "29 08:00 +0200"]),
        (BERLIN, "2026-10-24", ["24 08:00 +0200", "25 08:00 +0100", "26 08:00 +0100"]),
        (NEW_YORK, "2027-03-13", ["13 08:00 -0500", "14 08:00 -0400", "15 08:00 -0400"]),
        (NEW_YORK, "2026-10-31", ["31 08:00 -0400", "01 08:00 -0500", "02 08:00 -0500"]),
        (LORD_HOWE, "2027-10-02", ["02 08:00 +1030", "03 08:00 +1100", "04 08:00 +1100"]),
        (LORD_HOWE, "2027-04-03", ["03 08:00 +1100", "04 08:00 +1030", "05 08:00 +1030"]),
    ],
)
def test_every_day_at_eight_is_eight_on_the_wall(zone: str, before: str, runs: list[str]) -> None:
    assert local(cron("0 8 * * *", zone), before, 3) == runs
    assert local(rrule(EIGHT, zone), before, 3) == runs


@pytest.mark.parametrize(
    ("zone", "before", "time", "by_cron", "by_rrule"),
    [
        (BERLIN, "2027-03-28", "2:30", "28 03:00 +0200", "28 03:30 +0200"),
        (NEW_YORK, "2027-03-14", "2:30", "14 03:00 -0400", "14 03:30 -0400"),
        (LORD_HOWE, "2027-10-03", "2:10", "03 02:30 +1100", "03 02:40 +1100"),
    ],
)
def test_a_time_that_does_not_exist_is_moved_forward(
    zone: str, before: str, time: str, by_cron: str, by_rrule: str
) -> None:
    hour, minute = time.split(":")
    assert local(cron(f"{minute} {hour} * * *", zone), before, 2)[0] == by_cron
    runs = local(rrule(f"FREQ=DAILY;BYHOUR={hour};BYMINUTE={minute}", zone), before, 2)
    assert runs[0] == by_rrule
    assert runs[1].split()[1] == f"0{time}"


@pytest.mark.parametrize(
    ("zone", "before", "time", "runs"),
    [
        (BERLIN, "2026-10-25", "2:30", ["25 02:30 +0200", "26 02:30 +0100"]),
        (NEW_YORK, "2026-11-01", "1:30", ["01 01:30 -0400", "02 01:30 -0500"]),
        (LORD_HOWE, "2027-04-04", "1:45", ["04 01:45 +1100", "05 01:45 +1030"]),
    ],
)
def test_a_time_that_exists_twice_happens_once(
    zone: str, before: str, time: str, runs: list[str]
) -> None:
    hour, minute = time.split(":")
    for rule in (
        cron(f"{minute} {hour} * * *", zone),
        rrule(f"FREQ=DAILY;BYHOUR={hour};BYMINUTE={minute}", zone),
    ):
        assert local(rule, before, 2) == runs
        between = datetime.fromisoformat(before).replace(tzinfo=rule.zone) + timedelta(hours=3)
        following = next_run(rule, between)
        assert following is not None
        assert following.astimezone(rule.zone).strftime("%d %H:%M %z") == runs[1]


def test_a_run_between_the_two_hours_is_not_followed_by_the_same_one() -> None:
    rule, moments = cron("15,45 2 * * *", BERLIN), []
    at = datetime(2026, 10, 24, 22, tzinfo=UTC)
    for _ in range(3):
        following = next_run(rule, at)
        assert following is not None
        moments.append(following.astimezone(rule.zone).strftime("%d %H:%M %z"))
        at = following
    assert moments == ["25 02:15 +0200", "25 02:45 +0200", "26 02:15 +0100"]


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE])
@pytest.mark.parametrize("start", ["2027-03-28", "2027-03-14", "2026-10-25", "2026-11-01",
                                   "2027-04-04", "2027-10-03"])  # fmt: skip
def test_every_so_many_minutes_is_so_many_minutes_whatever_clocks_show(
    zone: str, start: str
) -> None:
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for rule in (
        cron("*/15 * * * *", zone),
        rrule("FREQ=MINUTELY;INTERVAL=15", zone, begin),
    ):
        runs = next_runs(rule, begin, 40)
        gaps = {after - before for before, after in zip(runs, runs[1:], strict=False)}
        assert gaps == {timedelta(minutes=15)}


def test_a_rule_may_have_a_beginning_and_an_end() -> None:
    rule = Rule(
        kind=RuleKind.CRON,
        text="0 8 * * *",
        time_zone=BERLIN,
        starts_at=datetime(2026, 12, 1, 7, tzinfo=UTC),
        ends_at=datetime(2026, 12, 3, 7, tzinfo=UTC),
    )
    assert local(rule, "2026-11-22", 9) == ["01 08:00 +0100", "02 08:00 +0100", "03 08:00 +0100"]


def test_an_rrule_counts_its_weeks_from_its_beginning() -> None:
    rule = rrule("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=9", BERLIN,
                 datetime(2026, 11, 23, 8, tzinfo=UTC))  # fmt: skip
    assert [run[:2] for run in local(rule, "2026-11-22", 4)] == ["23", "07", "21", "04"]
    assert [run[:2] for run in local(rule, "2026-12-01", 2)] == ["07", "21"]


@pytest.mark.parametrize(
    "text",
    ["0 0 31 2 *", "0 0 30 2 *", "60 * * * *", "* * * *", "* * * * * *", "a b c d e", "0 25 * * *",
     "*/0 * * * *", "", "0 0 31 4,6,9,11 *"],
)  # fmt: skip
def test_a_cron_rule_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_rule(cron(text, BERLIN), NOW)
    assert refusal.value.field == "when"


@pytest.mark.parametrize(
    "text",
    ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
     "FREQ=DAILY;BYSETPOS=5", "FREQ=SECONDLY", "FREQ=MINUTELY;BYSECOND=0,30",
     "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=31", "FREQ=DAILY;BYSECOND=5", "FREQ=DAILY;INTERVAL=0",
     "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;BYHOUR=25", "FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;COUNT=3",
     "FREQ=DAILY;DTSTART=20260101", "FREQ=DAILY;FREQ=DAILY", "INTERVAL=1", "FREQ=SOMETIMES", "x",
     "FREQ=HOURLY;INTERVAL=24;BYHOUR=3,x", "FREQ=WEEKLY;BYDAY=", "FREQ=YEARLY;BYWEEKNO=99",
     "FREQ=DAILY;BYHOUR=8\nEXRULE:FREQ=DAILY"],
)  # fmt: skip
def test_an_rrule_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_rule(rrule(text, BERLIN), NOW)
    assert refusal.value.field == "when"


@pytest.mark.parametrize("zone", ["Europe/Bonn", "", "../etc/passwd", "/etc/localtime", "x" * 99])
def test_a_zone_that_nobody_knows_is_refused(zone: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_rule(cron("0 8 * * *", zone), NOW)
    assert refusal.value.field == "time_zone"


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(kind=RuleKind.ONCE, text="2026-11-22T09:00", time_zone="UTC"), "when"),
        (Rule(kind=RuleKind.ONCE, text="tomorrow", time_zone="UTC"), "when"),
        (Rule(kind=RuleKind.ONCE, text="9999-12-31T23:59-12:00", time_zone="UTC"), "when"),
        (Rule(kind=RuleKind.CRON, text="0 8 * * *", time_zone="UTC", ends_at=NOW), "ends_at"),
        (Rule(kind=RuleKind.CRON, text="0 8 1 1 *", time_zone="UTC",
              ends_at=NOW + timedelta(days=2)), "ends_at"),
        (Rule(kind=RuleKind.CRON, text="0 8 * * *", time_zone="UTC",
              starts_at=NOW.replace(year=9000)), "starts_at"),
    ],
)  # fmt: skip
def test_a_moment_that_has_passed_is_refused(rule: Rule, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_rule(rule, NOW)
    assert refusal.value.field == field


def test_a_moment_without_an_offset_is_wall_time() -> None:
    rule = Rule(kind=RuleKind.ONCE, text="2027-03-28T02:30", time_zone=BERLIN)
    assert next_run(rule, NOW) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


_MOMENTS = st.datetimes(
    datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip
_RULES = st.one_of(
    st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23)),
    st.builds("*/{} * * * *".format, st.integers(1, 59)),
    st.builds("FREQ=DAILY;BYHOUR={};BYMINUTE={}".format, st.integers(0, 23), st.integers(0, 59)),
    st.builds("FREQ=MINUTELY;INTERVAL={}".format, st.integers(1, 500)),
    st.builds("FREQ=HOURLY;BYMINUTE={},{}".format, st.integers(0, 59), st.integers(0, 59)),
)


@settings(deadline=None)
@given(_RULES, _MOMENTS, st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, "UTC"]))
def test_runs_are_in_order_and_the_same_one_by_one(text: str, at: datetime, zone: str) -> None:
    rule = rrule(text, zone, at) if text.startswith("FREQ") else cron(text, zone)
    together, after = next_runs(rule, at, 5), at
    one_by_one: list[datetime] = []
    for _ in range(5):
        following = next_run(rule, after)
        assert following is not None
        assert following >= after + (timedelta(minutes=1) if one_by_one else timedelta(0))
        one_by_one.append(following)
        after = following
    assert together == one_by_one


NEVER = [
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYSETPOS=2;BYHOUR=8",
    "FREQ=DAILY;INTERVAL=14;BYDAY=TU",
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
    "FREQ=HOURLY;INTERVAL=168;BYDAY=1TU",
    "FREQ=MINUTELY;INTERVAL=7;BYDAY=MO;BYHOUR=5;BYMINUTE=7",
]


@pytest.mark.parametrize("text", NEVER)
def test_what_never_comes_is_told_after_few_looks(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Each look is a day, week, month or year that dateutil draws up while all others wait."""
    looks, rebuild = 0, dateutil.rrule._iterinfo.rebuild

    def counted(info: Any, year: int, month: int) -> None:
        nonlocal looks
        looks += 1
        rebuild(info, year, month)

    monkeypatch.setattr(dateutil.rrule._iterinfo, "rebuild", counted)
    rule = Rule(kind=RuleKind.RRULE, text=text, time_zone="Europe/Berlin")
    with pytest.raises(Invalid, match="never comes"):
        check_rule(rule, NOW)
    assert looks < 5_000


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", datetime(2044, 2, 29)),  # noqa: DTZ001
        ("FREQ=YEARLY;INTERVAL=10;BYMONTH=1;BYMONTHDAY=1", datetime(2036, 1, 1)),  # noqa: DTZ001
        ("FREQ=MINUTELY;INTERVAL=7;BYDAY=WE;BYHOUR=5", datetime(2026, 11, 25)),  # noqa: DTZ001
        ("FREQ=HOURLY;BYMINUTE=14,2", datetime(2026, 11, 22)),  # noqa: DTZ001
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", datetime(2026, 11, 30)),  # noqa: DTZ001
    ],
)
def test_what_comes_seldom_is_found(text: str, first: datetime) -> None:
    rule = Rule(kind=RuleKind.RRULE, text=text, time_zone="Europe/Berlin")
    assert check_rule(rule, NOW).date() == first.date()


@pytest.mark.parametrize("year", [2026, 2059, 2060, 2099, 2160, 2200])
def test_a_search_is_moved_to_years_like_those_to_come(year: int) -> None:
    far = years_ahead(year, year + 42)
    for n in range(43):
        for month, day in ((2, 28), (3, 1), (12, 31)):
            here, there = date(year + n, month, day), date(year + n + far, month, day)
            assert here.weekday() == there.weekday()
    assert 9999 - 400 < year + 42 + far <= 9999
