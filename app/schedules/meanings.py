"""What the times of a sentence mean: the rule of each way to say one."""

import re
from datetime import date, datetime, time, timedelta

from app.schedules.grammar import Found, Unclear
from app.schedules.rules import Rule

_CRON_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_RRULE_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WORKDAYS = frozenset(range(5))
_HOUR, _DAY, _WEEK = 60, 24 * 60, 7 * 24 * 60


def interval(found: Found) -> Rule:
    """Every so many minutes, hours, days or weeks."""
    count, unit = found.number("n"), found.words.numbers[found.get("unit")]
    if unit in (1, _HOUR) and found.has_time:
        raise Unclear
    if unit == 1:
        if 60 % count == 0:
            return found.cron(f"{_each(count)} * * * *" if count < 60 else "0 * * * *")
        return found.rrule(f"FREQ=MINUTELY;INTERVAL={count}", _soon(found, minutes=count))
    if unit == _HOUR:
        if 24 % count == 0 and count < 24:
            return found.cron(f"0 {_each(count)} * * *")
        return found.rrule(f"FREQ=HOURLY;INTERVAL={count}", _soon(found, hours=count))
    return _every_days(found, count, weeks=unit == _WEEK)


def _every_days(found: Found, count: int, *, weeks: bool) -> Rule:
    at, days = found.time_of_day(), found.days()
    if (days and not weeks) or (weeks and count == 1 and not days):
        raise Unclear
    if count == 1 and (days or not weeks):
        return _on_days(found, days or frozenset(range(7)))
    first = _next_day(found, at, days or frozenset(range(7)))
    frequency = "WEEKLY" if weeks else "DAILY"
    on = ",".join(_RRULE_DAYS[day] for day in sorted(days or {first.weekday()}))
    by_day = f";BYDAY={on}" if weeks else ""
    return found.rrule(
        f"FREQ={frequency};INTERVAL={count}{by_day};BYHOUR={at.hour};BYMINUTE={at.minute}",
        found.moment(first, at),
    )


def _each(count: int) -> str:
    return "*" if count == 1 else f"*/{count}"


def _soon(found: Found, **step: int) -> datetime:
    return (found.at + timedelta(**step)).replace(second=0, microsecond=0)


def every_day(found: Found) -> Rule:
    """Every day at a time."""
    return _on_days(found, frozenset(range(7)))


def workdays(found: Found) -> Rule:
    """Monday to Friday."""
    return _on_days(found, _WORKDAYS)


def weekend(found: Found) -> Rule:
    """Saturday and Sunday."""
    return _on_days(found, frozenset({5, 6}))


def weekly(found: Found) -> Rule:
    """On the days that are named, every week."""
    return _on_days(found, found.days())


def _on_days(found: Found, days: frozenset[int]) -> Rule:
    at = found.time_of_day()
    if not days:
        raise Unclear
    if len(days) == 7:
        on = "*"
    elif days == _WORKDAYS:
        on = "MON-FRI"
    else:
        on = ",".join(_CRON_DAYS[day] for day in sorted(days))
    return found.cron(f"{at.minute} {at.hour} * * {on}")


def monthly(found: Found) -> Rule:
    """On one day of every month; the last is written L."""
    at, word = found.time_of_day(), found.get("day")
    day = int(word) if word.isdecimal() else found.words.numbers.get(word, 0)
    if day == -1:
        return found.cron(f"{at.minute} {at.hour} L * *")
    if not 1 <= day <= 31:
        raise Unclear
    return found.cron(f"{at.minute} {at.hour} {day} * *")


def yearly(found: Found) -> Rule:
    """On one day of every year."""
    at, day, month = found.time_of_day(), int(found.get("day")), _month(found)
    _date(2000, month, day)
    return found.cron(f"{at.minute} {at.hour} {day} {month} *")


def after_a_while(found: Found) -> Rule:
    """In so many minutes, hours, days or weeks."""
    count, unit = found.number("n"), found.words.numbers[found.get("unit")]
    if found.get("halves"):
        if unit != _HOUR:
            raise Unclear
        return found.once(found.at + timedelta(minutes=30))
    if unit < _DAY:
        if found.has_time:
            raise Unclear
        return found.once(found.at + timedelta(minutes=count * unit))
    here = found.at.astimezone(found.zone)
    at = found.time_of_day(here.time().replace(microsecond=0))
    return found.once(found.moment(here.date() + timedelta(days=count * unit // _DAY), at))


def near_day(found: Found) -> Rule:
    """Today, tonight, tomorrow, the day after."""
    days = found.words.numbers[" ".join(found.get("near").split())]
    if days == 0 and not found.has_time:
        raise Unclear
    return found.once(found.moment(found.today + timedelta(days=days), found.time_of_day()))


def this_weekday(found: Found) -> Rule:
    """The next such day of the week; today, if the time is still to come."""
    days, at = found.days(), found.time_of_day()
    if len(days) != 1:
        raise Unclear
    return found.once(found.moment(_next_day(found, at, days), at))


def _next_day(found: Found, at: time, days: frozenset[int]) -> date:
    ahead = [found.today + timedelta(days=n) for n in range(8)]
    return next(day for day in ahead if day.weekday() in days and found.moment(day, at) > found.at)


def calendar_day(found: Found) -> Rule:
    """A date; without a year, the next one of that name."""
    at, day, month, year = (
        found.time_of_day(), int(found.get("day")), _month(found), found.get("year")
    )  # fmt: skip
    if year:
        full = int(year) + (2000 if len(year) == 2 else 0)
        return found.once(found.moment(_date(full, month, day), at))
    _date(2000, month, day)
    for ahead in range(9):
        try:
            moment = found.moment(_date(found.today.year + ahead, month, day), at)
        except Unclear:
            continue
        if moment > found.at:
            return found.once(moment)
    raise Unclear


def time_alone(found: Found) -> Rule:
    """A time of day without a day: the next time that clocks show it."""
    at, others = found.time_of_day(), re.findall(r"[^\W\d_]+", found.match.string.lower())
    if any(found.words.weekday(word) is not None or word in found.words.months for word in others):
        raise Unclear
    return found.once(found.moment(_next_day(found, at, frozenset(range(7))), at))


def _month(found: Found) -> int:
    word = found.get("month").rstrip(".")
    return int(word) if word.isdecimal() else found.words.months.get(word, 0)


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Unclear from error
