"""When a schedule's next run is, over daylight-saving changes. Pure: no clock, no database.

A rule is read in the wall time of its zone. A time that does not exist on a day when clocks go
forward is moved forward (`cron` as Debian's cron does, to the first minute that exists; `rrule` by
the length of the gap, RFC 5545, 3.3.5); one that exists twice happens once, the first time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from dateutil.rrule import rrule, rrulestr

from app.core.errors import Invalid
from app.schedules.horizon import LONGEST_WAIT, dates_of, has_beat, has_place, years_ahead


class RuleKind(StrEnum):
    """How a rule is written."""

    ONCE = "once"
    CRON = "cron"
    RRULE = "rrule"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What says when a schedule runs.

    `text` is a moment (ISO 8601), five cron fields, or an RRULE without DTSTART; `starts_at` and
    `ends_at` bound it (both included). An RRULE counts its intervals from `starts_at`.
    """

    kind: RuleKind
    text: str
    time_zone: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose wall time the rule is read in; Invalid if nobody knows it."""
        return read_zone(self.time_zone)


_OVERLAP = timedelta(hours=3)
"""More than any clock is ever turned: dates so far apart keep their order in every zone."""

_SUB_DAILY = {"HOURLY", "MINUTELY"}
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS", "BYMONTH", "BYMONTHDAY",
          "BYYEARDAY", "BYWEEKNO", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND"}  # fmt: skip
_SUB_DAILY_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYHOUR", "BYMINUTE"}
_LONGEST = 500
_LONGEST_INTERVAL = 10_000
_LAST_YEAR = 2200


def read_zone(name: str) -> ZoneInfo:
    """The zone of that IANA name."""
    try:
        if not re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", name) or name.startswith("/"):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise Invalid(
            f"There is no time zone “{name[:64]}”; write one like Europe/Berlin or UTC.",
            field="time_zone",
        ) from error


def check_rule(rule: Rule, at: datetime) -> datetime:
    """The first run after `at`; Invalid, with the field, for a rule that is none or never fires."""
    read_zone(rule.time_zone)
    for field, moment in (("starts_at", rule.starts_at), ("ends_at", rule.ends_at)):
        if moment is not None and moment.year > _LAST_YEAR:
            raise Invalid(f"Choose a year up to {_LAST_YEAR}.", field=field)
    if rule.ends_at is not None and rule.ends_at <= at:
        raise Invalid("The end lies in the past; choose a later one.", field="ends_at")
    first = next_run(rule, at)
    if first is not None:
        return first
    if rule.kind is RuleKind.ONCE:
        raise Invalid("That moment has passed; choose one in the future.", field="when")
    if rule.ends_at is not None:
        raise Invalid("It would never run before its end.", field="ends_at")
    raise Invalid("Such a day or time never comes; change the rule.", field="when")


def next_run(rule: Rule, after: datetime) -> datetime | None:
    """The first run later than `after`, in UTC; None if there is none any more."""
    return next(iter(next_runs(rule, after, 1)), None)


def next_runs(rule: Rule, after: datetime, most: int = 5) -> list[datetime]:
    """The next runs later than `after`, in UTC; fewer if there are no more."""
    found: list[datetime] = []
    if rule.starts_at is not None:
        after = max(after, rule.starts_at - timedelta(microseconds=1))
    for moment in _moments(rule, after):
        if len(found) == most or (rule.ends_at is not None and moment > rule.ends_at):
            break
        found.append(moment)
    return found


def _moments(rule: Rule, after: datetime) -> Iterator[datetime]:
    match rule.kind:
        case RuleKind.ONCE:
            moment = read_moment(rule.text, rule.zone)
            return iter([moment] if moment > after else [])
        case RuleKind.CRON:
            return _cron_moments(rule.text, rule.zone, after)
        case RuleKind.RRULE:
            return _rrule_moments(rule, after)


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """A moment as ISO 8601; without an offset it is wall time in `zone`."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("Write the moment as 2026-12-24T18:00.", field="when") from error


