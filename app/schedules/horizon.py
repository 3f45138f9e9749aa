"""Which RRULEs can never fire, and how far ahead the others are searched.

dateutil looks on until the year 9999 for what never comes. So what cannot come is told without
looking, and the search is moved to the last years of the calendar that are like the ones to come.
"""

import calendar
from collections.abc import Mapping
from datetime import MAXYEAR, date, datetime
from functools import cache
from itertools import product
from math import gcd

LONGEST_WAIT = 40
"""Years: a rule that does not fire for so long never does. A 29th of February on a Monday may
take as many, over a year like 2100."""

_WEEK = 7 * 24 * 60
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MOST_DAYS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}


@cache
def years_ahead(first: int, last: int) -> int:
    """By how many years these ones can be moved, to years with the same weekdays and leap days."""
    like = [_kind(year) for year in range(first, last + 1)]
    for far in range(MAXYEAR - last, 0, -1):
        if all(_kind(first + far + n) == kind for n, kind in enumerate(like)):
            return far
    return 0


def _kind(year: int) -> tuple[int, bool]:
    return date(year, 1, 1).weekday(), calendar.isleap(year)


def has_beat(parts: Mapping[str, str], start: datetime, minutes: int) -> bool:
    """Whether a beat of so many minutes from `start` (wall time) ever meets its days and hours.

    It comes back to the same minute of the week after 10,080 beats at most.
    """
    days = (
        {_DAYS.index(day[-2:]) for day in parts["BYDAY"].split(",")}
        if "BYDAY" in parts
        else range(7)
    )
    hours = _numbers(parts, "BYHOUR") or range(24)
    is_minutely = parts["FREQ"] == "MINUTELY"  # an hour that comes has all its minutes
    of_hour = (is_minutely and _numbers(parts, "BYMINUTE")) or range(60)
    wanted = {
        day * 24 * 60 + hour * 60 + minute for day, hour, minute in product(days, hours, of_hour)
    }
    begin = start.weekday() * 24 * 60 + start.hour * 60 + start.minute
    beats = range(_WEEK // gcd(_WEEK, minutes))
    return any((begin + beat * minutes) % _WEEK in wanted for beat in beats)


def has_place(parts: Mapping[str, str]) -> bool:
    """Whether a day, week, month or year can hold as many runs as BYSETPOS counts."""
    times = len(_numbers(parts, "BYHOUR") or "1") * len(_numbers(parts, "BYMINUTE") or "1")
    places = _numbers(parts, "BYSETPOS")
    return not places or min(map(abs, places)) <= times * _MOST_DAYS[parts["FREQ"]]


def dates_of(parts: Mapping[str, str]) -> dict[str, str]:
    """The dates that a rule is limited to, as a rule by the year: quicker to search than by day."""
    limits = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY")
    return {"FREQ": "YEARLY", **{name: parts[name] for name in limits if name in parts}}


def _numbers(parts: Mapping[str, str], name: str) -> set[int]:
    return {int(number) for number in parts[name].split(",")} if name in parts else set()