def _cron_moments(text: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    if len(text) > _LONGEST or len(text.split()) != 5:
        raise Invalid(
            "A cron rule has five fields: minute, hour, day of month, month, day of week.",
            field="when",
        )
    try:
        simulated = CronSim(text, after.astimezone(zone))
    except (CronSimError, OverflowError) as error:
        raise Invalid(f"This cron rule cannot be: {_reason(error)}.", field="when") from error
    return _later(simulated, after)


def _later(simulated: CronSim, after: datetime) -> Iterator[datetime]:
    """What cron brings, in order: after clocks went back it names moments that have been."""
    last = after
    try:
        for local in simulated:
            moment = local.astimezone(UTC)
            if moment > last:
                last = moment
                yield moment
    except OverflowError:
        return


def _reason(error: Exception) -> str:
    words = str(error) or "it is too large"
    return words[0].lower() + words[1:]


def _rrule_moments(rule: Rule, after: datetime) -> Iterator[datetime]:
    parts = read_rrule(rule.text)
    zone, start = rule.zone, rule.starts_at or after
    if parts["FREQ"] in _SUB_DAILY and not parts.keys() & {"BYDAY", "BYHOUR", "BYMINUTE"}:
        return _elapsed(parts, start, after)
    local = start.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    if parts["FREQ"] in _SUB_DAILY:
        if not has_beat(parts, local, int(_step(parts).total_seconds()) // 60):
            return iter(())
        local = _latest_start(parts, local, after.astimezone(zone).replace(tzinfo=None))
    far = years_ahead(local.year - 1, max(local.year, after.year) + LONGEST_WAIT + 1)
    start = local.replace(year=local.year + far)
    if parts["FREQ"] not in _SUB_DAILY and not _can_come(parts, start):
        return iter(())
    return _in_order(_build(parts, start), far, zone, after)


def _can_come(parts: dict[str, str], start: datetime) -> bool:
    if not has_place(parts):
        return False
    dates = dates_of(parts)
    return len(dates) < 3 or next(iter(_build(dates, start)), None) is not None


def _step(parts: dict[str, str]) -> timedelta:
    unit = timedelta(hours=1) if parts["FREQ"] == "HOURLY" else timedelta(minutes=1)
    return int(parts.get("INTERVAL", "1")) * unit


def _latest_start(parts: dict[str, str], start: datetime, before: datetime) -> datetime:
    """The same beat, begun a day before: dateutil counts every single one from its start."""
    step = _step(parts)
    return start + max(0, (before - timedelta(days=1) - start) // step) * step


def _elapsed(parts: dict[str, str], start: datetime, after: datetime) -> Iterator[datetime]:
    """Every so many hours or minutes of real time, whatever clocks show."""
    step = _step(parts)
    start = start.astimezone(UTC).replace(microsecond=0)
    moment = start + max(0, (after - start) // step) * step
    while True:
        if moment > after:
            yield moment
        moment += step


def _in_order(dates: rrule, far: int, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Wall times, moved by `far` years, as moments, sorted: one moved out of a gap may pass others.

    Ends after the longest wait, where the years are like each other no more.
    """
    wall = after.astimezone(zone).replace(tzinfo=None) - _OVERLAP
    waiting: list[datetime] = []
    last = after
    for date in dates.xafter(wall.replace(year=wall.year + far, day=min(wall.day, 28))):
        if date.year > after.year + far + LONGEST_WAIT:
            break
        date = date.replace(year=date.year - far)
        moment = date.replace(tzinfo=zone).astimezone(UTC)
        settled = moment - _OVERLAP
        for ready in sorted(m for m in waiting if m < settled):
            waiting.remove(ready)
            if ready > last:
                last = ready
                yield ready
        waiting.append(moment)
    for ready in sorted(set(waiting)):
        if ready > last:
            last = ready
            yield ready


def read_rrule(text: str) -> dict[str, str]:
    """The parts of an RRULE; Invalid for what we do not run (more often than once a minute)."""
    parts: dict[str, str] = {}
    text = text.strip().upper().removeprefix("RRULE:")
    for piece in text.rstrip(";").split(";"):
        name, _, value = piece.partition("=")
        if name not in _PARTS or not value or name in parts or len(text) > _LONGEST:
            raise Invalid(
                "This is no RRULE; write one like FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=8;BYMINUTE=0.",
                field="when",
            )
        parts[name] = value
    _check_parts(parts)
    return parts


def _check_parts(parts: dict[str, str]) -> None:
    frequency = parts.get("FREQ", "")
    if frequency == "SECONDLY" or parts.get("BYSECOND", "0") != "0":
        raise Invalid("It may run once a minute at most; leave seconds out.", field="when")
    if frequency not in {"YEARLY", "MONTHLY", "WEEKLY", "DAILY"} | _SUB_DAILY:
        raise Invalid("FREQ is YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY or MINUTELY.", field="when")
    if parts.keys() & {"COUNT", "UNTIL"}:
        raise Invalid(
            "Leave COUNT and UNTIL out of the rule; the schedule's own end says it.", field="when"
        )
    if frequency in _SUB_DAILY and parts.keys() - _SUB_DAILY_PARTS:
        raise Invalid(
            f"{frequency} goes with BYDAY, BYHOUR and BYMINUTE only; use DAILY for the rest.",
            field="when",
        )
    interval = parts.get("INTERVAL", "1")
    if not re.fullmatch(r"[0-9]{1,5}", interval) or not 1 <= int(interval) <= _LONGEST_INTERVAL:
        raise Invalid(f"INTERVAL is 1 to {_LONGEST_INTERVAL:,}.", field="when")
    _build(parts, datetime(9626, 1, 1))  # noqa: DTZ001 - wall time


def _build(parts: dict[str, str], start: datetime) -> rrule:
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        built = rrulestr(f"RRULE:{text};BYSECOND=0", dtstart=start, cache=False)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise Invalid(
            "This RRULE cannot be; look at its numbers and days.", field="when"
        ) from error
    if not isinstance(built, rrule):
        raise Invalid("One RRULE is enough.", field="when")
    return built
